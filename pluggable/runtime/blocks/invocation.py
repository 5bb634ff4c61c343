"""Service invocation: an application's method, called here or through its sidecar."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ...transport import Channel, Code, StatusError
from ..appchannel import AppChannel, AppError, NoApp
from ..bodies import LongBodyError
from ..config import RuntimeConfig
from ..invocation import (
    InvokeDeniedError,
    InvokeError,
    Names,
    NoTargetError,
    PeerError,
    Request,
    Response,
    UnknownAppError,
)
from ..invocation.forwarded import Forwarded
from ..invocation.methods import MethodError, normalized
from ..invocation.outside import Outside
from ..invocation.peers import Peers
from ..resources.declared import Endpoint

#: How often a call is repeated of which the other sidecar cannot know, and how long between.
#: Source: dapr/dapr ``pkg/retry``.
RETRIES: Final = 3
RETRY_SECONDS: Final = 1.0
#: That of sidecars that are told of none.
DEFAULT_NAMESPACE: Final = "default"
_REPEATED: Final = frozenset({Code.UNAVAILABLE, Code.UNAUTHENTICATED})

logger: logging.Logger = logging.getLogger(__name__)


class Nobody:
    """Knows no other sidecar."""

    async def resolve(self, app_id: str, namespace: str) -> Sequence[str]:  # noqa: ARG002  it knows none
        """Refuse."""
        raise UnknownAppError(f"couldn't find service: {app_id}")


class Invocation:
    """Calls applications by their ids."""

    def __init__(
        self,
        config: RuntimeConfig,
        app: AppChannel | None = None,
        names: Names | None = None,
        peers: Peers | None = None,
        *,
        outside: Outside | None = None,
        host: str = "",
    ) -> None:
        self._outside = outside or Outside({}, config.max_body_bytes)
        self._config = config
        self.app_id: str = config.app_id
        self.app: AppChannel = app or NoApp(config)
        self._names = names or Names(Nobody())
        self._peers = peers or Peers(config.max_body_bytes)
        self._namespace = config.namespace or DEFAULT_NAMESPACE
        self._forwarded = Forwarded(config.app_id, self._namespace, host)

    async def invoke(self, target: str, request: Request) -> Response:
        """
        Call a method and return what the application answers, an error too.

        A call that the other sidecar never got is repeated, unless its body comes in pieces.

        Raises:
            InvokeError: the application could not be called.
            Exception: what reading a body in pieces raised.
        """
        endpoint = self._outside.endpoint(target)
        app_id, namespace = self.split(target) if endpoint is None else (target, "")
        try:
            request = replace(request, method=normalized(request.method))
        except MethodError as error:
            raise PeerError(target, StatusError(Code.INVALID_ARGUMENT, str(error))) from error
        if endpoint is not None:
            return await self._elsewhere(endpoint, request)
        if self.is_own(app_id, namespace):
            return await self._here(request)
        return await self._there(app_id, namespace, request)

    def split(self, target: str) -> tuple[str, str]:
        """
        Return the id and the namespace of a target: ``id``, or ``id.namespace``.

        Raises:
            NoTargetError: it is empty.
            InvokeError: it has more parts.
        """
        if not target:
            raise NoTargetError
        app_id, *rest = target.split(".")
        if len(rest) > 1:
            raise InvokeError(target, f"invalid app id {target}")
        return app_id, rest[0] if rest else self._namespace

    def is_own(self, app_id: str, namespace: str) -> bool:
        """Whether that is this sidecar's application."""
        return app_id == self._config.app_id and namespace == self._namespace

    async def channel(self, app_id: str, namespace: str) -> Channel:
        """
        Return a channel to the internal port of another application's sidecar.

        Raises:
            InvokeError: nobody says where that is.
        """
        try:
            return await self._peers.to(await self._names.address(app_id, namespace))
        except UnknownAppError as error:
            raise InvokeError(app_id, str(error)) from error

    async def forget(self, app_id: str, namespace: str, channel: Channel) -> None:
        """Ask anew where an application is, since its sidecar did not answer there."""
        self._names.forget(app_id, namespace)
        await self._peers.leave(channel.address)

    async def _here(self, request: Request) -> Response:
        app_id = self._config.app_id
        if not self.app.exists:
            raise InvokeError(app_id, "cannot invoke local endpoint: app channel not initialized")
        headers = self._forwarded.local(request.headers, app_id)
        try:
            return await self.app.invoke(replace(request, headers=headers))
        except AppError as error:
            raise PeerError(app_id, StatusError(Code.INTERNAL, str(error))) from error

    async def _elsewhere(self, endpoint: Endpoint, request: Request) -> Response:
        try:
            return await self._outside.invoke(endpoint, request)
        except AppError as error:
            raise InvokeError(endpoint.name, str(error)) from error

    async def _there(self, app_id: str, namespace: str, request: Request) -> Response:
        from ..invocation.remote import call  # its messages load with the first call

        headers = self._forwarded.remote(request.headers, app_id)
        tries = RETRIES if isinstance(request.body, bytes) else 0
        for left in reversed(range(tries + 1)):
            channel = await self.channel(app_id, namespace)
            try:
                return await call(channel, request, headers, self._config.max_body_bytes)
            except LongBodyError as error:
                raise InvokeError(app_id, f"its answer cannot be read: {error}") from error
            except StatusError as error:
                if error.code is Code.PERMISSION_DENIED:
                    raise InvokeDeniedError(app_id, error) from error
                if error.code in _REPEATED:
                    await self.forget(app_id, namespace, channel)
                    if left:
                        logger.debug("%s did not answer, asking again: %s", app_id, error)
                        await asyncio.sleep(RETRY_SECONDS)
                        continue
                raise PeerError(app_id, error) from error
        raise AssertionError("the last try returns or raises")
