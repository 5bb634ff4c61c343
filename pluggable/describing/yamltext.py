"""YAML, written without a library: mappings, lists and texts, as any reader takes them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

Node = Mapping[str, "Node"] | Sequence["Node"] | str | bool

_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
#: Words that one version of YAML or another takes for something else than a text.
_OTHERWISE: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
#: What JSON leaves as it is and YAML does not allow.
_NOT_PRINTABLE: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")


def scalar(text: str) -> str:
    """Return a text as YAML: as it is where it stays one, else in double quotes."""
    if _PLAIN.fullmatch(text) and text.lower() not in _OTHERWISE:
        return text
    # A JSON text in double quotes means the same in YAML.
    quoted = json.dumps(text, ensure_ascii=False)
    return _NOT_PRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)


def lines(node: Node) -> Iterator[str]:
    """Yield the lines of a mapping or a list, in block style."""
    if _is_flow(node):
        yield _flow(node)
    elif isinstance(node, Mapping):
        for key, value in node.items():
            yield from _entry(f"{scalar(key)}:", value)
    elif isinstance(node, Sequence):
        for item in node:
            yield from _item(item)


def _entry(head: str, value: Node) -> Iterator[str]:
    if _is_flow(value):
        yield f"{head} {_flow(value)}"
        return
    yield head
    for line in lines(value):
        yield f"  {line}"


def _item(item: Node) -> Iterator[str]:
    if _is_flow(item):
        yield f"- {_flow(item)}"
        return
    for number, line in enumerate(lines(item)):
        yield f"{'  ' if number else '- '}{line}"


def _is_flow(node: Node) -> bool:
    return isinstance(node, str | bool) or not node


def _flow(node: Node) -> str:
    if isinstance(node, bool):
        return str(node).lower()
    if isinstance(node, str):
        return scalar(node)
    return "{}" if isinstance(node, Mapping) else "[]"
