"""memcached: a server a case."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.backends.memcached import Memcached

from .case import Case, Suite, Surroundings


@asynccontextmanager
async def server(_folder: Path) -> AsyncIterator[Surroundings]:
    """A memcached."""
    # An item has 1 MiB at most unless told otherwise; the kit stores what fits in a message.
    with Memcached.running("-I", "8m") as memcached:
        yield Surroundings(properties={"hosts": f"127.0.0.1:{memcached.port}"})


CASES: Final = (Case(type="state.memcached", around=server, suites={"": Suite(operations=("ttl",))}),)
