"""
Vault's key/value engine, version 2, over HTTP.

Source: HashiCorp's API documentation, https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2; what is
sent, components-contrib ``secretstores/hashicorp/vault``.
"""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urljoin, urlsplit

from pluggable.errors import (
    ComponentError,
    DeniedError,
    InvalidRequestError,
    LimitExceededError,
    NotFoundError,
    TimedOutError,
    UnavailableError,
)

from ..token import Token
from .settings import Settings

if TYPE_CHECKING:
    import aiohttp

CONNECT_SECONDS: Final = 5.0
REQUEST_SECONDS: Final = 30.0
#: A standby says where the active one is; that one knows better.
MOST_REDIRECTS: Final = 2


class Engine:
    """The secrets below one prefix of one engine. Whoever made it closes it."""

    def __init__(self, settings: Settings, token: Token, session: aiohttp.ClientSession) -> None:
        self._base = f"{settings.address}/v1/{quote(settings.engine)}"
        self._prefix = quote(settings.prefix)
        self._address = settings.address
        self._server_name = settings.tls_server_name or None
        self._token = token
        self._session = session

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def read(self, name: str, version: str) -> str | None:
        """
        Return Vault's answer on a version of a secret, as JSON; 0 is the latest, and ``None`` not there.

        Raises:
            ComponentError: it cannot be had.
        """
        path = f"{self._prefix}{_path(name)}?version={quote(version, safe='')}"
        return await self._ask("GET", f"{self._base}/data/{path}")

    async def names(self, folder: str = "") -> list[str]:
        """
        Return the names of all secrets in a folder and the folders in it, by their paths from the prefix.

        Raises:
            ComponentError: they cannot be had.
        """
        text = await self._ask("LIST", f"{self._base}/metadata/{self._prefix}{quote(folder)}")
        found: list[str] = []
        for key in _keys(text) if text is not None else ():
            found += await self.names(folder + key) if key.endswith("/") else [folder + key]
        return found

    async def healthy(self) -> None:
        """
        Return if Vault is there and can be read from.

        Raises:
            ComponentError: it is not.
        """
        await self._ask("GET", f"{self._address}/v1/sys/health?standbyok=true&perfstandbyok=true")

    async def _ask(self, method: str, url: str) -> str | None:
        import aiohttp

        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                return await self._answer(method, url)
        except TimeoutError as error:
            raise TimedOutError(f"Vault at {self._address} did not answer in time") from error
        except aiohttp.ClientError as error:
            raise UnavailableError(f"Vault at {self._address} cannot be reached: {error}") from error

    async def _answer(self, method: str, url: str) -> str | None:
        from yarl import URL

        headers = {"X-Vault-Token": await self._token.current(), "X-Vault-Request": "true"}
        for _ in range(MOST_REDIRECTS + 1):
            async with self._session.request(
                method,
                URL(url, encoded=True),  # as it is: a name may have what would be read as part of the path
                headers=headers,
                server_hostname=self._server_name,
                allow_redirects=False,
            ) as answer:
                body = await answer.text()
                status = answer.status
                onward = answer.headers.get("Location")
            if status // 100 != 3 or not onward:
                return self._told(status, body)
            url = self._onward(url, onward)
        raise UnavailableError(f"Vault at {self._address} sends from one address to the next")

    def _onward(self, url: str, location: str) -> str:
        """Return where a redirect leads; the token is not sent on without TLS where it came by TLS."""
        onward = urljoin(url, location)
        if urlsplit(url).scheme == "https" != urlsplit(onward).scheme:
            raise DeniedError(f"Vault at {self._address} sends on to an address without TLS")
        return onward

    def _told(self, status: int, body: str) -> str | None:
        """Return the body of an answer, ``None`` where there is nothing, and raise what is wrong."""
        if status // 100 == 2:
            return body
        reasons = _reasons(body)
        if status == HTTPStatus.NOT_FOUND and not reasons:
            return None
        said = "; ".join(reasons) or "without a reason"
        raise _error(status)(f"Vault at {self._address} answered {status}: {said}")


def _error(status: int) -> type[ComponentError]:
    match status:
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return DeniedError
        case HTTPStatus.NOT_FOUND:
            return NotFoundError
        case HTTPStatus.TOO_MANY_REQUESTS:
            return LimitExceededError
    return InvalidRequestError if status // 100 == 4 and status < 470 else UnavailableError


def _path(name: str) -> str:
    """
    Return a secret's name as it goes into an address.

    Raises:
        InvalidRequestError: it would lead out of the prefix.
    """
    if any(part in {".", ".."} for part in name.split("/")):
        raise InvalidRequestError(f'secret "{name}": a name has no parts that are "." or ".."')
    return quote(name)


def _reasons(body: str) -> list[str]:
    """Return the errors that an answer tells, each in one line; other answers are not quoted."""
    try:
        told = json.loads(body)
    except ValueError:
        return []
    errors = told.get("errors") if isinstance(told, dict) else None
    return [" ".join(str(each).split()) for each in errors] if isinstance(errors, list) else []


def _keys(text: str) -> list[str]:
    """
    Return what a list holds.

    Raises:
        UnavailableError: it is none.
    """
    try:
        keys: Any = json.loads(text)["data"]["keys"]
    except (ValueError, TypeError, KeyError):
        keys = None
    if not isinstance(keys, list):
        raise UnavailableError("what answered to a list of secrets is no Vault: there are no keys in it")
    return [str(key) for key in keys]
