"""HTTP servers of tests that take any method, in threads: they answer whatever the test's loop does."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it came; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    certificate: Mapping[str, Any] = field(default_factory=dict)
    """What the client showed of itself by TLS."""
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is answered."""

    status: int = 200
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class HTTPDouble(ABC):
    """What stands in for a service: on a port of its own, which it keeps while it is away."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.tls = tls
        self.port = 0
        self.asked: list[Request] = []
        self._server: _Server | None = None

    @abstractmethod
    def answer(self, request: Request) -> Reply:
        """Answer one request; called in threads."""

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Listen, on a port of the system's choice."""
        self._listen()
        try:
            yield self
        finally:
            self._leave()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Cut the connections, and listen again afterwards."""
        self._leave()
        try:
            yield
        finally:
            self._listen()

    def _listen(self) -> None:
        self._server = _Server(self)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def _leave(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.cut()
            self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = True

    def __init__(self, double: HTTPDouble) -> None:
        self.double = double
        self.connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", double.port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that leave or do not trust us."""

    def cut(self) -> None:
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # an answer goes in two parts
    server: _Server

    def setup(self) -> None:
        if (tls := self.server.double.tls) is not None:
            self.request.settimeout(10)
            self.request = tls.wrap_socket(self.request, server_side=True)
        self.server.connections.add(self.request)
        super().setup()

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()
        self.server.connections.discard(self.request)
        if isinstance(self.request, ssl.SSLSocket):  # the plain one was detached
            self.request.close()

    def handle_one_request(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().handle_one_request()
            return
        self.close_connection = True

    def _serve(self) -> None:
        shown = self.request.getpeercert() if isinstance(self.request, ssl.SSLSocket) else None
        request = Request(
            method=self.command,
            path=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            certificate=shown or {},
            body=self.rfile.read(int(self.headers.get("Content-Length", 0))),
        )
        self.server.double.asked.append(request)
        reply = self.server.double.answer(request)
        body = reply.body.encode()
        self.send_response(reply.status)
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_LIST = do_POST = do_PUT = _serve  # noqa: N815  the names that http.server looks for

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
