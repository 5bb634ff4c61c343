"""A subscription to settings: what changed is told once, over as many connections as that takes."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Final

from pluggable.configuration import Changes, ConfigurationStore, GetRequest, Item, Notify
from pluggable.errors import ComponentError, LimitExceededError

logger = logging.getLogger(__name__)

#: A server silent for so long is asked whether it is there; after as long again the connection is dead.
SILENCE_SECONDS: Final = 10.0
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 15.0


class Watch(ABC):
    """
    What a subscription runs until it is cancelled; ``keys`` may be empty, which is all.

    ``what`` is what messages call the store.
    """

    def __init__(self, store: ConfigurationStore, keys: Sequence[str], notify: Notify, what: str) -> None:
        self.keys = keys
        self.what = what
        self._store = store
        self._notify = notify
        self._known: dict[str, Item] | None = None
        """What the subscriber takes to be there; ``None`` before the first look."""
        self._turn = asyncio.Lock()
        self._pause = _FIRST_PAUSE

    async def run(self) -> None:
        """Tell of changes until cancelled."""
        while True:
            try:
                await self.listen()
            except ComponentError as error:
                logger.warning(
                    "%s: a subscription is interrupted, goes on in %g s: %s", self.what, self._pause, error
                )
            await asyncio.sleep(self._pause)
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    @abstractmethod
    async def listen(self) -> None:
        """
        Listen, ``begin`` once that stands, and have a ``look`` at what the server tells of.

        Raises:
            ComponentError: the connection is lost.
        """

    async def begin(self) -> None:
        """Tell what changed while nobody listened, and say that from now on all is told."""
        await self.look(GetRequest(keys=self.keys))
        self._notify.ready()
        self._pause = _FIRST_PAUSE

    async def look(self, request: GetRequest, *, written: bool = False) -> None:
        """
        See what is there, of some keys or of all, and tell what is different from what was known.

        A key that was ``written`` is told even if it has the same value again, as daprd does.
        """
        async with self._turn:
            found = await self._store.get(request)
            known = self._known
            if known is None:
                self._known = dict(found)
                return
            asked = request.keys or {**known, **found}
            changes = {
                key: found.get(key)
                for key in asked
                if known.get(key) != found.get(key) or (written and key in found)
            }
            for key in changes:
                known.pop(key, None)
            known.update(found)
            await self._tell(changes)

    async def told(self, key: str, item: Item) -> None:
        """Pass on a setting that the server told whole."""
        async with self._turn:
            if self._known is not None:
                self._known[key] = item
            await self._tell({key: item})

    async def _tell(self, changes: Changes) -> None:
        if not changes:
            return
        try:
            await self._notify(changes)
        except LimitExceededError as error:
            if len(changes) > 1:
                for key, item in changes.items():
                    await self._tell({key: item})
                return
            logger.warning("%s: a change cannot be told: %s", self.what, error)
