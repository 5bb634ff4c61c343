"""The head of a response, as bytes."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

from .request import Response

_LINES: Final = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
#: So many beginnings of heads are kept; there is one for each status and content type.
_KEPT: Final = 256


class Heads:
    """Writes heads; what answers have in common is made once a second, with the date."""

    def __init__(self) -> None:
        self._second = 0
        self._begun: dict[tuple[int, str], bytes] = {}

    def of(self, response: Response, *, last: bool, old: bool) -> bytes:
        """Return the head; ``last`` announces the connection's end, ``old`` tells HTTP/1.0 that it stays."""
        now = int(time.time())
        if now != self._second or len(self._begun) > _KEPT:
            self._second = now
            self._begun.clear()
        status = response.status
        begun = self._begun.get((status, response.content_type)) or self._begin(status, response.content_type)
        rest = b"\r\n" if status == 204 else b"%d\r\n\r\n" % len(response.body)
        if not (response.headers or last or old):
            return begun + rest
        more = b"".join(_lines(response.headers))
        if last:
            more += b"Connection: close\r\n"
        elif old:
            more += b"Connection: keep-alive\r\n"
        return begun + rest[:-2] + more + b"\r\n"

    def streamed(self, response: Response, *, last: bool, old: bool) -> bytes:
        """Return the head of an answer sent in chunks, or in HTTP/1.0 until the connection ends."""
        line = _LINES.get(response.status) or f"HTTP/1.1 {response.status} \r\n".encode()
        lines = [line, f"Date: {formatdate(usegmt=True)}\r\n".encode()]
        if response.content_type:
            lines.append(f"Content-Type: {one_line(response.content_type)}\r\n".encode(errors="replace"))
        lines += _lines(response.headers)
        if not old and response.status not in (204, 304):
            lines.append(b"Transfer-Encoding: chunked\r\n")
        if last:
            lines.append(b"Connection: close\r\n")
        return b"".join(lines) + b"\r\n"

    def fields(self, response: Response) -> list[tuple[bytes, bytes]]:
        """Return the head as HTTP/2 has it."""
        fields = [(b":status", b"%d" % response.status), (b"date", formatdate(usegmt=True).encode())]
        if response.status != 204:
            if response.content_type:
                fields.append((b"content-type", one_line(response.content_type).encode(errors="replace")))
            if response.pieces is None:
                fields.append((b"content-length", b"%d" % len(response.body)))
        fields += [
            (name.lower().encode(), one_line(value).strip(" \t").encode(errors="replace"))
            for name, value in response.headers
            if _NAME(name) is not None
        ]
        return fields

    def _begin(self, status: int, content_type: str) -> bytes:
        line = _LINES.get(status) or f"HTTP/1.1 {status} \r\n".encode()
        begun = line + f"Date: {formatdate(self._second, usegmt=True)}\r\n".encode()
        if status != 204:
            if content_type:
                begun += f"Content-Type: {one_line(content_type)}\r\n".encode(errors="replace")
            begun += b"Content-Length: "
        self._begun[status, content_type] = begun
        return begun


def _lines(headers: Sequence[tuple[str, str]]) -> list[bytes]:
    """Return headers as lines; one whose name is none is left out, as Go's server does."""
    return [
        f"{name}: {one_line(value)}\r\n".encode(errors="replace")
        for name, value in headers
        if _NAME(name) is not None
    ]


def one_line(text: str) -> str:
    """Return the text without the line breaks that would end its header, and without control characters."""
    return text if text.isprintable() else _CONTROLS.sub(" ", text)
