from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields

import pytest

from pluggable.errors import InitError
from pluggable_servers.sqlite.schema import migrate
from pluggable_servers.sqlite.statements import Statements, statements

#: It has no index, as daprd's table has none for it.
SCANNING = {"clean_up"}


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as found:
        migrate(found, "order", "group")
        yield found


@pytest.mark.parametrize("name", [field.name for field in fields(Statements)])
def test_statement_goes_by_the_primary_key(connection: sqlite3.Connection, name: str) -> None:
    text: str = getattr(statements("order", "group"), name)

    plan = connection.execute(f"EXPLAIN QUERY PLAN {text}", [None] * text.count("?")).fetchall()

    scans = [row for row in plan if row[3].startswith("SCAN")]
    assert bool(scans) == (name in SCANNING), plan


def test_tables_that_cannot_be_made_for_want_of_a_library_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "pluggable_servers.sqlite.tables", raising=False)
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with (
        closing(sqlite3.connect(":memory:", isolation_level=None)) as found,
        pytest.raises(
            InitError, match=r'"order" has to be made, and sqlalchemy is not installed.*\[sqlite\]'
        ),
    ):
        migrate(found, "order", "group")


def test_tables_that_are_there_need_no_library(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)

    migrate(connection, "order", "group")
