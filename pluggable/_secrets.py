"""Values that nobody is to see, kept out of logs and answers."""

from __future__ import annotations

import base64
import json
import re
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import quote, quote_plus, unquote

#: What stands where a secret was; a shorter one is left alone: it would be found in any word.
HIDDEN: Final = "(not shown)"
SHORTEST: Final = 4
#: From here on a secret is known again in what was encoded together with it.
_SHORTEST_ENCODED: Final = 8
#: A line of a secret of several is one by itself from here on.
_SHORTEST_LINE: Final = 16

_SCHEME: Final = re.compile(r"\s*[A-Za-z][\w+.-]*://")
_NEXT_URL: Final = re.compile(r",(?=\s*[A-Za-z][\w+.-]*://)")
_END_OF_AUTHORITY: Final = re.compile(r"[/?#]")
_PAIR: Final = re.compile(
    r"\b(?:password|passwd|pwd|\w*key|\w*token|\w*secret)\s*=\s*('(?:[^'\\]|\\.)*'|[^\s;&]+)", re.IGNORECASE
)
#: The members of a JSON Web Key that are not public (RFC 7518, section 6).
_MEMBER: Final = re.compile(r'"(?:d|k|p|q|dp|dq|qi)"\s*:\s*"([^"]+)"')


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Secrets:
    """The secret values of one configured component, as they are and as they may be quoted."""

    values: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def among(cls, values: Iterable[str]) -> Self:
        """Return those that can be hidden, the longest first: one may be part of another."""
        looks: set[str] = set()
        for value in {each for each in values if len(each) >= SHORTEST}:
            inside = {part for part in _inside(value) if len(part) >= SHORTEST}
            looks.update(_written(value), *map(_written, inside))
            for each in inside or {value}:
                looks.update(_encoded(each))
        looks = {look for look in looks if len(look) >= SHORTEST}
        return cls(tuple(sorted(looks, key=len, reverse=True)))

    def hidden_in(self, text: str) -> str:
        """Return the text without them."""
        for value in self.values:
            text = text.replace(value, HIDDEN)
        return text


class Known:
    """The secrets of all components of this process that are still in use, for what it logs."""

    def __init__(self) -> None:
        self._found: list[weakref.ref[Secrets]] = []

    def add(self, secrets: Secrets) -> None:
        """Hide these too, as long as somebody keeps them."""
        if secrets.values:
            # A list of its own each time: another thread may be logging.
            self._found = [each for each in self._found if each() is not None] + [weakref.ref(secrets)]

    def hidden_in(self, text: str) -> str:
        """Return the text without them."""
        for each in self._found:
            if (secrets := each()) is not None:
                text = secrets.hidden_in(text)
        return text


#: One for the process, as logging is.
KNOWN: Final = Known()


def _inside(value: str) -> Iterator[str]:
    """Yield what is secret in a connection string or a set of keys, where it is one."""
    for part in _NEXT_URL.split(value):
        rest = _SCHEME.sub("", part, count=1)
        authority = _END_OF_AUTHORITY.split(rest, maxsplit=1)[0]
        login = (authority if "@" in authority else rest).rpartition("@")[0]
        user, _, password = login.partition(":")
        if password != user:  # a secret that everybody would guess is none, and the user is shown
            yield password
            yield unquote(password)
    for pair in _PAIR.finditer(value):
        yield pair[1].strip("'")
    if '"kty"' in value:
        for member in _MEMBER.finditer(value):
            yield member[1]


def _written(secret: str) -> Iterator[str]:
    """Yield a secret as it stands in a text, a URL, a literal of Python or JSON, and line by line."""
    yield from (secret, quote(secret, safe=""), quote(secret), quote_plus(secret))
    yield from (repr(secret)[1:-1], repr(secret.encode())[2:-1])
    yield from (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    lines = secret.splitlines()
    if len(lines) > 1:
        yield from (line for line in lines if len(line) >= _SHORTEST_LINE and not line.startswith("-----"))


def _encoded(secret: str) -> Iterator[str]:
    """Yield a secret as it stands amid bytes in base64 or hexadecimal."""
    data = secret.encode()
    if len(data) < _SHORTEST_ENCODED:
        return
    yield data.hex()
    for before in range(3):
        text = base64.b64encode(b"\0" * before + data).decode()
        # The characters at either end depend on what stands beside it.
        core = text[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
        yield core
        yield core.translate(str.maketrans("+/", "-_"))
