"""
The API server's secrets, over HTTP.

Source: https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/secret-v1/
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from pluggable.errors import (
    ComponentError,
    DeniedError,
    InitError,
    InvalidRequestError,
    LimitExceededError,
    NotFoundError,
    TimedOutError,
    UnavailableError,
)

from . import access
from .access import Access
from .kubeconfig import read_kubeconfig
from .settings import Settings

if TYPE_CHECKING:
    import aiohttp

CONNECT_SECONDS: Final = 5.0
REQUEST_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A secret as the API server has it."""

    name: str
    type: str
    data: Mapping[str, bytes] = field(repr=False)


class Cluster:
    """The secrets of one cluster. Whoever opened it closes it."""

    def __init__(self, found: Access, session: aiohttp.ClientSession) -> None:
        self._access = found
        self._session = session

    @classmethod
    async def opened(cls, settings: Settings) -> Cluster:
        """
        Find the API server; nothing is asked of it yet.

        Raises:
            InitError: there is no way to authenticate.
        """
        found = await asyncio.to_thread(_found, settings)
        if found.token is not None:
            await found.token.open()
        import aiohttp  # heavy: only who has such a component pays for it

        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=found.tls),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
        )
        return cls(found, session)

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def secret(self, namespace: str, name: str) -> Secret:
        """
        Return one secret.

        Raises:
            NotFoundError: there is none of this name.
            ComponentError: it cannot be had.
        """
        return _secret(await self._get(f"{_secrets(namespace)}/{_segment('secret', name)}"))

    async def secrets(self, namespace: str) -> list[Secret]:
        """
        Return all secrets of a namespace.

        Raises:
            ComponentError: they cannot be had.
        """
        told = await self._get(_secrets(namespace))
        return [_secret(each) for each in told.get("items") or ()]

    async def _get(self, path: str) -> dict[str, Any]:
        import aiohttp

        where = f"the API server at {self._access.server}"
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                status, told = await self._answer(path)
        except TimeoutError as error:
            raise TimedOutError(f"{where} did not answer in time") from error
        except aiohttp.ClientError as error:
            raise UnavailableError(f"{where} cannot be reached: {error}") from error
        if status != HTTPStatus.OK:
            said = " ".join(str(told.get("message") or "without a reason").split())
            raise _error(status)(f"{where} answered {status}: {said}")
        return told

    async def _answer(self, path: str) -> tuple[int, dict[str, Any]]:
        from yarl import URL

        headers = {"Accept": "application/json", **await self._authorization()}
        async with self._session.get(
            URL(self._access.server + path, encoded=True),
            headers=headers,
            server_hostname=self._access.server_name,
            allow_redirects=False,
        ) as answer:
            body = await answer.read()
            try:
                told = json.loads(body)
            except ValueError:
                told = None
            if isinstance(told, dict):
                return answer.status, told
            if answer.status == HTTPStatus.OK:
                raise UnavailableError(f"what answers at {self._access.server} is no API server")
            return answer.status, {}

    async def _authorization(self) -> dict[str, str]:
        """Return the header that says who asks, as it is now."""
        if self._access.token is not None:
            return {"Authorization": f"Bearer {await self._access.token.current()}"}
        if self._access.basic is not None:
            coded = base64.b64encode(":".join(self._access.basic).encode()).decode()
            return {"Authorization": f"Basic {coded}"}
        return {}


def _found(settings: Settings) -> Access:
    """Return the access that there is here."""
    try:
        inside = access.in_cluster(os.environ, access.SERVICE_ACCOUNT)
    except (OSError, ValueError) as error:
        raise InitError(f"the service account in {access.SERVICE_ACCOUNT} cannot be used: {error}") from error
    if inside is not None:
        return inside
    path = settings.kubeconfig_path or os.environ.get("KUBECONFIG") or "~/.kube/config"
    return read_kubeconfig(Path(path).expanduser())


def _secrets(namespace: str) -> str:
    return f"/api/v1/namespaces/{_segment('namespace', namespace)}/secrets"


def _segment(what: str, name: str) -> str:
    """
    Return a name as one segment of a path.

    Raises:
        InvalidRequestError: no object has such a name.
    """
    if name in {"", ".", ".."} or "/" in name or "%" in name:
        raise InvalidRequestError(f'"{name}" is no name of a {what}')
    return quote(name, safe="")


def _secret(told: Mapping[str, Any]) -> Secret:
    """
    Return the secret that an answer tells.

    Raises:
        UnavailableError: it tells none.
    """
    try:
        data = {name: base64.b64decode(value) for name, value in (told.get("data") or {}).items()}
        return Secret(name=told["metadata"]["name"], type=str(told.get("type") or ""), data=data)
    except (KeyError, TypeError, AttributeError, binascii.Error):
        raise UnavailableError("what answered is no API server: there is no secret in it") from None


def _error(status: int) -> type[ComponentError]:
    match status:
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return DeniedError
        case HTTPStatus.NOT_FOUND:
            return NotFoundError
        case HTTPStatus.TOO_MANY_REQUESTS:
            return LimitExceededError
    return InvalidRequestError if status // 100 == 4 else UnavailableError
