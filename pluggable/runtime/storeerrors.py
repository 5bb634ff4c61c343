"""What configuration stores and lock stores refuse or cannot do; sentences and rules as in ``errors``."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import ComponentError
from .errors import BlockError

# --- configuration


class ConfigurationError(BlockError):
    """Something about one configuration store."""


class ConfigurationStoresNotConfiguredError(ConfigurationError):
    """There is no configuration store at all."""

    def __init__(self) -> None:
        super().__init__("configuration stores not configured")


class ConfigurationStoreNotFoundError(ConfigurationError):
    """There are configuration stores, but none of this name, or no more."""

    def __init__(self, store: str) -> None:
        super().__init__(f"configuration store {store} not found")


class ConfigurationGetError(ConfigurationError):
    """The store could not tell its items."""

    def __init__(self, store: str, keys: Sequence[str], cause: ComponentError) -> None:
        super().__init__(f"failed to get {_listed(keys)} from Configuration store {store}: {cause}")


class ConfigurationSubscribeError(ConfigurationError):
    """The store does not tell of changes."""

    def __init__(self, store: str, keys: Sequence[str], reason: str) -> None:
        super().__init__(f"failed to subscribe {_listed(keys)} from Configuration store {store}: {reason}")


class TooManySubscriptionsError(ConfigurationSubscribeError):
    """So many subscriptions are open already."""

    def __init__(self, store: str, keys: Sequence[str], limit: int) -> None:
        super().__init__(store, keys, f"{limit} subscriptions are open already; unsubscribe from some")


class NoApplicationError(ConfigurationError):
    """There is no application that could be called back."""

    def __init__(self) -> None:
        super().__init__("app channel is not initialized. cannot subscribe to configuration updates")


# --- lock


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


def _listed(keys: Sequence[str]) -> str:
    """Return keys as Go prints a list of them, which is part of daprd's sentences."""
    return f"[{' '.join(keys)}]"
