"""Configuration: what the stores tell of the application's settings, and who hears of their changes."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ...configuration import ConfigurationStore, GetRequest, Item, SubscribeRequest
from ...errors import ComponentError
from ...metadata import NO_METADATA
from ..appchannel import AppChannel
from ..components.catalog import Catalog
from ..errors.configuration import (
    ConfigurationGetError,
    ConfigurationStoreNotFoundError,
    ConfigurationStoresNotConfiguredError,
    TooManySubscriptionsError,
)
from .listening import Listening, Tell

#: Subscriptions that may be open at a time: those over HTTP last until somebody ends them.
MOST_SUBSCRIPTIONS: Final = 1000

logger: logging.Logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Subscription:
    """An open subscription, by the id that its subscriber knows."""

    id: str
    listening: Listening

    async def over(self) -> None:
        """
        Wait until it has ended: as somebody wished, or with an error.

        Raises:
            ConfigurationError: the store is gone.
        """
        await asyncio.wait({self.listening.task})
        if not self.listening.task.cancelled():
            self.listening.task.result()


class Configurations:
    """
    The configuration stores by name, and the subscriptions to them. ``close`` must be awaited.

    ``application`` is who can be called back.
    """

    def __init__(self, catalog: Catalog, application: AppChannel) -> None:
        self.application = application
        self._catalog = catalog
        self._open: dict[str, Subscription] = {}
        catalog.watch(self._changed)

    async def get(
        self, store: str, keys: Sequence[str] = (), metadata: Mapping[str, str] = NO_METADATA
    ) -> Mapping[str, Item]:
        """
        Return the items that are there, by key; without keys, all.

        Raises:
            ConfigurationError: there is no such store, or it failed.
        """
        component = self.store(store)
        try:
            return await component.get(GetRequest(keys=keys, metadata=metadata))
        except ComponentError as error:
            raise ConfigurationGetError(store, keys, error) from error

    def store(self, name: str) -> ConfigurationStore:
        """
        Return the store of this name.

        Raises:
            ConfigurationStoresNotConfiguredError: there is none at all.
            ConfigurationStoreNotFoundError: there are others.
        """
        loaded = self._catalog.configuration.get(name)
        if loaded is not None:
            return loaded.component
        if self._catalog.configuration:
            raise ConfigurationStoreNotFoundError(name)
        raise ConfigurationStoresNotConfiguredError

    async def subscribe(
        self, store: str, keys: Sequence[str], metadata: Mapping[str, str], tell: Tell
    ) -> Subscription:
        """
        Have changes told from now on, until somebody unsubscribes or the store is gone.

        Raises:
            ConfigurationError: there is no such store, it refuses, or too many listen already.
        """
        self.store(store)
        if len(self._open) >= MOST_SUBSCRIPTIONS:
            raise TooManySubscriptionsError(store, keys, MOST_SUBSCRIPTIONS)
        request = SubscribeRequest(keys=keys, metadata=metadata)
        listening = Listening(store, request, self._catalog.configuration, tell)
        subscription = Subscription(str(uuid.uuid4()), listening)
        self._open[subscription.id] = subscription
        listening.task.add_done_callback(lambda _: self._ended(subscription))
        try:
            await listening.begun()
        except BaseException:
            await listening.end()
            raise
        return subscription

    async def unsubscribe(self, id: str) -> bool:
        """End a subscription, and return whether there was one of this id."""
        subscription = self._open.get(id)
        if subscription is None:
            return False
        await subscription.listening.end()
        return True

    async def close(self) -> None:
        """End all subscriptions."""
        await asyncio.gather(*(each.listening.end() for each in list(self._open.values())))

    def _changed(self) -> None:
        for subscription in self._open.values():
            subscription.listening.changed()

    def _ended(self, subscription: Subscription) -> None:
        self._open.pop(subscription.id, None)
        task = subscription.listening.task
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.warning("configuration subscription %s has ended: %s", subscription.id, error)
