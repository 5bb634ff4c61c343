"""What the header fields of a request say, each block of them read once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from .fields import ExpectationError, MalformedError, framing, pairs

#: Clients repeat themselves, so what was read is kept: so many blocks of fields, none longer than this.
KEPT: Final = 256
KEPT_BYTES: Final = 2048

_HOST: Final = re.compile(
    r"(?:[A-Za-z0-9._~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+(?:%25[\w.~-]+)?\])(?::\d*)?"
).fullmatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a block of fields says."""

    headers: Mapping[str, str]
    length: int
    chunked: bool
    host: str | None
    options: frozenset[str]
    """What is in ``Connection``, in lower case."""
    upgrades: bool
    expects: bool
    """Whether the client waits to be told to send its body."""


class Blocks:
    """Reads blocks of fields, and knows again those that it has read."""

    def __init__(self) -> None:
        self._known: dict[bytes, Known] = {}

    def of(self, block: bytes) -> Known:
        """
        Return what a block says.

        Raises:
            MalformedError: it cannot be read.
        """
        known = self._known.get(block)
        if known is None:
            known = _known(block)
            if len(block) <= KEPT_BYTES:
                if len(self._known) >= KEPT:
                    self._known.clear()
                self._known[block] = known
        return known


def _known(block: bytes) -> Known:
    fields = pairs(block)
    framed = framing(block, fields)
    headers: dict[str, str] = {}
    for name, value in fields:
        key, text = name.decode(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    hosts = sum(name == b"host" for name, _ in fields)
    if hosts > 1:
        raise MalformedError(f"Host is given {hosts} times")
    if hosts and _HOST(headers["host"]) is None:
        raise MalformedError(f"Host is {headers['host']!r}, which is none")
    expected = headers.get("expect", "").lower()
    if expected not in ("", "100-continue"):
        raise ExpectationError(f"Expect is {expected!r}, only 100-continue is known")
    options = frozenset(re.findall(r"[^\s,]+", headers.get("connection", "").lower()))
    return Known(
        headers=MappingProxyType(headers),
        length=framed.length or 0,
        chunked=framed.chunked,
        host=headers.get("host"),
        options=options,
        upgrades={"upgrade", "http2-settings"} <= options
        and headers.get("upgrade") == "h2c"
        and "http2-settings" in headers,
        expects=bool(expected),
    )
