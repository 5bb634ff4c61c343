"""MySQL, for which a MariaDB stands in: a server a case."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.backends.mariadb import MariaDB

from .case import BAD_ETAG, SELECT, STATEMENTS, TRANSACTIONS, Case, Suite, Surroundings


@asynccontextmanager
async def server(_folder: Path) -> AsyncIterator[Surroundings]:
    """A MariaDB with nothing in it."""
    with MariaDB.running() as mariadb:
        yield Surroundings(properties={"connectionString": mariadb.dsn()})


@asynccontextmanager
async def statements(_folder: Path) -> AsyncIterator[Surroundings]:
    """A MariaDB, and statements for it."""
    with MariaDB.running() as mariadb:
        yield Surroundings(properties={"url": mariadb.dsn()}, operations=SELECT)


CASES: Final = (
    Case(
        type="state.mysql",
        around=server,
        suites={"": Suite(operations=TRANSACTIONS, config=BAD_ETAG)},
    ),
    Case(type="bindings.mysql", around=statements, suites={"": Suite(operations=STATEMENTS)}),
)
