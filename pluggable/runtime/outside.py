"""Servers outside that are invoked as applications are: by an HTTPEndpoint's name, or by their URL."""

from __future__ import annotations

import ssl
import tempfile
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Self
from urllib.parse import SplitResult, urljoin, urlsplit

from ..transport import Code, StatusError
from .appchannel.client import Client
from .appchannel.errors import AppError
from .appchannel.invoking import path_of, request_of, response_of
from .declared import Endpoint
from .invocation import Headers, PeerError, Request, Response
from .invocation.headers import replaced

#: Redirections that are followed, as Go's client does.
MOST_REDIRECTS: Final = 10
#: Servers whose connections are kept; those not asked for the longest go first.
MOST_SERVERS: Final = 64
_SCHEMES: Final = ("http://", "https://")
_FOLLOWED: Final = frozenset({301, 302, 303, 307, 308})
#: Redirections that keep method and body.
_SAME_AGAIN: Final = frozenset({307, 308})
#: What is not told to another host than the first.
_CONFIDENTIAL: Final = frozenset({"authorization", "cookie", "cookie2", "www-authenticate"})


class OutsideError(Exception):
    """A server outside cannot be called as it is declared."""


@dataclass(slots=True)
class _Server:
    """The connections to one host, made by what one endpoint says of certificates."""

    client: Client
    endpoint: Endpoint | None


class Outside:
    """Calls servers outside; ``async with`` ends the connections to them."""

    def __init__(self, endpoints: Mapping[str, Endpoint], max_body_bytes: int) -> None:
        self._endpoints = endpoints
        self._max_body_bytes = max_body_bytes
        self._servers: OrderedDict[tuple[str, str, str], _Server] = OrderedDict()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for server in self._servers.values():
            server.client.close()

    def serves(self, target: str) -> bool:
        """Whether a target is the name of an endpoint, or a URL."""
        return target in self._endpoints or target.startswith(_SCHEMES)

    async def invoke(self, target: str, asked: Request) -> Response:
        """
        Call a method, which is a path below the server's URL, and return what is answered there.

        Raises:
            PeerError: the server could not be called.
            Exception: what reading a body in pieces raised.
        """
        endpoint = self._endpoints.get(target)
        base = target if endpoint is None else endpoint.base_url
        if endpoint is not None:
            asked = _with_headers(asked, endpoint)
        try:
            url = _url(base, asked)
            return await self._follow(url, asked, endpoint)
        except (AppError, OutsideError) as error:
            raise PeerError(target, StatusError(Code.INTERNAL, str(error))) from error

    async def _follow(self, url: SplitResult, asked: Request, endpoint: Endpoint | None) -> Response:
        """Ask, and again where the answer says to, with no more redirections than a loop would have."""
        first = url.netloc
        for _ in range(MOST_REDIRECTS + 1):
            headers = asked.headers if url.netloc == first else _discreet(asked.headers)
            response = await self._ask(url, replace(asked, headers=headers), endpoint)
            location = next((value for name, value in response.headers if name == "location"), "")
            again = _again(asked, response.status) if location else None
            if again is None:
                return response
            if not isinstance(response.body, bytes):
                await response.body.aclose()
            asked, url = again, urlsplit(urljoin(url.geturl(), location))
            if url.scheme not in ("http", "https") or not url.hostname:
                raise OutsideError(f"{first} redirects to {location}, which is no URL of a server")
        raise OutsideError(f"{first} redirects more than {MOST_REDIRECTS} times")

    async def _ask(self, url: SplitResult, asked: Request, endpoint: Endpoint | None) -> Response:
        request = request_of(replace(asked, method="", query=""), b"")  # where to, the URL says
        path = url.path + (f"?{url.query}" if url.query else "")
        client = self._client(url, endpoint)
        return response_of(await client.converse(replace(request, path=path or "/")))

    def _client(self, url: SplitResult, endpoint: Endpoint | None) -> Client:
        """Return the connections to a host; an endpoint that has changed gets new ones."""
        key = ("" if endpoint is None else endpoint.name, url.scheme, url.netloc)
        server = self._servers.get(key)
        if server is None or server.endpoint is not endpoint:
            if server is not None:
                server.client.relinquish()
            server = self._servers[key] = _Server(self._connecting(url, endpoint), endpoint)
        self._servers.move_to_end(key)
        if len(self._servers) > MOST_SERVERS:
            self._servers.popitem(last=False)[1].client.relinquish()
        return server.client

    def _connecting(self, url: SplitResult, endpoint: Endpoint | None) -> Client:
        secure = url.scheme == "https"
        try:
            port = url.port or (443 if secure else 80)
        except ValueError as error:
            raise OutsideError(f"{url.netloc}: {error}") from error
        tls = _context(endpoint) if secure else None
        return Client(
            url.hostname or "",
            port,
            max_body_bytes=self._max_body_bytes,
            tls=tls,
            server=url.netloc.rpartition("@")[2],
        )


def _url(base: str, asked: Request) -> SplitResult:
    """Return where a method is, below the base."""
    url = urlsplit(base)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise OutsideError(f'the URL is "{base}", wanted one such as https://api.example.com')
    path, _, query = path_of(asked.method, asked.query).partition("?")
    return url._replace(path=url.path.rstrip("/") + path, query=query, fragment="")


def _with_headers(asked: Request, endpoint: Endpoint) -> Request:
    """Return a request with the endpoint's headers in place of its own of the same names."""
    if not endpoint.headers:
        return asked
    own = {name.lower(): value for name, value in endpoint.headers.items()}
    content_type = own.pop("content-type", asked.content_type)
    return replace(asked, headers=replaced(asked.headers, own.items()), content_type=content_type)


def _discreet(headers: Headers) -> Headers:
    return tuple(pair for pair in headers if pair[0] not in _CONFIDENTIAL)


def _again(asked: Request, status: int) -> Request | None:
    """Return what to ask after a redirection; ``None`` if it is none, or the body cannot be sent again."""
    if status not in _FOLLOWED:
        return None
    if status in _SAME_AGAIN:
        return asked if isinstance(asked.body, bytes) else None
    if asked.verb.upper() in ("GET", "HEAD"):
        return asked
    return replace(asked, verb="GET", body=b"", content_type="")


def _context(endpoint: Endpoint | None) -> ssl.SSLContext:
    """
    Return how to speak to a server securely, by what an endpoint says of certificates.

    Raises:
        OutsideError: these are none.
    """
    context = ssl.create_default_context()
    if endpoint is None:
        return context
    try:
        if endpoint.root_ca:
            context = ssl.create_default_context(cadata=_pem(endpoint.root_ca))
        if endpoint.private_key:
            # what is loaded has to be a file; nobody else may read it, and it is gone at once
            with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
                file.write(f"{_pem(endpoint.certificate)}\n{_pem(endpoint.private_key)}\n")
                file.flush()
                context.load_cert_chain(file.name)
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise OutsideError(
            f"HTTPEndpoint {endpoint.name}: clientTLS has no PEM that can be read: {reason}"
        ) from error
    return context


def _pem(text: str) -> str:
    """Return PEM with real line ends."""
    return text.replace("\\n", "\n")
