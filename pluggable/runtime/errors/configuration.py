"""What configuration stores refuse or cannot do."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import ComponentError
from .base import BlockError


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


def _listed(keys: Sequence[str]) -> str:
    """Return keys as Go prints a list of them, which is part of daprd's sentences."""
    return f"[{' '.join(keys)}]"
