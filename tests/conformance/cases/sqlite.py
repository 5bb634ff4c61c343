"""SQLite, in a file of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from .case import BAD_ETAG, TRANSACTIONS, Case, Suite, Surroundings


@asynccontextmanager
async def database(folder: Path) -> AsyncIterator[Surroundings]:
    """A file for the database."""
    yield Surroundings(properties={"connectionString": str(folder / "data.db")})


CASES: Final = (
    Case(
        type="state.sqlite",
        around=database,
        suites={"": Suite(operations=TRANSACTIONS, config=BAD_ETAG)},
    ),
)
