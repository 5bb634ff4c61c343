"""A component that is initialised for a test, and closed after it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar

from pluggable import Metadata
from pluggable.component import Component

C = TypeVar("C", bound=Component)


@asynccontextmanager
async def opened(kind: type[C], properties: Mapping[str, str], name: str = "mine") -> AsyncIterator[C]:
    """The component, with these properties."""
    found = kind()
    await found.init(Metadata(dict(properties), name))
    try:
        yield found
    finally:
        await found.close()
