"""Servers outside, invoked as applications are: by the name of an HTTPEndpoint, or by their URL."""

from __future__ import annotations

import asyncio
import ssl
import tempfile
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final, Self
from urllib.parse import SplitResult, urljoin, urlsplit

from ..appchannel import AppAnswerError
from ..appchannel.client import Client, Request as Sent
from ..appchannel.headers import is_header
from ..appchannel.invoking import path_of, request_of, response_of
from ..bodies import close
from ..resources.declared import Endpoint
from .values import Request, Response

#: As many servers' connections are kept; those of the one that was not called for longest go.
MOST_SERVERS: Final = 64
MOST_CONNECTIONS: Final = 1024
#: As many redirects are followed, as Go's client does.
MOST_REDIRECTS: Final = 10
_SCHEMES: Final = {"http": 80, "https": 443}
#: Redirects behind which the request stays what it was.
_SAME: Final = (307, 308)
_OTHER: Final = (301, 302, 303)
#: What is for the first host alone, as Go's client has it.
_CONFIDENTIAL: Final = (b"authorization:", b"cookie:", b"cookie2:", b"www-authenticate:")


class Outside:
    """
    Calls servers that no sidecar stands before; ``async with`` closes the connections.

    The ``endpoints`` are looked up whenever they are needed.
    """

    def __init__(self, endpoints: Mapping[str, Endpoint], most_bytes: int) -> None:
        self._endpoints = endpoints
        self._most_bytes = most_bytes
        self._clients: OrderedDict[tuple[str, ...], Client] = OrderedDict()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        clients, self._clients = self._clients, OrderedDict()
        for client in clients.values():
            client.close()

    def endpoint(self, target: str) -> Endpoint | None:
        """Return the server that a target is, by name or URL; ``None`` if it is an application."""
        if target.startswith(("http://", "https://")):
            return Endpoint(name=target, base_url=target)
        return self._endpoints.get(target)

    async def invoke(self, endpoint: Endpoint, request: Request) -> Response:
        """
        Call a method there and return the answer, at the end of all redirects.

        Raises:
            AppError: the server cannot be reached, or its answer cannot be read.
        """
        own = [f"{name}: {value}\r\n" for name, value in endpoint.headers.items() if is_header(name, value)]
        named = {name.lower() for name in endpoint.headers}
        headers = tuple(pair for pair in request.headers if pair[0] not in named)
        sent = request_of(replace(request, headers=headers), "".join(own).encode())
        url = endpoint.base_url.rstrip("/") + path_of(request.method, request.query)
        for _ in range(MOST_REDIRECTS):
            place = _place(url)
            target = place.path + (f"?{place.query}" if place.query else "") or "/"
            client = await self._client(place, endpoint)
            response = response_of(await client.converse(replace(sent, path=target)))
            location = next((value for name, value in response.headers if name == "location"), "")
            if not location or response.status not in (*_SAME, *_OTHER):
                return response
            if response.status in _SAME and not isinstance(sent.body, bytes):
                return response  # the body has been read, and cannot be sent again
            await close(response.body)
            url = urljoin(url, location)
            sent = _again(sent, response.status, elsewhere=_place(url).netloc != place.netloc)
        raise AppAnswerError(f"{endpoint.name}: stopped after {MOST_REDIRECTS} redirects")

    async def _client(self, place: SplitResult, endpoint: Endpoint) -> Client:
        """Return what has connections to a server, which are secured as the endpoint says."""
        key = (place.scheme, place.netloc, endpoint.root_ca, endpoint.certificate, endpoint.private_key)
        found = self._clients.get(key)
        if found is None:
            tls = await asyncio.to_thread(_tls, endpoint) if place.scheme == "https" else None
            found = self._clients[key] = Client(
                place.hostname or "",
                place.port or _SCHEMES[place.scheme],
                max_body_bytes=self._most_bytes,
                max_connections=MOST_CONNECTIONS,
                tls=tls,
            )
            if len(self._clients) > MOST_SERVERS:
                self._clients.popitem(last=False)[1].close()
        self._clients.move_to_end(key)
        return found


def _place(url: str) -> SplitResult:
    try:
        place = urlsplit(url)
        if place.scheme in _SCHEMES and place.hostname and place.port != 0:
            return place
    except ValueError:
        pass
    raise AppAnswerError(f'"{url}" is no URL of a server, http://host:port is wanted')


def _again(sent: Sent, status: int, *, elsewhere: bool) -> Sent:
    """Return the request to send to where another was redirected; another host is told no secrets."""
    if elsewhere:
        sent = replace(sent, headers=_without(sent.headers, *_CONFIDENTIAL))
    if status in _SAME or sent.method in ("GET", "HEAD"):
        return sent
    return replace(
        sent, method="GET", headers=_without(sent.headers, b"content-type:"), body=b"", may_repeat=True
    )


def _without(headers: bytes, *names: bytes) -> bytes:
    return b"\r\n".join(line for line in headers.split(b"\r\n") if not line.lower().startswith(names))


def _tls(endpoint: Endpoint) -> ssl.SSLContext:
    """
    Return how a server is trusted, and who we are to it.

    Raises:
        AppAnswerError: what the endpoint has is no certificate, or no key of it.
    """
    context = ssl.create_default_context()
    try:
        if endpoint.root_ca:
            context = ssl.create_default_context(cadata=_pem(endpoint.root_ca))
            # Authorities made by hand often lack what Python 3.13 insists on, and Go does not.
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if endpoint.certificate:
            with tempfile.TemporaryDirectory() as folder:
                chain, key = Path(folder, "chain.pem"), Path(folder, "key.pem")  # OpenSSL reads files alone
                chain.write_text(_pem(endpoint.certificate))
                key.touch(mode=0o600)
                key.write_text(_pem(endpoint.private_key))
                context.load_cert_chain(chain, key)
    except (ssl.SSLError, ValueError) as error:
        raise AppAnswerError(
            f"HTTPEndpoint {endpoint.name}: its clientTLS cannot be used: {error}"
        ) from error
    return context


def _pem(text: str) -> str:
    return text.replace("\\n", "\n")
