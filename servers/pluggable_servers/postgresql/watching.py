"""A subscription to settings in PostgreSQL: what the trigger tells, and what it could not tell meanwhile."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import asyncpg

from pluggable.configuration import Changes, ConfigurationStore, GetRequest, Item, Notify
from pluggable.errors import ComponentError, LimitExceededError

from .connection import Connection
from .errors import FAILURES, error_of
from .settings import PostgreSQLTimedSettings

logger = logging.getLogger(__name__)

#: A server silent for so long is asked whether it is there; after as long again the connection is dead.
SILENCE_SECONDS: Final = 10.0
_CLOSE_SECONDS: Final = 2.0
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 15.0


class Watch:
    """
    What a subscription runs until it is cancelled; ``keys`` may be empty, which is all.

    It has a connection of its own: one of the pool would be lent to others while it listens.
    """

    def __init__(
        self,
        settings: PostgreSQLTimedSettings,
        store: ConfigurationStore,
        keys: Sequence[str],
        notify: Notify,
        *,
        name: str,
        channel: str,
    ) -> None:
        self._settings = settings
        self._store = store
        self._keys = keys
        self._notify = notify
        self._name = name
        self._channel = channel
        self._known: dict[str, Item] | None = None
        """What the subscriber takes to be there; ``None`` before the first look."""
        self._pause = _FIRST_PAUSE

    async def run(self) -> None:
        """Tell of changes until cancelled, over as many connections as that takes."""
        while True:
            try:
                await self._listen()
            except ComponentError as error:
                reason = str(error)
            except FAILURES as error:
                reason = str(error_of(error, self._settings.address))
            logger.warning(
                'configuration.postgresql "%s": a subscription is interrupted, goes on in %g s: %s',
                self._name,
                self._pause,
                reason,
            )
            await asyncio.sleep(self._pause)
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    async def _listen(self) -> None:
        """Listen, and pass on what is told until the connection is lost."""
        connection = await asyncpg.connect(self._settings.url, timeout=SILENCE_SECONDS)
        try:
            told: asyncio.Queue[str | None] = asyncio.Queue()
            connection.add_termination_listener(lambda _: told.put_nowait(None))
            await connection.add_listener(self._channel, lambda *told_by: told.put_nowait(told_by[3]))
            await self._look(GetRequest(keys=self._keys))
            self._notify.ready()
            self._pause = _FIRST_PAUSE
            while True:
                await self._pass_on(await _next(told, connection))
        finally:
            with suppress(*FAILURES):
                await connection.close(timeout=_CLOSE_SECONDS)

    async def _pass_on(self, payload: str) -> None:
        """Tell of the row that the trigger put into ``data``; after DELETE see what there is now."""
        row = _row(payload)
        if row is None:
            logger.warning(
                'configuration.postgresql "%s": channel %s carried no JSON with the row in "data": %.200r',
                self._name,
                self._channel,
                payload,
            )
            return
        key, item = row
        if self._keys and key not in self._keys:
            return
        if item is None:
            await self._look(GetRequest(keys=(key,)))
            return
        if self._known is not None:
            self._known[key] = item
        await self._tell({key: item})

    async def _look(self, request: GetRequest) -> None:
        """See what is there, of some keys or of all, and tell what is different from what was known."""
        found = await self._store.get(request)
        known = self._known
        if known is None:
            self._known = dict(found)
            return
        asked = request.keys or {**known, **found}
        changes = {key: found.get(key) for key in asked if known.get(key) != found.get(key)}
        for key in changes:
            known.pop(key, None)
        known.update(found)
        await self._tell(changes)

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
            logger.warning('configuration.postgresql "%s": a change cannot be told: %s', self._name, error)


async def _next(told: asyncio.Queue[str | None], connection: Connection) -> str:
    """Return what the server tells next, and see that it is there while it tells nothing."""
    while True:
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                payload = await told.get()
        except TimeoutError:
            await connection.fetchval("SELECT 1", timeout=SILENCE_SECONDS)
            continue
        if payload is None:
            raise ConnectionResetError("the connection that listens was lost")
        return payload


def _row(payload: str) -> tuple[str, Item | None] | None:
    """Return the setting that a notification tells of, without the item if its row was deleted."""
    try:
        told: Any = json.loads(payload)
        row = {name.lower(): value for name, value in told["data"].items()}
        key, value, version = row["key"], row.get("value", ""), row.get("version") or ""
        metadata = row.get("metadata") or {}
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    texts = (key, value, version, *(metadata.values() if isinstance(metadata, dict) else (None,)))
    if not all(isinstance(text, str) for text in texts):
        return None
    if told.get("action") == "DELETE":
        return key, None
    return key, Item(value=value, version=version or None, metadata=metadata)
