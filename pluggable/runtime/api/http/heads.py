"""The head of a response, as bytes."""

from __future__ import annotations

import time
from email.utils import formatdate
from http import HTTPStatus

from .request import Response

_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


class Heads:
    """Writes heads; the date is made once a second."""

    def __init__(self) -> None:
        self._second = 0
        self._date = b""

    def of(self, response: Response, *, last: bool, old: bool) -> bytes:
        """Return the head; ``last`` announces the connection's end, ``old`` tells HTTP/1.0 that it stays."""
        status = response.status
        lines = [_LINES.get(status) or f"HTTP/1.1 {status} \r\n".encode(), self._date_line()]
        if status != 204:
            length = len(response.body)
            lines.append(f"Content-Type: {response.content_type}\r\nContent-Length: {length}\r\n".encode())
        for name, value in response.headers:
            lines.append(f"{_one_line(name)}: {_one_line(value)}\r\n".encode(errors="replace"))
        if last:
            lines.append(b"Connection: close\r\n")
        elif old:
            lines.append(b"Connection: keep-alive\r\n")
        lines.append(b"\r\n")
        return b"".join(lines)

    def _date_line(self) -> bytes:
        now = int(time.time())
        if now != self._second:
            self._second = now
            self._date = f"Date: {formatdate(now, usegmt=True)}\r\n".encode()
        return self._date


def _one_line(text: str) -> str:
    """Return the text without the line breaks that would end its header."""
    return text.replace("\r", " ").replace("\n", " ") if "\r" in text or "\n" in text else text
