"""Header fields: the one grammar that is taken, and what they say of the length of their message."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

#: A name and its value, the name in lower case.
Pair = tuple[bytes, bytes]

_BLOCK: Final = re.compile(rb"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]++:[\t\x20-\x7e\x80-\xff]*+\r\n)*+").fullmatch
_NAME: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
_BREAK: Final = re.compile(rb"\r(?!\n)|(?<!\r)\n").search
_LENGTH: Final = re.compile(rb"[0-9]{1,19}").fullmatch
_ODDLY_SPACED: Final = re.compile(rb"(?im)^(?:content-length|transfer-encoding):.*\t").search
_SHOWN_BYTES: Final = 60


class UnreadableError(Exception):
    """A message is not read on, and so nothing behind it can be."""


class MalformedError(UnreadableError):
    """What came is no HTTP/1.1, or could be read in more than one way; the text says where."""


class LongHeadError(UnreadableError):
    """A head is longer than is taken; the text says how much is."""


class LongBodyError(UnreadableError):
    """A body is longer than is taken; the text says how long, as far as is known."""


class VersionError(UnreadableError):
    """The message is of another version of HTTP; the text names it."""


class ExpectationError(UnreadableError):
    """The client expects what nobody here knows; the text says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """How long a message's body is: so many bytes, or as its chunks say, or as nothing here says."""

    length: int | None = None
    chunked: bool = False


def pairs(block: bytes) -> list[Pair]:
    """
    Return the fields of a block, each line of which ends with CRLF, in order.

    Source: RFC 9112, section 5: no folded lines, no blank before the colon, no other line breaks.

    Raises:
        MalformedError: a line is no field.
    """
    if not block:
        return []
    if _BLOCK(block) is None:
        raise MalformedError(_fault(block))
    found = []
    for line in block[:-2].split(b"\r\n"):
        name, _, value = line.partition(b":")
        found.append((name.lower(), value.strip(b" \t")))
    return found


def framing(block: bytes, fields: Sequence[Pair]) -> Framing:
    """
    Return how the message with these fields is framed.

    Stricter than RFC 9112, section 6, allows: equal lengths given twice are refused too, and of the encodings
    only ``chunked`` alone is known.

    Raises:
        MalformedError: it is not said, or said twice.
    """
    lengths = [value for name, value in fields if name == b"content-length"]
    encodings = [value for name, value in fields if name == b"transfer-encoding"]
    if not lengths and not encodings:
        return Framing()
    if lengths and encodings:
        raise MalformedError("Content-Length and Transfer-Encoding cannot both be given")
    if len(lengths) > 1 or len(encodings) > 1:
        given = "Content-Length" if lengths else "Transfer-Encoding"
        raise MalformedError(f"{given} is given {len(lengths or encodings)} times")
    if _ODDLY_SPACED(block):
        raise MalformedError("a tab stands in Content-Length or Transfer-Encoding")
    if encodings:
        if encodings[0].lower() != b"chunked":
            raise MalformedError(f"Transfer-Encoding is {shown(encodings[0])}, only chunked is known")
        return Framing(chunked=True)
    if _LENGTH(lengths[0]) is None:
        raise MalformedError(f"Content-Length is {shown(lengths[0])}, a number is wanted")
    return Framing(length=int(lengths[0]))


def shown(text: bytes) -> str:
    """Return what came as a sentence may show it."""
    return repr(text[:_SHOWN_BYTES].decode("latin-1")) + (" …" if len(text) > _SHOWN_BYTES else "")


def _fault(block: bytes) -> str:
    """Say what is wrong with the first line that is no field."""
    if _BREAK(block):
        return "a line of the head does not end with CRLF"
    for line in block[:-2].split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if line[:1] in (b" ", b"\t"):
            return f"a header is folded over two lines: {shown(line)}"
        if not colon:
            return f"a header has no colon: {shown(line)}"
        if _NAME(name) is None:
            return f"a header's name is {shown(name)}, which is none"
        if _BLOCK(b"x:" + value + b"\r\n") is None:
            return f"the header {name.decode()} has a control character in its value"
    return "the head cannot be read"
