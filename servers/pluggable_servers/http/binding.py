"""
``bindings.http``: calls an HTTP service.

Source: components-contrib ``bindings/http/http.go``.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

from pluggable.about import About
from pluggable.bindings import InvokeRequest, InvokeResponse, OutputBinding
from pluggable.errors import InvalidRequestError, InvokeError, MetadataError, TimedOutError, UnavailableError
from pluggable.metadata import Metadata, Size, parse_bool, setting

from .tls import client_context

if TYPE_CHECKING:
    import aiohttp

CONNECT_SECONDS: Final = 15.0

_DEFAULT_TYPE: Final = "application/json; charset=utf-8"
_TRACE_HEADERS: Final = ("traceparent", "tracestate", "baggage")
#: What the connection is for, not the caller; Go keeps these from the caller too.
_OURS: Final = frozenset({"host", "content-length", "transfer-encoding", "trailer"})
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_PROXY_VARIABLES: Final = frozenset({"http_proxy", "https_proxy"})

#: What may be asked for, and what it does.
_OPERATIONS: Final = {
    "create": "Sends a POST request.",
    "get": "Sends a GET request.",
    "head": "Sends a HEAD request.",
    "post": "Sends a POST request.",
    "put": "Sends a PUT request.",
    "patch": "Sends a PATCH request.",
    "delete": "Sends a DELETE request.",
    "options": "Sends an OPTIONS request.",
    "trace": "Sends a TRACE request.",
}

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What the YAML says."""

    url: str = setting(
        description="The address to call; a request's path is appended to it.",
        example="http://localhost:8080",
    )
    mtls_root_ca: str = setting(
        default="",
        name="MTLSRootCA",
        description="Whom to trust instead of the system's authorities: PEM, or the path of a file with it.",
        example="/etc/tls/ca.pem",
    )
    mtls_client_cert: str = setting(
        default="",
        name="MTLSClientCert",
        description="The certificate to show: PEM, or the path of a file with it.",
        example="/etc/tls/client.pem",
    )
    mtls_client_key: str = setting(
        default="",
        name="MTLSClientKey",
        secret=True,
        description="The certificate's key: PEM, or the path of a file with it.",
    )
    mtls_renegotiation: Literal[
        "", "RenegotiateNever", "RenegotiateOnceAsClient", "RenegotiateFreelyAsClient"
    ] = setting(default="", name="MTLSRenegotiation", description="Left to OpenSSL, and without effect.")
    security_token: str = setting(default="", secret=True, description="A token to send in a header.")
    security_token_header: str = setting(
        default="", description="The header that carries securityToken.", example="X-Security-Token"
    )
    response_timeout: timedelta | None = setting(  # noqa: RUF009  frozen
        default=None, description="How long an answer may take; else for ever.", example="10s"
    )
    max_response_body_size: Size = setting(  # noqa: RUF009  frozen
        default=Size(100 * 1024**2),
        description="Where an answer is cut; 0 or less for nowhere.",
    )
    error_if_not_2xx: bool = setting(
        default=True,
        name="errorIfNot2XX",
        description="Makes an answer other than 2xx an error; a request may say otherwise.",
    )

    def __repr__(self) -> str:
        return f"Settings(url={_shown(self.url)!r}, ...)"


class HTTPBinding(OutputBinding):
    """
    Sends one request an operation and hands back the answer, its status and headers as metadata.

    Cookies are not kept. An answer other than 2xx is an ``InvokeError`` that has the answer with it.
    """

    about = About(
        settings=Settings,
        title="HTTP",
        url="https://docs.dapr.io/reference/components-reference/supported-bindings/http/",
        operations=_OPERATIONS,
    )
    operations = tuple(_OPERATIONS)

    _settings: Settings
    _max_bytes: int
    _fails_unless_2xx: bool
    _session: aiohttp.ClientSession

    async def init(self, metadata: Metadata) -> None:
        self._settings = settings = metadata.parse(Settings)
        self._max_bytes = settings.max_response_body_size
        # Empty is as good as absent, which is not so with other switches.
        self._fails_unless_2xx = settings.error_if_not_2xx or metadata.get("errorIfNot2XX") == ""
        if settings.mtls_renegotiation not in {"", "RenegotiateNever"}:
            logger.warning(
                "MTLSRenegotiation is %s: OpenSSL decides that itself", settings.mtls_renegotiation
            )
        try:
            context = await asyncio.to_thread(
                client_context,
                root_ca=settings.mtls_root_ca,
                certificate=settings.mtls_client_cert,
                key=settings.mtls_client_key,
            )
        except ValueError as error:
            raise MetadataError([str(error)]) from error
        import aiohttp  # heavy: only who has such a component pays for it

        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=context, limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            trust_env=any(name.lower() in _PROXY_VARIABLES for name in os.environ),
        )

    async def close(self) -> None:
        await self._session.close()

    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        import aiohttp

        method = "POST" if request.operation == "create" else request.operation.upper()
        if request.operation not in self.operations:
            raise InvalidRequestError(
                f"invalid operation: {request.operation}, wanted one of {', '.join(self.operations)}"
            )
        url = _joined(self._settings.url, request.metadata.get("path", ""))
        timeout = self._settings.response_timeout
        try:
            async with asyncio.timeout(timeout.total_seconds() if timeout is not None else None):
                return await self._answer(method, url, request)
        except TimeoutError as error:
            raise TimedOutError(f"{method} {_shown(url)}: no answer in time: {error or timeout}") from error
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
            raise InvalidRequestError(f"{method} {_shown(url)}: no HTTP address") from error
        except aiohttp.ClientError as error:
            raise UnavailableError(f"{method} {_shown(url)}: {error}") from error
        except ValueError as error:
            raise InvalidRequestError(
                f"{method} {_shown(url)}: the request cannot be sent: {error}"
            ) from error

    async def _answer(self, method: str, url: str, request: InvokeRequest) -> InvokeResponse:
        body = request.data if method in _WITH_BODY else None
        headers = self._headers(request.metadata, has_body=body is not None)
        async with self._session.request(method, url, data=body, headers=headers) as answer:
            data = await _read(answer.content, self._max_bytes)
            metadata = _metadata(answer)
        expected = request.metadata.get("errorIfNot2XX")
        if (parse_bool(expected) if expected else self._fails_unless_2xx) and answer.status // 100 != 2:
            raise InvokeError(f"received status code {answer.status}", data=data, metadata=metadata)
        return InvokeResponse(data=data, metadata=metadata)

    def _headers(self, metadata: Mapping[str, str], *, has_body: bool) -> dict[str, str]:
        """Return the headers: defaults, the token, the caller's, the trace, each instead of one before it."""
        settings = self._settings
        headers: dict[str, tuple[str, str]] = {}

        def put(name: str, value: str) -> None:
            headers[name.lower()] = (name, value)

        if has_body and "Content-Type" not in metadata:
            put("Content-Type", _DEFAULT_TYPE)
        if "Accept" not in metadata:
            put("Accept", _DEFAULT_TYPE)
        if settings.security_token and settings.security_token_header:
            put(settings.security_token_header, settings.security_token)
        for name, value in metadata.items():
            if "A" <= name[:1] <= "Z" and name.lower() not in _OURS:
                put(name, value)
        for name in _TRACE_HEADERS:
            if trace := metadata.get(name):
                put(name, trace)
        return dict(headers.values())


def _joined(url: str, path: str) -> str:
    return f"{url.rstrip('/')}/{path.lstrip('/')}" if path else url


def _shown(url: str) -> str:
    """Return the address without what may be secret in it: user, password and query."""
    scheme, separator, rest = url.partition("?")[0].rpartition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}"


async def _read(content: aiohttp.StreamReader, most: int) -> bytes:
    """Return the body, cut at ``most`` bytes if that is a bound."""
    if most <= 0:
        return await content.read()
    found = bytearray()
    while len(found) < most and (chunk := await content.read(most - len(found))):
        found += chunk
    return bytes(found)


def _metadata(answer: aiohttp.ClientResponse) -> dict[str, str]:
    """Return status and headers; names as Go spells them, several values of one joined."""
    metadata = {
        "statusCode": str(answer.status),
        "status": f"{answer.status} {answer.reason or ''}".rstrip(),
    }
    # aiohttp has decoded a compressed body: its length and encoding tell of another one.
    gone = {"Content-Encoding", "Content-Length"} if "Content-Encoding" in answer.headers else set()
    for name in answer.headers:
        spelled = "-".join(part.capitalize() for part in name.split("-"))
        if spelled not in gone:
            metadata[spelled] = ", ".join(answer.headers.getall(name))
    return metadata
