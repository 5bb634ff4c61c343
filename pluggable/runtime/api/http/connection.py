"""One connection of the HTTP server: bytes in, requests in order, one write for what is ready together."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, cast

import httptools

from .heads import Heads
from .request import Request, Response, failure

logger: logging.Logger = logging.getLogger(__name__)

Handle = Callable[[Request], Awaitable[Response]]
#: Requests read ahead of their answers; with more, reading pauses.
MOST_WAITING = 16
#: How long what a refused client still sends is taken and dropped, so that it can read why.
LINGER_SECONDS = 1.0
#: Bodies longer than this are written on their own rather than copied behind their head.
JOINED_BYTES = 64 * 1024
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Owner(Protocol):
    """What a connection knows of its server."""

    max_body_bytes: int
    max_head_bytes: int
    handle: Handle
    heads: Heads

    def opened(self, connection: Connection) -> None:
        """Count the connection in."""

    def closed(self, connection: Connection) -> None:
        """Count the connection out."""

    def began(self, task: asyncio.Task[None]) -> None:
        """Own the task until it ends."""


@dataclass(slots=True)
class _Waiting:
    """A request to answer, or an answer that ends the connection."""

    request: Request
    keep_alive: bool
    old: bool
    """Whether the client speaks HTTP/1.0 and must be told that the connection stays."""
    refusal: Response | None = None


class Connection(asyncio.Protocol):
    """Reads requests and answers them in order, one after the other."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._parser: Any = httptools.HttpRequestParser(self)
        self._waiting: deque[_Waiting] = deque()
        self._task: asyncio.Task[None] | None = None
        self._out: list[bytes] = []
        self._in_burst = False
        self._deaf = False
        """Nothing that still arrives counts."""
        self._closing = False
        self._full = False
        self._paused = False
        self._receiving = False
        self._in_head = True
        self._head_bytes = 0
        self._begins_within = False
        """The last piece ended a request, so how much of it belongs to the next head is not known."""
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._body_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._owner.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  the reason changes nothing
        self._deaf = True
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()
        self._owner.closed(self)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        self._in_burst = True
        self._begins_within = False
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._deaf = True  # answered as plain HTTP/1.1; what follows the request is not
        except httptools.HttpParserError as error:
            self._refuse(400, "ERR_BAD_REQUEST", f"the request is no HTTP/1.1 that can be read: {error}")
        if self._in_head and not self._begins_within and not self._deaf:
            self._head_bytes += len(data)
            self._check_head(self._head_bytes)
        self._advance()
        self._in_burst = False
        self._flush()

    def eof_received(self) -> bool:
        """Answer what came before the end; a request cut off is none."""
        self._deaf = True
        self._closing = True
        return bool(self._task is not None or self._waiting)

    def pause_writing(self) -> None:
        self._full = True
        self._pause()

    def resume_writing(self) -> None:
        self._full = False
        self._advance()

    def on_message_begin(self) -> None:
        self._receiving = True
        self._url = b""
        self._headers = {}
        self._body = []
        self._body_bytes = 0

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        text = value.decode("latin-1")
        key = name.decode("latin-1").lower()
        if key in self._headers:
            text = f"{self._headers[key]}, {text}"
        self._headers[key] = text

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._head_bytes = 0
        headers = self._headers
        self._check_head(len(self._url) + sum(len(key) + len(value) + 4 for key, value in headers.items()))
        length = headers.get("content-length", "")
        if length and "transfer-encoding" in headers:
            self._refuse(400, "ERR_BAD_REQUEST", "Content-Length and Transfer-Encoding cannot both be given")
        elif length.isdigit() and int(length) > self._owner.max_body_bytes:
            self._refuse_body(f"{length} bytes long, {self._owner.max_body_bytes} are taken")
        elif "host" not in headers and self._parser.get_http_version() != "1.0":
            self._refuse(400, "ERR_BAD_REQUEST", "the Host header is missing; HTTP/1.1 wants one")
        elif headers.get("expect", "").lower() == "100-continue" and self._task is None and not self._waiting:
            self._write(_CONTINUE)
            self._flush()

    def on_body(self, body: bytes) -> None:
        if self._deaf:
            return
        self._body_bytes += len(body)
        if self._body_bytes > self._owner.max_body_bytes:
            self._refuse_body(f"longer than the {self._owner.max_body_bytes} bytes taken")
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        self._receiving = False
        self._in_head = True
        self._begins_within = True
        if self._deaf:
            return
        path, _, query = self._url.partition(b"?")
        if not path.startswith(b"/"):
            path, query = _absolute(self._url)
        request = Request(
            method=self._parser.get_method().decode("latin-1"),
            path=path.decode("latin-1"),
            query=query.partition(b"#")[0].decode("latin-1"),
            headers=self._headers,
            body=self._body[0] if len(self._body) == 1 else b"".join(self._body),
        )
        self._body = []
        old = self._parser.get_http_version() == "1.0"
        keep_alive = self._parser.should_keep_alive() and not self._parser.should_upgrade()
        self._waiting.append(_Waiting(request, keep_alive, old))
        if len(self._waiting) > MOST_WAITING:
            self._pause()

    def drain(self) -> None:
        """Close now if nothing is under way, else behind the answer to what is."""
        self._closing = True
        if self._task is None and not self._waiting and not self._receiving:
            self._transport.close()

    def abort(self) -> None:
        """Close now, whatever is under way."""
        self._transport.abort()

    def _advance(self) -> None:
        """Begin on the next request, if none is under way and its answer could be sent."""
        while self._waiting and self._task is None and not self._full:
            item = self._waiting.popleft()
            if item.refusal is not None:
                self._respond(item, item.refusal)
                continue
            task = _begin(self._loop, self._serve(item))
            if task.done():
                self._check_cancelled(task)
            else:
                self._task = task
                self._owner.began(task)
                task.add_done_callback(self._finished)
        if self._paused and not self._full and len(self._waiting) <= MOST_WAITING:
            self._paused = False
            if not self._transport.is_closing():
                self._transport.resume_reading()

    async def _serve(self, item: _Waiting) -> None:
        try:
            response = await self._owner.handle(item.request)
        except Exception:  # the connection outlives a request; what is unforeseen is logged
            request = item.request
            logger.exception("%s %s failed", request.method, request.path)
            message = f"{request.method} {request.path} failed inside the sidecar; its log says why"
            response = failure(500, "ERR_INTERNAL", message)
        self._respond(item, response)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._task = None
        self._check_cancelled(task)
        if not self._transport.is_closing():
            self._advance()

    def _check_cancelled(self, task: asyncio.Task[None]) -> None:
        """End the connection of a request that was cancelled from elsewhere: no answer will come."""
        if task.cancelled() and not self._transport.is_closing():
            self._transport.abort()

    def _respond(self, item: _Waiting, response: Response) -> None:
        if self._transport.is_closing():
            return
        last = not item.keep_alive or (self._closing and not self._waiting)
        body = response.body
        head = self._owner.heads.of(response, last=last, old=item.old)
        if item.request.method == "HEAD" or response.status == 204:
            body = b""
        if len(body) > JOINED_BYTES:
            self._write(head)
            self._write(body)
        else:
            self._write(head + body)
        if last:
            self._waiting.clear()
            self._flush()
            if item.refusal is None:
                self._transport.close()
            else:
                self._linger()

    def _refuse(self, status: int, code: str, message: str) -> None:
        """Answer, behind what came before, why this is not read on."""
        if self._deaf:
            return
        self._deaf = True
        self._waiting.append(_Waiting(Request("", ""), False, False, failure(status, code, message)))

    def _refuse_body(self, found: str) -> None:
        message = f"the body is {found}; raise --max-body-size, or send less at a time"
        self._refuse(413, "ERR_BODY_TOO_LARGE", message)

    def _check_head(self, size: int) -> None:
        most = self._owner.max_head_bytes
        if size > most:
            message = f"the request's head is longer than the {most} bytes taken; raise --read-buffer-size"
            self._refuse(431, "ERR_HEADER_TOO_LARGE", message)

    def _linger(self) -> None:
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._loop.call_later(LINGER_SECONDS, self._transport.close)

    def _pause(self) -> None:
        if not self._paused and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()

    def _write(self, data: bytes) -> None:
        if self._in_burst:
            self._out.append(data)
        elif not self._transport.is_closing():
            self._transport.write(data)

    def _flush(self) -> None:
        if self._out and not self._transport.is_closing():
            self._transport.writelines(self._out)
        self._out.clear()


def _begin(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Run in place up to the first real wait, where Python can (3.12)."""
    if sys.version_info >= (3, 12):
        return asyncio.Task(work, loop=loop, eager_start=True)
    return loop.create_task(work)


def _absolute(url: bytes) -> tuple[bytes, bytes]:
    """Return path and query of ``http://host/path?query``, as a proxy is asked; ``*`` has neither."""
    try:
        parsed = httptools.parse_url(url)
    except httptools.HttpParserInvalidURLError:
        return url, b""
    return parsed.path or b"/", parsed.query or b""
