"""The items of a request to save state, their values taken out of the body as they are."""

from __future__ import annotations

from functools import cache
from typing import Final

from msgspec import DecodeError, Raw, Struct, ValidationError, json

from ...gotext import escaped
from ..jsontext import dump, parsed

_BLANKS: Final = (b" ", b"\n", b"\r", b"\t")


class Options(Struct, forbid_unknown_fields=True):
    """How an item is to be written, in Dapr's words."""

    concurrency: str | None = None
    consistency: str | None = None


class Item(Struct, forbid_unknown_fields=True, rename="camel"):
    """
    A value to be saved, as the body has it.

    Without key or value, or with fields of other names, it is none: those may differ by case, see ``fields``.
    """

    key: str | None
    value: Raw
    etag: str | None = None
    metadata: dict[str, str] | None = None
    options: Options | None = None
    content_type: str | None = None

    @property
    def plain(self) -> bool:
        """Whether nothing is said beside key and value."""
        return (self.etag or self.options or self.metadata or self.content_type) is None


def items(body: bytes) -> list[Item] | None:
    """Return the items of a body; ``None`` if something is wrong with it, which is for others to say."""
    try:
        return _decoder().decode(body)
    except (DecodeError, ValidationError, UnicodeDecodeError, RecursionError):
        return None


def value_of(item: Item) -> bytes:
    """
    Return the value as it is stored: compact, and escaped as Go does it.

    Raises:
        ValueError: it is no UTF-8.
    """
    text = bytes(item.value)
    if b"\\" in text:  # what is escaped may be written in several ways, and is stored in one
        return dump(parsed(text))
    if not text.isascii():
        text.decode()
    if any(blank in text for blank in _BLANKS):
        text = json.format(text, indent=-1)
    return escaped(text)


@cache
def _decoder() -> json.Decoder[list[Item]]:
    return json.Decoder(list[Item])
