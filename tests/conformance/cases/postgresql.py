"""PostgreSQL: a server a case."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.backends.postgresql import PostgreSQL

from .case import BAD_ETAG, TRANSACTIONS, Case, Suite, Surroundings


@asynccontextmanager
async def server(_folder: Path) -> AsyncIterator[Surroundings]:
    """A PostgreSQL with nothing in it."""
    with PostgreSQL.running() as postgresql:
        yield Surroundings(properties={"connectionString": postgresql.url()})


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
)
