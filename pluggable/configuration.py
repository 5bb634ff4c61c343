"""Configuration stores: settings by name, and the news of their changes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .component import Component
from .metadata import NO_METADATA


@dataclass(frozen=True, slots=True, kw_only=True)
class GetRequest:
    """Ask for items; without keys, for all."""

    keys: Sequence[str] = ()
    metadata: Mapping[str, str] = NO_METADATA


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscribeRequest:
    """What to hear of; without keys, of everything, what is added later too."""

    keys: Sequence[str] = ()
    metadata: Mapping[str, str] = NO_METADATA


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A setting's value; ``version`` is the store's own word for it, where it has one."""

    value: str
    version: str | None = None
    metadata: Mapping[str, str] = NO_METADATA


#: What changed, by key: the item as it is now, ``None`` where it is gone.
Changes = Mapping[str, Item | None]


class Notify(ABC):
    """What a subscription is given to tell of changes with."""

    @abstractmethod
    async def __call__(self, changes: Changes) -> None:
        """
        Tell of one change, or of several at once; waits while the far end has not taken the earlier ones.

        Raises:
            LimitExceededError: there is more to tell than the far end can take at once.
        """

    def ready(self) -> None:
        """Say that what changes from now on will be told. The first change told says it too."""


class ConfigurationStore(Component):
    """A store of settings, which are written by other means. One object serves one configured component."""

    @abstractmethod
    async def get(self, request: GetRequest) -> Mapping[str, Item]:
        """Return the items that are there, by key; a missing key is left out, and no error."""

    @abstractmethod
    async def subscribe(self, request: SubscribeRequest, notify: Notify) -> None:
        """
        Tell of changes until cancelled, which is how one unsubscribes.

        Say ``notify.ready()`` when the subscription stands, and tell only of what changes then: what there
        was before, ``get`` has told. Trouble with the backend is dealt with in here, by connecting again: a
        subscription that returns or raises is opened again by our sidecar, from outside.
        """
