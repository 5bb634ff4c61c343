"""A subscription to a configuration store: goes on when that is loaded anew, and ends when it is gone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from ...configuration import Changes, ConfigurationStore, GetRequest, Notify, SubscribeRequest
from ...errors import ComponentError
from ..components.catalog import Loaded
from ..errors.configuration import ConfigurationStoreNotFoundError, ConfigurationSubscribeError

#: How long a store may take to say that it tells of changes now.
STAND_SECONDS: Final = 10.0
#: How long a store may be missing, as while it is loaded anew, before its subscriptions end.
GONE_SECONDS: Final = 10.0

logger: logging.Logger = logging.getLogger(__name__)

Tell = Callable[[Changes], Awaitable[None]]


class Listening:
    """
    One subscription, begun by ``begin`` and ended by ``end``.

    ``tell`` is awaited for each change; while it has not returned, the store keeps what comes.
    """

    def __init__(
        self,
        store: str,
        request: SubscribeRequest,
        stores: Mapping[str, Loaded[ConfigurationStore]],
        tell: Tell,
    ) -> None:
        self._store = store
        self._request = request
        self._stores = stores
        self._tell = tell
        self._loaded_anew = asyncio.Event()
        self._stands = asyncio.Event()
        self.task: asyncio.Task[None] = asyncio.create_task(self._run(), name=f"listening to {store}")
        """Ends when the subscription does, with an error where that is not its subscriber's wish."""

    def changed(self) -> None:
        """Look whether the store is another now."""
        self._loaded_anew.set()

    async def begun(self) -> None:
        """
        Return when what changes from now on will be told.

        Raises:
            ConfigurationError: the store refuses, or does not answer.
        """
        standing = asyncio.create_task(self._stands.wait())
        try:
            await asyncio.wait(
                {standing, self.task}, timeout=STAND_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            standing.cancel()
        if self.task.done():
            self.task.result()
        if not self._stands.is_set():
            reason = f"the store did not confirm it within {STAND_SECONDS:g} s"
            raise ConfigurationSubscribeError(self._store, self._request.keys, reason)

    async def end(self) -> None:
        """Tell of nothing more."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def _run(self) -> None:
        component: ConfigurationStore | None = None
        while True:
            self._loaded_anew.clear()
            loaded = self._stores.get(self._store)
            if loaded is None:
                await self._wait_for_store()
                continue
            renewed, component = component is not None, loaded.component
            await self._follow(component, renewed=renewed)

    async def _wait_for_store(self) -> None:
        try:
            async with asyncio.timeout(GONE_SECONDS):
                await self._loaded_anew.wait()
        except TimeoutError:
            raise ConfigurationStoreNotFoundError(self._store) from None

    async def _follow(self, component: ConfigurationStore, *, renewed: bool) -> None:
        """Tell what one component tells until the store is another."""
        telling = asyncio.create_task(self._told_by(component, renewed=renewed))
        try:
            while self._component() is component:
                self._loaded_anew.clear()
                anew = asyncio.create_task(self._loaded_anew.wait())
                await asyncio.wait({telling, anew}, return_when=asyncio.FIRST_COMPLETED)
                anew.cancel()
                if telling.done():
                    telling.result()
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    async def _told_by(self, component: ConfigurationStore, *, renewed: bool) -> None:
        notify = _Passing(self._tell, self._stands)
        running = asyncio.create_task(component.subscribe(self._request, notify))
        try:
            if renewed:
                await asyncio.wait({running, notify.standing}, return_when=asyncio.FIRST_COMPLETED)
                await self._tell_all(component, notify)
            await running
        except ComponentError as error:
            raise ConfigurationSubscribeError(self._store, self._request.keys, str(error)) from error
        finally:
            notify.standing.cancel()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        raise ConfigurationSubscribeError(self._store, self._request.keys, "the store ended it")

    async def _tell_all(self, component: ConfigurationStore, notify: Notify) -> None:
        """Tell all that a store has which was loaded anew: nobody knows what is different in there."""
        request = GetRequest(keys=self._request.keys, metadata=self._request.metadata)
        try:
            items = await component.get(request)
        except ComponentError as error:
            logger.warning(
                "configuration store %s was loaded anew; what it has now cannot be told: %s",
                self._store,
                error,
            )
        else:
            await notify(items)

    def _component(self) -> ConfigurationStore | None:
        loaded = self._stores.get(self._store)
        return None if loaded is None else loaded.component


class _Passing(Notify):
    """Passes on what one component tells, one change after the other."""

    def __init__(self, tell: Tell, stands: asyncio.Event) -> None:
        self.standing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tell = tell
        self._stands = stands
        self._turn = asyncio.Lock()

    async def __call__(self, changes: Changes) -> None:
        self.ready()
        if changes:
            async with self._turn:
                await self._tell(changes)

    def ready(self) -> None:
        self._stands.set()
        if not self.standing.done():
            self.standing.set_result(None)
