"""A manifest as a tree: its values know where they were written, and it collects what is wrong with it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from .faults import Fault, Severity
from .values import Origin


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text, a number, a truth value or null."""

    text: str
    plain: str | int | float | bool | None
    line: int


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    values: tuple[Value, ...]
    line: int

    @property
    def plain(self) -> list[Any]:
        """The list as JSON has it."""
        return [value.plain for value in self.values]


@dataclass(slots=True)
class Document:
    """One document of a file; ``root`` is its content, unless that is empty or no YAML."""

    file: str
    number: int
    line: int = 1
    root: Table | None = None
    faults: list[Fault] = field(default_factory=list)

    def fault(self, line: int, text: str, severity: Severity = Severity.SKIPPED) -> None:
        """Note what is wrong on a line of the file."""
        self.faults.append(Fault(Origin(self.file, self.number, line), text, severity))

    @property
    def usable(self) -> bool:
        """Whether no fault forbids to use what it describes."""
        return all(fault.severity is Severity.NOTED for fault in self.faults)


@dataclass(frozen=True, slots=True)
class Table:
    """
    A mapping; its keys are found in any case. A key that is absent is like one that is null.

    Whoever asks for another kind of value than there is gets an empty one, and the document gets a fault.
    """

    document: Document
    path: str
    entries: dict[str, Value]
    line: int

    @property
    def plain(self) -> dict[str, Any]:
        """The mapping as JSON has it, keys as written."""
        return {key: value.plain for key, value in self.entries.items()}

    def get(self, key: str) -> Value | None:
        """Return what stands under the key."""
        found = [written for written in self.entries if written.lower() == key.lower()]
        if len(found) > 1:
            self.document.fault(self.line, f"{self._name(key)} is given as {' and '.join(found)}; keep one")
        value = self.entries[found[0]] if found else None
        return None if isinstance(value, Scalar) and value.plain is None else value

    def text(self, key: str) -> str:
        """Return a scalar's text; empty if there is none."""
        value = self.get(key)
        if value is None or isinstance(value, Scalar):
            return value.text if value else ""
        self._wrong(key, value, "a text")
        return ""

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Return a truth value."""
        value = self.get(key)
        if value is None:
            return default
        if isinstance(value, Scalar) and (word := value.text.lower()) in _TRUTHS:
            return _TRUTHS[word]
        self._wrong(key, value, "true or false")
        return default

    def integer(self, key: str) -> int:
        """Return an integer, 0 if there is none."""
        value = self.get(key)
        if isinstance(value, Scalar) and re.fullmatch(r"[-+]?[0-9]{1,18}", value.text):
            return int(value.text)
        if value is not None:
            self._wrong(key, value, "an integer")
        return 0

    def table(self, key: str) -> Table:
        """Return a mapping."""
        value = self.get(key)
        if isinstance(value, Table):
            return value
        if value is not None:
            self._wrong(key, value, "a mapping")
        return Table(self.document, self._name(key), {}, value.line if value else self.line)

    def tables(self, key: str) -> tuple[Table, ...]:
        """Return a list of mappings."""
        values = self._items(key)
        for each in values:
            if not isinstance(each, Table):
                self._wrong(key, each, "only mappings in the list")
        return tuple(each for each in values if isinstance(each, Table))

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of scalars' texts."""
        values = self._items(key)
        for each in values:
            if not isinstance(each, Scalar):
                self._wrong(key, each, "only texts in the list")
        return tuple(each.text for each in values if isinstance(each, Scalar))

    def mapping(self, key: str) -> dict[str, str]:
        """Return a mapping of scalars, as texts; one that is null is an empty text."""
        table = self.table(key)
        for name, value in table.entries.items():
            if not isinstance(value, Scalar):
                table._wrong(name, value, "a text")
        return {name: value.text for name, value in table.entries.items() if isinstance(value, Scalar)}

    def _items(self, key: str) -> tuple[Value, ...]:
        value = self.get(key)
        if isinstance(value, Items):
            return value.values
        if value is not None:
            self._wrong(key, value, "a list")
        return ()

    def _name(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def _wrong(self, key: str, value: Value, wanted: str) -> None:
        self.document.fault(value.line, f"{self._name(key)} is {described(value)}, wanted {wanted}")


Value: TypeAlias = Scalar | Items | Table

_TRUTHS: Final = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def text_of(value: Value) -> str:
    """Return a value as the text that a component gets: a list or mapping as JSON."""
    if isinstance(value, Scalar):
        return value.text
    return json.dumps(value.plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def described(value: Value) -> str:
    """Return what a value is, for a sentence."""
    if isinstance(value, Table):
        return "a mapping"
    if isinstance(value, Items):
        return "a list"
    return "empty" if value.plain is None else f'"{value.text}"'
