"""The quick way of reading what is to be saved gives what the long way gives, or nothing."""

from __future__ import annotations

import json
import random

import pytest

from pluggable.runtime.api.http._items import Item, Options, items, value_of
from pluggable.runtime.api.jsontext import dump, load

WORDS = [
    "",
    "plain",
    "two words",
    "ö",
    "日本",
    "<b>&amp;</b>",
    'a "quote"',
    "back\\slash",
    "\n",
    "\u2028",
    "😀",
    "\x7f",
]


def made(choices: random.Random, depth: int = 0) -> object:
    """Return some value."""
    match choices.randrange(8 if depth < 4 else 6):
        case 0:
            return choices.choice(WORDS)
        case 1:
            return choices.randrange(-(10**12), 10**12)
        case 2:
            return choices.choice([0.5, -1.25, 1e100])
        case 3:
            return choices.choice([None, True, False])
        case 4 | 5:
            return choices.choice(WORDS) + choices.choice(WORDS)
        case 6:
            return [made(choices, depth + 1) for _ in range(choices.randrange(4))]
    return {f"{choices.choice(WORDS)}{n}": made(choices, depth + 1) for n in range(choices.randrange(4))}


def only(body: bytes) -> Item:
    """Return the one item of a body."""
    found = items(body)
    assert found is not None
    (item,) = found
    return item


@pytest.mark.parametrize("seed", range(20))
def test_values_are_what_reading_and_writing_them_would_give(seed: int) -> None:
    choices = random.Random(seed)
    for _ in range(50):
        values = [made(choices) for _ in range(choices.randrange(1, 4))]
        text = json.dumps(
            [{"key": "k", "value": value} for value in values],
            ensure_ascii=choices.random() < 0.3,
            indent=choices.choice([None, 2]),
        )
        found = items(text.encode())

        assert found is not None
        assert [value_of(item) for item in found] == [dump(value) for value in values]


def test_number_is_not_rounded() -> None:
    item = only(b'[{"key": "k", "value": 12345678901234567890.12345678901234567890}]')

    assert value_of(item) == b"12345678901234567890.12345678901234567890"


def test_all_fields_are_read() -> None:
    body = json.dumps([
        {
            "key": "k",
            "value": None,
            "etag": "7",
            "metadata": {"ttlInSeconds": "5"},
            "options": {"concurrency": "first-write", "consistency": "strong"},
            "contentType": "text/plain",
        }
    ])  # fmt: skip
    item = only(body.encode())

    assert value_of(item) == b"null"
    assert not item.plain
    assert (item.key, item.etag, item.metadata) == ("k", "7", {"ttlInSeconds": "5"})
    assert item.options == Options(concurrency="first-write", consistency="strong")
    assert item.content_type == "text/plain"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"{}",
        b'[{"key": 5}]',
        b'[{"key": "k", "value": }]',
        b'[{"key": "k", "value": NaN}]',
        b'[{"key": "k", "metadata": {"a": 1}}]',
        b'[{"key": "k", "value": 1}] x',
        b'[{"key": "k"}]',
        b'[{"key": "k", "value": 1, "ETag": "7"}]',
        b'[{"key": "k", "value": 1, "options": {"Concurrency": "first-write"}}]',
        b'[{"key": "\xff"}]',
        b'[{"key": "k", "value": "\\ud800"}]',
        b'[{"key": "k", "value": ' + b"[" * 100_000 + b"]" * 100_000 + b"}]",
    ],
)
def test_what_is_not_plainly_right_is_left_to_others(body: bytes) -> None:
    assert items(body) is None


def test_value_that_is_no_text_is_refused() -> None:
    item = only(b'[{"key": "k", "value": "\xff"}]')

    with pytest.raises(UnicodeDecodeError):
        value_of(item)
    with pytest.raises(Exception, match="it is no UTF-8"):
        load(b'[{"key": "k", "value": "\xff"}]')
