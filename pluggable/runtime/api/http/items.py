"""The items of a request to save state, their values taken out of the body as they are."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from msgspec import DecodeError, Raw, Struct, ValidationError, field, json

from ...gotext import escaped
from ..jsontext import dump, parsed

_BLANK: Final = re.compile(rb"[ \t\r\n]")


class Options(Struct):
    """How an item is to be written, in Dapr's words."""

    concurrency: str | None = None
    consistency: str | None = None


class Item(Struct):
    """A value to be saved, as the body has it."""

    key: str | None = None
    raw: Raw = field(name="value", default_factory=lambda: Raw(b"null"))
    etag: str | None = None
    metadata: dict[str, str] | None = None
    options: Options | None = None
    content_type: str | None = field(name="contentType", default=None)

    @property
    def value(self) -> bytes:
        """
        The value as it is stored: compact, and escaped as Go does it.

        Raises:
            ValueError: it is no UTF-8.
        """
        text = bytes(self.raw)
        if b"\\" in text:  # what is escaped may be written in several ways, and is stored in one
            return dump(parsed(text))
        if not text.isascii():
            text.decode()
        return escaped(json.format(text, indent=-1) if _BLANK.search(text) else text)


@cache
def _decoder() -> json.Decoder[list[Item]]:
    return json.Decoder(list[Item])


def items(body: bytes) -> list[Item] | None:
    """Return the items of a body; ``None`` if something is wrong with it, which is for others to say."""
    try:
        return _decoder().decode(body)
    except (DecodeError, ValidationError, UnicodeDecodeError, RecursionError):
        return None
