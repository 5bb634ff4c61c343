"""What lock stores refuse or cannot do."""

from __future__ import annotations

from ...errors import ComponentError
from .base import BlockError


class LockError(BlockError):
    """Something about one lock store."""


class LockStoresNotConfiguredError(LockError):
    """There is no lock store at all."""

    def __init__(self) -> None:
        super().__init__("lock store is not configured")


class LockStoreNotFoundError(LockError):
    """There are lock stores, but none of this name."""

    def __init__(self, store: str) -> None:
        super().__init__(f"lock store {store} not found")


class LockRequestError(LockError):
    """A request leaves out what every lock needs; ``what`` is that, and what is wrong with it."""

    def __init__(self, store: str, what: str) -> None:
        super().__init__(f"{what} in lock store {store}")


class TryLockError(LockError):
    """The store could not say whether the lock is free, or the key cannot be one."""

    def __init__(self, reason: ComponentError | str) -> None:
        super().__init__(f"failed to try acquiring lock: {reason}")


class UnlockError(LockError):
    """The store could not give the lock back, or the key cannot be one."""

    def __init__(self, reason: ComponentError | str) -> None:
        super().__init__(f"failed to release lock: {reason}")
