"""Locks in the memory of their process, for development: every sidecar has its own."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from pluggable import About
from pluggable.lock import LockStore, TryLockRequest, UnlockRequest, UnlockStatus
from pluggable.metadata import Metadata

from .expirations import Expirations

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Held:
    owner: str
    end: float
    """By a clock that nobody sets."""


class InMemoryLockStore(LockStore):
    """Locks that are held as long as this object lives, at most."""

    about = About(
        title="In-memory",
        description="Locks in the memory of the component's process, for trying out; all free when it ends.",
        url="https://docs.dapr.io/reference/components-reference/supported-locks/",
        status="development-only",
    )

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}
        self._expirations = Expirations(self._swept)

    async def init(self, metadata: Metadata) -> None:
        logger.warning(
            'lock.in-memory "%s" keeps its locks in this process: other sidecars do not see them, '
            "and all are free when it ends",
            metadata.name,
        )

    async def close(self) -> None:
        self._expirations.close()
        self._held.clear()

    async def try_lock(self, request: TryLockRequest) -> bool:
        if self._holder(request.resource) is not None:
            return False
        self._held[request.resource] = _Held(request.owner, time.monotonic() + request.expiry_seconds)
        self._expirations.add(request.resource, time.time() + request.expiry_seconds)
        return True

    async def unlock(self, request: UnlockRequest) -> UnlockStatus:
        owner = self._holder(request.resource)
        if owner is None:
            return UnlockStatus.LOCK_DOES_NOT_EXIST
        if owner != request.owner:
            return UnlockStatus.LOCK_BELONGS_TO_OTHERS
        self._expirations.discard(request.resource)
        del self._held[request.resource]
        return UnlockStatus.SUCCESS

    def _holder(self, resource: str) -> str | None:
        """Return who has a lock now."""
        held = self._held.get(resource)
        return held.owner if held is not None and time.monotonic() < held.end else None

    def _swept(self, resource: str) -> None:
        """Forget a lock whose time is over; one that was taken again since has another."""
        held = self._held[resource]
        left = held.end - time.monotonic()
        if left > 0:  # the clock on the wall was set forward
            self._expirations.add(resource, time.time() + left)
        else:
            del self._held[resource]
