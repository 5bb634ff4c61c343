from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields

import pytest

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
