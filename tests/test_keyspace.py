"""What is asked of the keys of a state store, and who may promise what."""

from __future__ import annotations

import random
import sqlite3
import time
from abc import ABC

import pytest

from pluggable.errors import InvalidRequestError
from pluggable.keyspace import DeleteWithPrefixRequest, KeysLikeRequest, NativeBulk
from pluggable.state import StateStore


def test_prefix_ends_with_its_separator() -> None:
    assert DeleteWithPrefixRequest(prefix="app||id").prefix == "app||id||"
    assert DeleteWithPrefixRequest(prefix="app||id||").prefix == "app||id||"


@pytest.mark.parametrize("prefix", ["", "||"])
def test_prefix_of_everything_is_refused(prefix: str) -> None:
    with pytest.raises(InvalidRequestError, match="prefix is required"):
        DeleteWithPrefixRequest(prefix=prefix)


def test_keys_further_below_do_not_match() -> None:
    request = DeleteWithPrefixRequest(prefix="p")
    keys = ["p||k", "p||", "p|k", "p||q||k", "op||k", "p"]

    assert [key for key in keys if request.matches(key)] == ["p||k", "p||"]


@pytest.mark.parametrize(("pattern", "wanted"), [("", "% is all"), ("50\\", "escape character")])
def test_pattern_that_is_none_is_refused(pattern: str, wanted: str) -> None:
    with pytest.raises(InvalidRequestError, match=wanted):
        KeysLikeRequest(pattern=pattern)


@pytest.mark.parametrize("size", [0, -1, 2**32])
def test_page_that_cannot_be_is_refused(size: int) -> None:
    with pytest.raises(InvalidRequestError, match=f"a page of {size} keys was asked for, wanted 1 to"):
        KeysLikeRequest(pattern="%", page_size=size)


def test_patterns_match_as_in_sql() -> None:
    chance = random.Random(7)
    with sqlite3.connect(":memory:") as sql:
        sql.execute("PRAGMA case_sensitive_like = ON")
        for _ in range(5000):
            pattern = "".join(chance.choices("abü%_\n", k=chance.randrange(1, 8)))
            pattern += chance.choice(["", "\\%", "\\_b", "\\\\", "%\\a", "\\_%"])
            key = "".join(chance.choices("abü%_\\\n", k=chance.randrange(8)))
            wanted = sql.execute("SELECT ? LIKE ? ESCAPE '\\'", (key, pattern)).fetchone() == (1,)

            found = KeysLikeRequest(pattern=pattern).expression().fullmatch(key) is not None
            assert found is wanted, (pattern, key)
    sql.close()


def test_pattern_with_many_wildcards_is_cheap() -> None:
    expression = KeysLikeRequest(pattern="%a" * 12 + "%b").expression()
    began = time.perf_counter()

    assert expression.fullmatch("a" * 10_000) is None
    assert time.perf_counter() - began < 1


class Plain(StateStore, ABC):
    """A store without a bulk get of its own."""


def test_native_bulk_without_a_bulk_get_is_refused() -> None:
    with pytest.raises(TypeError, match="Slow: bulk_get is the default of StateStore; NativeBulk"):
        type("Slow", (Plain, NativeBulk), dict.fromkeys(("get", "set", "delete"), _done))


async def test_native_bulk_has_no_limit_unless_it_says_so() -> None:
    methods = dict.fromkeys(("get", "set", "delete", "bulk_get"), _done)
    store = type("Quick", (Plain, NativeBulk), methods)()

    assert store.features == ("NATIVE_BULK",)
    assert await store.bulk_get_limit() is None


async def _done(self: object, *_: object) -> None: ...
