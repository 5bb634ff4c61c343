"""What a state store can do beyond Dapr's contract: remove by prefix, list keys, fetch many in one go."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from .component import Capability, Component
from .errors import InvalidRequestError
from .metadata import NO_METADATA
from .state import StateStore

#: Between the parts of a key that a sidecar makes, such as ``app||key``.
SEPARATOR: Final = "||"
#: What the number on the wire holds.
LARGEST_PAGE: Final = 2**32 - 1

#: What a pattern is made of: an escaped character, a wildcard, or text.
_PART: Final = re.compile(r"\\(?P<escaped>.)|(?P<wildcard>[%_])|(?P<text>[^\\%_]+)|(?P<stray>\\)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteWithPrefixRequest:
    """
    Remove the keys right below a prefix, which ends with ``||`` and gets that where it does not.

    Raises:
        InvalidRequestError: the prefix is empty, or ``||`` alone, which would be everything.
    """

    prefix: str
    metadata: Mapping[str, str] = NO_METADATA

    def __post_init__(self) -> None:
        if self.prefix in ("", SEPARATOR):
            raise InvalidRequestError("a prefix is required to delete with prefix, such as app||actor||id||")
        if not self.prefix.endswith(SEPARATOR):
            object.__setattr__(self, "prefix", self.prefix + SEPARATOR)

    def matches(self, key: str) -> bool:
        """Return whether a key is to be removed: no further ``||`` stands behind the prefix."""
        return key.startswith(self.prefix) and SEPARATOR not in key[len(self.prefix) :]


class PrefixDeletable(Capability):
    """Removes many keys by what they begin with, as actors are removed with all they know."""

    feature: ClassVar[str] = "DELETE_WITH_PREFIX"
    of: ClassVar[type[Component] | None] = StateStore

    @abstractmethod
    async def delete_with_prefix(self, request: DeleteWithPrefixRequest) -> int:
        """Remove the keys that ``request.matches``, and return how many there were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysLikeRequest:
    r"""
    Ask for the keys that match a pattern as SQL's LIKE has it, for the whole key.

    ``%`` is any text, ``_`` any character, and ``\`` takes the next as it is.

    Raises:
        InvalidRequestError: the pattern is empty or ends within an escape, or a page would have no room.
    """

    pattern: str
    page_size: int | None = None
    """How many keys to list at most; ``None`` is all of them."""
    token: str | None = None
    """What the page before gave; ``None`` for the first."""

    def __post_init__(self) -> None:
        if not self.pattern:
            raise InvalidRequestError("a pattern is required to list keys; % is all of them")
        if any(part["stray"] for part in _PART.finditer(self.pattern)):
            raise InvalidRequestError(
                f'the pattern "{self.pattern}" ends with the escape character; a backslash is written \\\\'
            )
        if self.page_size is not None and not 1 <= self.page_size <= LARGEST_PAGE:
            raise InvalidRequestError(
                f"a page of {self.page_size} keys was asked for, wanted 1 to {LARGEST_PAGE}"
            )

    def expression(self) -> re.Pattern[str]:
        """Return the pattern as an expression that a whole key has to match: ``fullmatch``."""
        first, *others = _between_wildcards(self.pattern)
        if not others:
            return re.compile(first, re.DOTALL)
        *middle, last = others
        # A piece is looked for once, at the first place: without going back, a long key costs no more.
        found = "".join(f"(?>.*?{piece})" for piece in middle if piece)
        return re.compile(f"{first}{found}.*{last}", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysLikeResponse:
    """A page of keys, and the token for the next; ``None`` says that this was the last."""

    keys: Sequence[str]
    token: str | None = None


class KeysLike(Capability):
    """Lists keys by a pattern as SQL's LIKE has it."""

    feature: ClassVar[str] = "KEYS_LIKE"
    of: ClassVar[type[Component] | None] = StateStore

    @abstractmethod
    async def keys_like(self, request: KeysLikeRequest) -> KeysLikeResponse:
        """
        Return a page of the keys that match, in an order that stays.

        Paging passes by no key that is there all the time, though others are removed meanwhile.

        Raises:
            InvalidRequestError: ``request.token`` is none that this store gave.
        """


class NativeBulk(Capability):
    """Fetches many values in one go: worth gathering the gets of several callers in one ``bulk_get``."""

    feature: ClassVar[str] = "NATIVE_BULK"
    of: ClassVar[type[Component] | None] = StateStore
    replaces: ClassVar[tuple[str, ...]] = ("bulk_get",)

    async def bulk_get_limit(self) -> int | None:
        """Return how many keys a ``bulk_get`` may have, ``None`` for any number."""
        return None


def _between_wildcards(pattern: str) -> list[str]:
    """Return the pieces between the wildcards for any text, as expressions."""
    pieces = [""]
    for part in _PART.finditer(pattern):
        if part["wildcard"] == "%":
            pieces.append("")
        else:
            pieces[-1] += "." if part["wildcard"] else re.escape(part["escaped"] or part["text"])
    return pieces
