"""What a subscription to settings is told, kept in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from pluggable import ConfigurationStore
from pluggable.configuration import Changes, Notify, SubscribeRequest
from pluggable.metadata import NO_METADATA


class News(Notify):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[Changes] = asyncio.Queue()
        self.stands = asyncio.Event()

    async def __call__(self, changes: Changes) -> None:
        self.told.put_nowait(changes)

    def ready(self) -> None:
        self.stands.set()

    async def next(self) -> Changes:
        async with asyncio.timeout(40):
            return await self.told.get()


@asynccontextmanager
async def heard(
    store: ConfigurationStore, *keys: str, metadata: Mapping[str, str] = NO_METADATA
) -> AsyncIterator[News]:
    """A subscription that stands."""
    news = News()
    listening = asyncio.create_task(store.subscribe(SubscribeRequest(keys=keys, metadata=metadata), news))
    try:
        async with asyncio.timeout(20):
            await news.stands.wait()
        yield news
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
