from __future__ import annotations

import string

import pytest
import yaml

from pluggable.describing.yamltext import Node, lines, scalar

TEXTS = (
    *("", " ", "a", "a b", "yes", "No", "n", "on", "null", "~", "true", "1", "1e3", "0x1", ".5", "1:30"),
    *("12_3", "2026-01-01", "a: b", "a #b", "#a", "- a", "'a'", '"a"', "a\nb", "a\tb", "C:\\x", "{a}", "[a]"),
    *(
        "*a",
        "&a",
        "!a",
        "%a",
        "@a",
        "`a",
        "|",
        ">",
        "?",
        "=",
        "<<",
        "é",
        "…",
        "😀",
        "a:",
        "---",
        "v1",
        "a.b/c",
    ),
    *("\x7f", "\x85", "\u2028", "\ufeff", "\x00", "\x1b"),
)


@pytest.mark.parametrize("text", TEXTS)
def test_text_stays_a_text(text: str) -> None:
    assert yaml.safe_load(scalar(text)) == text
    assert yaml.safe_load(f"a: {scalar(text)}\nb: [{scalar(text)}]") == {"a": text, "b": [text]}


def test_every_character_of_a_page_stays() -> None:
    text = "".join(map(chr, range(0x2100))) + string.printable

    assert yaml.safe_load(scalar(text)) == text


@pytest.mark.parametrize(
    "node",
    [
        {"a": "b", "c": {"d": ["e", {"f": True, "g": {"h": "i"}}], "j": []}, "k": {}},
        [["a", ["b", "c"]], {"d": ("e",)}],
        {"yes": "no", "a b": "c"},
        [],
        {},
        "a",
        False,
    ],
)
def test_tree_is_read_as_it_was_written(node: Node) -> None:
    assert yaml.safe_load("\n".join(lines(node))) == plain(node)


def plain(node: Node) -> object:
    """Return the tree with YAML's own lists."""
    if isinstance(node, dict):
        return {key: plain(value) for key, value in node.items()}
    return [plain(item) for item in node] if isinstance(node, list | tuple) else node
