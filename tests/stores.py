"""A configuration store and a lock store that keep all rules, in memory, with a hand at their backends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

from pluggable import ConfigurationStore, LockStore, Metadata
from pluggable.configuration import Changes, GetRequest, Item, Notify, SubscribeRequest
from pluggable.lock import TryLockRequest, UnlockRequest, UnlockStatus


class Board:
    """Where settings are written; it outlives the stores that read it."""

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.readers: set[asyncio.Queue[Changes]] = set()
        self.version = 0
        self.left = asyncio.Event()
        """Somebody reads no more."""

    def put(self, key: str, value: str) -> Item:
        """Write a setting, and return it."""
        self.version += 1
        self.items[key] = Item(value=value, version=str(self.version))
        self.tell({key: self.items[key]})
        return self.items[key]

    def remove(self, key: str) -> None:
        """Take a setting away."""
        del self.items[key]
        self.tell({key: None})

    def tell(self, changes: Changes) -> None:
        """Let all who read know."""
        for reader in self.readers:
            reader.put_nowait(changes)


class Settings(ConfigurationStore):
    """Reads a board."""

    def __init__(self, board: Board | None = None) -> None:
        self.board = board or Board()

    async def init(self, metadata: Metadata) -> None:
        for key, value in metadata.properties.items():
            self.board.put(key, value)

    async def get(self, request: GetRequest) -> Mapping[str, Item]:
        items = self.board.items
        return {key: items[key] for key in request.keys or items if key in items}

    async def subscribe(self, request: SubscribeRequest, notify: Notify) -> None:
        told: asyncio.Queue[Changes] = asyncio.Queue()
        self.board.readers.add(told)
        try:
            notify.ready()
            while True:
                changes = await told.get()
                if wanted := {k: item for k, item in changes.items() if k in (request.keys or changes)}:
                    await notify(wanted)
        finally:
            self.board.readers.remove(told)
            self.board.left.set()


class Locks(LockStore):
    """Locks that end by a clock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.held: dict[str, tuple[str, float]] = {}

    async def try_lock(self, request: TryLockRequest) -> bool:
        if self.owner(request.resource) is not None:
            return False
        self.held[request.resource] = request.owner, self.clock() + request.expiry_seconds
        return True

    async def unlock(self, request: UnlockRequest) -> UnlockStatus:
        owner = self.owner(request.resource)
        if owner is None:
            return UnlockStatus.LOCK_DOES_NOT_EXIST
        if owner != request.owner:
            return UnlockStatus.LOCK_BELONGS_TO_OTHERS
        del self.held[request.resource]
        return UnlockStatus.SUCCESS

    def owner(self, resource: str) -> str | None:
        """Return who has a lock now."""
        owner, end = self.held.get(resource, ("", 0.0))
        return owner if self.clock() < end else None
