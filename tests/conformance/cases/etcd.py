"""etcd: a server a case."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.backends.etcd import Etcd

from .case import TRANSACTIONS, Case, Suite, Surroundings


@asynccontextmanager
async def server(_folder: Path) -> AsyncIterator[Surroundings]:
    """An etcd with nothing in it, that takes what the kit stores."""
    with Etcd.running("--max-request-bytes", "8388608") as etcd:
        yield Surroundings(properties={"endpoints": etcd.endpoint, "keyPrefixPath": "kit"})


_SUITES: Final = {"": Suite(operations=TRANSACTIONS, config={"badEtag": "9007199254740991"})}
CASES: Final = (
    Case(type="state.etcd", around=server, suites=_SUITES),
    Case(type="state.etcd-v2", around=server, suites=_SUITES),
)
