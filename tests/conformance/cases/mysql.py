"""MySQL, for which a MariaDB stands in: a server a case."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.backends.mariadb import MariaDB

from .case import BAD_ETAG, TRANSACTIONS, Case, Suite, Surroundings


@asynccontextmanager
async def server(_folder: Path) -> AsyncIterator[Surroundings]:
    """A MariaDB with nothing in it."""
    with MariaDB.running() as mariadb:
        yield Surroundings(properties={"connectionString": mariadb.dsn()})


CASES: Final = (
    Case(
        type="state.mysql",
        around=server,
        suites={"": Suite(operations=TRANSACTIONS, config=BAD_ETAG)},
    ),
)
