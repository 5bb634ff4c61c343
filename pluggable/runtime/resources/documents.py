"""
YAML files read into documents.

Scalars are texts, as they were written; only ``true``, ``null`` and plain numbers have a typed reading beside
it. YAML 1.1's ``yes``, ``1:30`` and dates have none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import yaml

from .faults import Severity
from .tree import Document, Items, Scalar, Table, Value, described

#: Deeper than any manifest; what nests further is an alias inside its own anchor.
DEEPEST: Final = 100

_TAG: Final = "tag:yaml.org,2002:"
_SEPARATOR: Final = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_RESOLVERS: Final = {
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "null": (r"~|null|Null|NULL|", "~nN"),
    "int": (r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    "float": (r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    "merge": (r"<<", "<"),
}


def _by_first_letter() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    table: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    for name, (pattern, letters) in _RESOLVERS.items():
        for letter in letters:
            table.setdefault(letter, []).append((_TAG + name, re.compile(f"(?:{pattern})$")))
    table[""] = [(_TAG + "null", re.compile("$"))]
    return table


class _Loader(yaml.CSafeLoader):
    """PyYAML's loader with the resolvers above instead of YAML 1.1's."""

    yaml_implicit_resolvers = _by_first_letter()


def documents(text: str, file: str) -> Iterator[Document]:
    """Yield a file's documents that are not empty; each stands alone, so a broken one costs no other."""
    starts = [0, *(found.start() for found in _SEPARATOR.finditer(text) if found.start() > 0), len(text)]
    number = 0
    for start, end in pairwise(starts):
        part = text[start:end]
        if start == 0 and end < len(text) and _is_blank(part):
            continue  # comments before the first separator
        number += 1
        document = Document(file, number, text.count("\n", 0, start) + 1)
        _Reading(document).read(part)
        if document.root is not None or document.faults:
            yield document


def _is_blank(text: str) -> bool:
    return all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines())


class _Reading:
    """The reading of one document."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def read(self, text: str) -> None:
        """Fill in the document's root, or its faults."""
        document = self._document
        try:
            node = yaml.compose(text, Loader=_Loader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            # At the end of the text libyaml names the line after it.
            below = min(mark.line, text.rstrip().count("\n")) if mark else 0
            document.fault(document.line + below, f"no YAML: {error.problem or error.context}")
            return
        except yaml.YAMLError as error:
            document.fault(document.line, f"no YAML: {' '.join(str(error).split())}")
            return
        if node is None:
            return
        value = self._value(node, "", 0)
        if isinstance(value, Table):
            document.root = value
        elif not (isinstance(value, Scalar) and value.plain is None):
            document.fault(value.line, f"the document is {described(value)}, wanted a mapping")

    def _value(self, node: yaml.Node, path: str, depth: int) -> Value:
        line = self._document.line + node.start_mark.line
        if depth > DEEPEST:
            self._document.fault(line, f"{path[:60]}… nests more than {DEEPEST} deep")
            return Scalar("", None, line)
        if isinstance(node, yaml.MappingNode):
            return self._table(node, path, line, depth)
        if isinstance(node, yaml.SequenceNode):
            values = enumerate(node.value)
            return Items(tuple(self._value(each, f"{path}[{i}]", depth + 1) for i, each in values), line)
        return self._scalar(node, line)

    def _scalar(self, node: yaml.Node, line: int) -> Scalar:
        text = str(node.value)
        match node.tag.removeprefix(_TAG):
            case "null":
                return Scalar("", None, line)
            case "bool":
                return Scalar(text.lower(), text.lower() == "true", line)
            case "int":
                return Scalar(text, _number(int, text), line)
            case "float":
                return Scalar(text, _number(float, text), line)
        return Scalar(text, text, line)

    def _table(self, node: yaml.MappingNode, path: str, line: int, depth: int) -> Table:
        entries: dict[str, Value] = {}
        merged: dict[str, Value] = {}
        lines: dict[str, int] = {}
        for key, content in node.value:
            here = self._document.line + key.start_mark.line
            if not isinstance(key, yaml.ScalarNode):
                self._document.fault(here, f"a key in {path or 'the document'} is no text")
                continue
            name = str(key.value)
            inner = self._value(content, f"{path}.{name}" if path else name, depth + 1)
            if key.tag == _TAG + "merge":
                for table in inner.values if isinstance(inner, Items) else (inner,):
                    if isinstance(table, Table):
                        merged = {**table.entries, **merged}
            elif name in entries:
                full = f"{path}.{name}" if path else name
                alike = inner.plain == entries[name].plain  # then nobody can tell which one counts
                self._document.fault(
                    here,
                    f"{full} is given twice, first on line {lines[name]}",
                    Severity.NOTED if alike else Severity.SKIPPED,
                )
            else:
                entries[name], lines[name] = inner, here
        return Table(self._document, path, {**merged, **entries}, line)


def _number(kind: type[int] | type[float], text: str) -> str | int | float:
    """Return the number, or the text if an explicit tag called it one that it is not."""
    try:
        return kind(text)
    except ValueError:
        return text
