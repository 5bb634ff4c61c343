"""Both readers of HTTP/1.1 as targets: cut anywhere they read the same, and another parser agrees."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any, Final

import httptools

from pluggable.runtime.api.http import Request
from pluggable.runtime.http1 import (
    Answer,
    Blocks,
    PrefaceError,
    RequestReader,
    ResponseReader,
    UnreadableError,
)

MOST_HEAD: Final = 8192
MOST_BODY: Final = 64 * 1024
#: So many pieces may have come when a server looks at them.
PIECES_A_TURN: Final = 3
Feed = Callable[[Sequence[bytes]], Awaitable[None]]
#: What makes a conversation another one.
_WORDS: Final = (
    b"\r\n", b"\n", b"\r", b"\r\n\r\n", b" ", b"\t", b":", b",", b"+", b"-", b"0x", b"\x00", b"\x0b", b"\xff",
    b"0\r\n\r\n", b"5\r\nabcde\r\n", b"5;a=b\r\n", b"ffffffffffffffff", b" chunked", b"HTTP/1.0", b"HTTP/1.1",
    b"Content-Length: 5\r\n", b"content-length:0\r\n", b"Transfer-Encoding: chunked\r\n", b"Host: x\r\n",
    b"Connection: close\r\n", b"Expect: 100-continue\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n",
)  # fmt: skip


def mutate(random: Random, corpus: Sequence[bytes]) -> bytes:
    """Return an input of the corpus after some mishaps, of the kind that HTTP has a meaning for."""
    data = bytearray(random.choice(corpus))
    for _ in range(random.randrange(1, 5)):
        at = random.randrange(len(data) + 1)
        match random.randrange(6):
            case 0:
                data[at : at + 1] = bytes((random.randrange(256),))
            case 1:
                del data[at : at + random.randrange(1, 9)]
            case 2:
                other = random.choice(corpus)
                data[at:at] = other[random.randrange(len(other) + 1) :]
            case _:
                data[at:at] = random.choice(_WORDS)
    return bytes(data[:MOST_BODY])


def pieces(random: Random, data: bytes) -> list[bytes]:
    """Return the data byte by byte, or cut in a few places."""
    if random.random() < 0.3:
        return [data[at : at + 1] for at in range(len(data))]
    cuts = sorted(random.randrange(len(data) + 1) for _ in range(random.randrange(1, 6)))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


@asynccontextmanager
async def requests() -> AsyncIterator[Feed]:
    """Give what reads an input as a server does."""

    async def feed(pieces: Sequence[bytes]) -> None:
        feed_requests(b"".join(pieces), pieces)

    yield feed


@asynccontextmanager
async def answers() -> AsyncIterator[Feed]:
    """Give what reads an input as a client does."""

    async def feed(pieces: Sequence[bytes]) -> None:
        feed_answers(b"".join(pieces), pieces)

    yield feed


def feed_requests(data: bytes, pieces: Sequence[bytes]) -> None:
    """See that requests are the same however they are cut, and that httptools reads those accepted alike."""
    whole = read_requests([data])
    for turn in (1, PIECES_A_TURN):
        cut = read_requests(pieces, turn)
        # what is wrong with a head is said as soon as it is seen
        assert (whole[0], bool(whole[1])) == (cut[0], bool(cut[1])), (
            f"{whole!r} at once, {cut!r} in pieces, {turn} between looks"
        )
    judge = _Judge()
    parser = httptools.HttpRequestParser(judge)
    judge.listen(parser, data)
    told = judge.messages[: len(whole[0])]
    # it knows only so many methods, and stops where a connection ends or is to switch protocols
    accepted = whole[0][: len(told)] if judge.stopped else whole[0]
    assert told == accepted, f"{accepted!r} is read by httptools as {told!r}"


def feed_answers(data: bytes, pieces: Sequence[bytes]) -> None:
    """See that an answer is the same however it is cut, and that httptools reads what is accepted alike."""
    whole, cut = read_answer([data]), read_answer(pieces)
    same = whole == cut or (isinstance(whole, str) and isinstance(cut, str))
    assert same, f"{whole!r} at once, {cut!r} in pieces"
    if isinstance(whole, Answer):
        judge = _Judge()
        parser = httptools.HttpResponseParser(judge)
        judge.listen(parser, data)
        told = next((body for status, body in judge.answers if status >= 200), None)
        # it goes no further where an interim answer says that the connection closes
        assert told in (None, whole.body), f"{whole!r} is read by httptools as {told!r}"


def read_requests(pieces: Sequence[bytes], turn: int = 1) -> tuple[list[tuple[str, str, bytes]], str]:
    """Return method, target and body of each request, asked for after so many pieces, and what ended them."""
    reader = RequestReader(Blocks(), Request, max_head_bytes=MOST_HEAD, max_body_bytes=MOST_BODY)
    found: list[tuple[str, str, bytes]] = []
    try:
        for at in range(0, len(pieces), turn):
            for piece in pieces[at : at + turn]:
                reader.feed(piece)
            while (reader.in_body or not reader.last) and (request := reader.next()) is not None:
                assert len(request.body) <= MOST_BODY
                found.append((request.method, f"{request.path}?{request.query}", request.body))
    except UnreadableError as error:
        return found, type(error).__name__
    except PrefaceError:
        return found, "HTTP/2"
    return found, ""


def read_answer(pieces: Sequence[bytes]) -> Answer | str | None:
    """Return the answer, what is wrong with it, or nothing if it is not whole."""
    reader = ResponseReader(MOST_BODY)
    try:
        for piece in pieces:
            if (answer := reader.feed(piece)) is not None:
                assert len(answer.body) <= MOST_BODY
                return answer
        return reader.end()
    except UnreadableError as error:
        return type(error).__name__


class _Judge:
    """What httptools makes of the same bytes."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str, bytes]] = []
        self.answers: list[tuple[int, bytes]] = []
        self.stopped = False
        self._url = self._body = b""
        self._begun = False
        self._parser: Any = None

    def listen(self, parser: Any, data: bytes) -> None:
        """Take all, as far as httptools reads it; an answer may end with its connection."""
        self._parser = parser
        try:
            parser.feed_data(data)
        except (httptools.HttpParserUpgrade, httptools.HttpParserInvalidMethodError):
            self.stopped = True
        except httptools.HttpParserError:
            self._begun = False
        self.stopped = self.stopped or data.startswith(b"PRI ")
        if self._begun and isinstance(parser, httptools.HttpResponseParser):
            self.answers.append((parser.get_status_code(), self._body))

    def on_message_begin(self) -> None:
        self._url = self._body = b""

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_headers_complete(self) -> None:
        self._begun = True

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        self._begun = False
        if isinstance(self._parser, httptools.HttpResponseParser):
            self.answers.append((self._parser.get_status_code(), self._body))
            return
        if not self._parser.should_keep_alive():  # also where a trailer says so, which means nothing
            self.stopped = True
        url = self._url.partition(b"#")[0].decode("latin-1")
        path, _, query = url.partition("?")
        if not path.startswith(("/", "*")):
            path = "/" + path.partition("://")[2].partition("/")[2]
        self.messages.append((self._parser.get_method().decode(), f"{path}?{query}", self._body))
