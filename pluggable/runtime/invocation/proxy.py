"""gRPC calls of services that this sidecar does not know, passed on as they are."""

from __future__ import annotations

import asyncio
from typing import Protocol

from ...transport import Channel, ClientStream, Code, Pairs, ServerStream, StatusError
from ..appchannel import AppChannel
from .headers import APP_ID, CALLEE_ID, CALLER_ID, TOKEN, sendable
from .tracing import BINARY, NO_PARENT, PARENT, binary_of

STATUS_DETAILS = "grpc-status-details-bin"
#: What the transport says itself, or was for this sidecar alone.
_OWN = frozenset({"user-agent", APP_ID, TOKEN})
_BOTH_IDS = frozenset({CALLER_ID, CALLEE_ID})

Metadata = list[tuple[str, str | bytes]]


class Calling(Protocol):
    """What knows the way to applications."""

    app: AppChannel
    app_id: str

    def split(self, target: str) -> tuple[str, str]:
        """Return the id and the namespace of a target."""

    def is_own(self, app_id: str, namespace: str) -> bool:
        """Whether that is this sidecar's application."""

    async def channel(self, app_id: str, namespace: str) -> Channel:
        """Return a channel to the internal port of another application's sidecar."""

    async def forget(self, app_id: str, namespace: str, channel: Channel) -> None:
        """Ask anew where it is, since nobody answered there."""


class Proxy:
    """Passes calls on: to the own application, or to the sidecar of another one."""

    def __init__(self, calling: Calling) -> None:
        self._calling = calling

    async def pass_on(self, stream: ServerStream, target: str) -> None:
        """
        Pass on a call of the own API to the application that it is for.

        Raises:
            StatusError: how the call ended, whoever says so.
            InvokeError: there is no way to the application.
        """
        calling = self._calling
        app_id, namespace = calling.split(target)
        if calling.is_own(app_id, namespace):
            await self.pass_in(stream, caller=app_id)
            return
        metadata = [pair for pair in _metadata(stream) if pair[0] not in _BOTH_IDS]
        metadata += [(CALLER_ID, calling.app_id), (CALLEE_ID, app_id)]
        channel = await calling.channel(app_id, namespace)
        try:
            await relay(stream, channel, metadata)
        except StatusError as error:
            if error.code is Code.UNAVAILABLE:
                await calling.forget(app_id, namespace, channel)
            raise

    async def pass_in(self, stream: ServerStream, caller: str = "") -> None:
        """
        Pass a call on to the own application; what another sidecar says of its caller stays.

        Raises:
            StatusError: how the call ended, whoever says so.
        """
        app, metadata = self._calling.app, _metadata(stream)
        channel = app.channel
        if channel is None:
            what = "speaks HTTP, and --app-protocol=grpc is needed" if app.exists else "is not there"
            raise StatusError(Code.INTERNAL, f"{stream.method} cannot be passed on: the application {what}")
        if not app.health.healthy:
            raise StatusError(Code.INTERNAL, "app is not in a healthy state")
        if caller:
            metadata = [pair for pair in metadata if pair[0] not in _BOTH_IDS]
            metadata += [(CALLER_ID, caller), (CALLEE_ID, caller)]
        async with app.turn:
            await app.connected()
            await relay(stream, channel, [*metadata, *app.token])


async def relay(stream: ServerStream, channel: Channel, metadata: Metadata) -> None:
    """
    Make a call for a caller, message by message, each as soon as the other side has room.

    Raises:
        StatusError: how it ended.
    """
    async with channel.stream(stream.method, metadata=metadata, timeout=stream.seconds_left()) as out:
        sending = asyncio.create_task(_send(stream, out))
        try:
            await stream.send_headers(_passable(await out.headers()))
            while (message := await out.receive()) is not None:
                await stream.send(message)
            stream.set_trailers(_passable(await out.trailers()))
        except StatusError:
            stream.set_trailers(_passable(await out.trailers()))
            raise
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)


async def _send(stream: ServerStream, out: ClientStream) -> None:
    """Send what the caller sends; that it has gone ends the call."""
    try:
        while (message := await stream.receive()) is not None:
            await out.send(message)
        await out.half_close()
    except StatusError as error:
        out.cancel(f"its caller gave up: {error.message}")


def _metadata(stream: ServerStream) -> Metadata:
    """Return what of a call's metadata goes on, with a trace in the binary form too."""
    found = [pair for pair in stream.pairs if pair[0] not in _OWN and sendable(*pair)]
    named = {name for name, _ in found}
    if BINARY not in named:
        parent = next((value for name, value in found if name == PARENT), NO_PARENT)
        if isinstance(parent, str) and (binary := binary_of(parent)):
            found.append((BINARY, binary))
    return found


def _passable(metadata: Pairs) -> Metadata:
    """Return what of an answer's metadata goes on; a status has its own way."""
    own = ("content-length", STATUS_DETAILS)
    return [pair for pair in metadata if pair[0] not in own and sendable(*pair)]
