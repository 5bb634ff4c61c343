"""A subscription to settings in PostgreSQL: what the trigger tells, and what it could not tell meanwhile."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import asyncpg

from pluggable.configuration import ConfigurationStore, GetRequest, Item, Notify

from ..sql.pool import Connection
from ..watch import SILENCE_SECONDS, Watch
from .errors import FAILURES, error_of
from .settings import PostgreSQLTimedSettings

logger = logging.getLogger(__name__)

_CLOSE_SECONDS: Final = 2.0


class PostgreSQLWatch(Watch):
    """It has a connection of its own: one of the pool would be lent to others while it listens."""

    def __init__(
        self,
        settings: PostgreSQLTimedSettings,
        channel: str,
        *,
        store: ConfigurationStore,
        keys: Sequence[str],
        notify: Notify,
        name: str,
    ) -> None:
        super().__init__(store, keys, notify, f'configuration.postgresql "{name}"')
        self._settings = settings
        self._channel = channel

    async def listen(self) -> None:
        try:
            connection = await asyncpg.connect(self._settings.url, timeout=SILENCE_SECONDS)
            try:
                await self._pass_on_from(connection)
            finally:
                with suppress(*FAILURES):
                    await connection.close(timeout=_CLOSE_SECONDS)
        except FAILURES as error:
            raise error_of(error, self._settings.address) from error

    async def _pass_on_from(self, connection: Connection) -> None:
        """Pass on what is told until the connection is lost."""
        told: asyncio.Queue[str | None] = asyncio.Queue()
        connection.add_termination_listener(lambda _: told.put_nowait(None))
        await connection.add_listener(self._channel, lambda *told_by: told.put_nowait(told_by[3]))
        await self.begin()
        while True:
            await self._pass_on(await _next(told, connection))

    async def _pass_on(self, payload: str) -> None:
        """Tell of the row that the trigger put into ``data``; after DELETE see what there is now."""
        row = _row(payload)
        if row is None:
            logger.warning(
                '%s: channel %s carried no JSON with the row in "data": %.200r',
                self.what,
                self._channel,
                payload,
            )
            return
        key, item = row
        if self.keys and key not in self.keys:
            return
        if item is None:
            await self.look(GetRequest(keys=(key,)))
        else:
            await self.told(key, item)


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
