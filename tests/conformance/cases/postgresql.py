"""PostgreSQL: a server a case."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.backends.postgresql import PostgreSQL, program, table

from .case import BAD_ETAG, SELECT, STATEMENTS, TRANSACTIONS, Case, Suite, Surroundings

#: Changes a setting, or adds it.
WRITE: Final = (
    "UPDATE config SET value = '{value}' WHERE key = '{key}'; INSERT INTO config "
    "SELECT '{key}', '{value}', '1' WHERE NOT EXISTS (SELECT FROM config WHERE key = '{key}')"
)


@asynccontextmanager
async def server(_folder: Path) -> AsyncIterator[Surroundings]:
    """A PostgreSQL with nothing in it."""
    with PostgreSQL.running() as postgresql:
        yield Surroundings(properties={"connectionString": postgresql.url()})


@asynccontextmanager
async def statements(_folder: Path) -> AsyncIterator[Surroundings]:
    """A PostgreSQL, and statements for it."""
    with PostgreSQL.running() as postgresql:
        yield Surroundings(properties={"connectionString": postgresql.url()}, operations=SELECT)


@asynccontextmanager
async def settings(_folder: Path) -> AsyncIterator[Surroundings]:
    """A table of settings with its trigger, and what writes into it."""
    with PostgreSQL.running() as postgresql:
        postgresql.sql(table("config", "changes"))
        client = (program("psql"), postgresql.url(), "-q", "-c")
        yield Surroundings(
            properties={
                "connectionString": postgresql.url(),
                "table": "config",
                "notifyChannel": "changes",
            },
            write=(
                *client,
                WRITE,
            ),
            remove=(*client, "DELETE FROM config WHERE key = '{key}'"),
        )


CASES: Final = (
    Case(
        type="state.postgresql",
        around=server,
        suites={"": Suite(operations=TRANSACTIONS, config={"badEtag": "1"})},
    ),
    Case(
        type="state.postgresql-v2",
        around=server,
        suites={"": Suite(operations=TRANSACTIONS, config=BAD_ETAG)},
    ),
    Case(type="lock.postgresql", around=server),
    Case(type="configuration.postgresql", around=settings),
    Case(type="bindings.postgresql", around=statements, suites={"": Suite(operations=STATEMENTS)}),
)
