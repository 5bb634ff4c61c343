"""A key vault over HTTPS: its client, and what its errors mean."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final, Self

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
    ServiceRequestTimeoutError,
    ServiceResponseTimeoutError,
)
from azure.keyvault.secrets.aio import SecretClient

from pluggable.errors import (
    ComponentError,
    DeniedError,
    InvalidRequestError,
    LimitExceededError,
    NotFoundError,
    TimedOutError,
    UnavailableError,
)

from .credentials import Credential, credential
from .entra import EntraSettings
from .web import Web

#: The API's version that a daprd asks for, and that all clouds have.
API_VERSION: Final = "7.5"
#: What a request's metadata may have.
VERSION: Final = "version_id"
REQUEST_SECONDS: Final = 30.0
#: What Entra ID answers to who may not have a token; other answers are about itself.
_DENIALS: Final = (None, 400, 401, 403)
_SECRET: Final = re.compile(r"[0-9A-Za-z-]+")
#: What the client adds to what it was answered: the same again.
_ADDED: Final = ("Code:", "Message:", "Content:")


class Vault:
    """The secrets of one vault. Whoever opened it closes it."""

    def __init__(self, url: str, client: SecretClient, token: Credential, web: Web) -> None:
        self._url = url
        self._client = client
        self._token = token
        self._web = web

    @classmethod
    async def open(cls, url: str, settings: EntraSettings) -> Self:
        """
        Prepare the client; connecting is left to the first request.

        Raises:
            InitError: there is no way to authenticate.
        """
        web = await Web.open()
        try:
            token = await asyncio.to_thread(lambda: credential(settings, **web.token_options()))
        except BaseException:
            await web.close()
            raise
        return cls(url, SecretClient(url, token, api_version=API_VERSION, **web.options()), token, web)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
        await self._token.close()
        await self._web.close()

    async def read(self, name: str, version: str = "") -> str:
        """
        Return a secret's value, in its latest version where none is named.

        Raises:
            NotFoundError: there is no such secret, or no such version.
            ComponentError: it cannot be had.
        """
        if not _SECRET.fullmatch(name):
            raise InvalidRequestError(f'secret "{name}": names in a vault are of letters, digits and dashes')
        if version and not _SECRET.fullmatch(version):
            raise InvalidRequestError(f'{VERSION} is "{version}", wanted letters and digits')
        which = f' in version "{version}"' if version else ""
        async with self._asking(f'secret "{name}"{which}'):
            return (await self._client.get_secret(name, version or None)).value or ""

    async def pages(self) -> AsyncIterator[list[str]]:
        """
        Yield the names of the secrets that are enabled, as many at a time as the vault tells together.

        Raises:
            ComponentError: they cannot be had.
        """
        pages = self._client.list_properties_of_secrets().by_page()
        while True:
            async with self._asking("the list of secrets"):
                try:
                    page = [each async for each in await anext(pages)]
                except StopAsyncIteration:
                    return
            yield [each.name for each in page if each.enabled and each.name]

    async def answers(self) -> None:
        """
        Return if the vault is there, whoever may read it.

        Raises:
            ComponentError: it is not.
        """
        import aiohttp

        try:
            async with (
                asyncio.timeout(REQUEST_SECONDS),
                self._web.session.get(
                    f"{self._url}/secrets?api-version={API_VERSION}&maxresults=1"
                ) as answer,
            ):
                await answer.read()
        except TimeoutError as error:
            raise TimedOutError(f"{self._url} did not answer in time") from error
        except aiohttp.ClientError as error:
            raise UnavailableError(f"{self._url} cannot be reached: {error}") from error

    @asynccontextmanager
    async def _asking(self, what: str) -> AsyncIterator[None]:
        """Translate what goes wrong within."""
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                yield
        except (AzureError, TimeoutError, ValueError) as error:
            raise error_of(error, what, self._url) from error


def error_of(error: Exception, what: str, url: str) -> ComponentError:
    """Return the component's error for one of the client's."""
    said = _said(error)
    where = f"{what} of {url}"
    match error:
        case ResourceNotFoundError():
            return NotFoundError(f"{what} does not exist in {url}")
        case ClientAuthenticationError() if error.status_code in _DENIALS:
            return DeniedError(
                f"{where}: {said.rstrip('.')}; check azureTenantId, azureClientId and what proves them"
            )
        case HttpResponseError(status_code=int(status)):
            return _refused(status)(f"{where}: answered {status}: {said}")
        case TimeoutError() | ServiceRequestTimeoutError() | ServiceResponseTimeoutError():
            return TimedOutError(f"{where}: no answer in time")
        case ValueError():
            return InvalidRequestError(f"{where}: {said}")
    return UnavailableError(f"{where}: it cannot be reached: {said}")


def _said(error: Exception) -> str:
    """Return what an error says, in one line."""
    lines = (line.strip() for line in str(error).splitlines())
    return " ".join(line for line in lines if line and not line.startswith(_ADDED)) or type(error).__name__


def _refused(status: int) -> type[ComponentError]:
    match status:
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return DeniedError
        case HTTPStatus.TOO_MANY_REQUESTS:
            return LimitExceededError
    return InvalidRequestError if status // 100 == 4 else UnavailableError
