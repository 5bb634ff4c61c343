"""What a case is: a bundled component, what it needs around it, and what the suites are to exercise."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pluggable.conformance import Profile

#: Etag, first write, transactions and TTL, which upstream's suite for state stores has operations for.
TRANSACTIONS: Final = ("transaction", "etag", "first-write", "ttl", "actorStateStore")
#: Well formed, and no key has it.
BAD_ETAG: Final = {"badEtag": "e9b9e142-74b1-4a2e-8e90-3f4ffeea2e70"}
#: How long upstream's suite for brokers reads, and waits before it publishes.
BROKERS: Final = {"maxReadDuration": "8s", "waitDurationToPublish": "500ms"}

#: What the bindings of SQL servers are asked for.
STATEMENTS: Final = ("operations", "exec", "query", "close")
SELECT: Final = {"query": {"metadata": {"sql": "SELECT 1"}}, "exec": {"metadata": {"sql": "SELECT 1"}}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings(Profile):
    """A component's profile, and what is around the component; a test says where it is."""

    address: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables of the component's process."""
    config: Mapping[str, Any] = field(default_factory=dict)
    """What is added to the configuration of upstream's suites."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """One run of upstream's suite: its operations, and its configuration."""

    operations: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)


Around = Callable[[Path], AbstractAsyncContextManager[Surroundings]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A bundled component in the suites."""

    type: str
    """The name of its entry point."""
    around: Around
    """Given a folder of the test's own: starts what is needed, and stops it in the end."""
    suites: Mapping[str, Suite] = field(default_factory=dict)
    """Upstream's, by what tells them apart (``""`` for the only one); none where upstream has no adapter."""


@asynccontextmanager
async def nothing(_folder: Path) -> AsyncIterator[Surroundings]:
    """For a component that needs nothing around it."""
    yield Surroundings()
