"""A subscription to settings in Redis: what the server tells, and what it could not tell meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final

from redis import asyncio as redis
from redis.exceptions import ResponseError, TimeoutError as NoAnswerError

from pluggable.configuration import ConfigurationStore, GetRequest, Notify

from ..watch import SILENCE_SECONDS, Watch
from .connection import RedisConnection
from .errors import FAILURES, error_of
from .values import channel_of, key_of

logger = logging.getLogger(__name__)

#: What a server has to tell of: changes by key, of any type (g), of strings ($), expired (x), evicted (e).
EVENTS: Final = "Kg$xe"
#: The events that the server's ``A`` stands for, as far as they count here.
_ALL: Final = "g$xe"
#: Events that change how long a key lives, and not what it is.
_OF_ITS_TIME: Final = frozenset({b"expire", b"persist"})


class RedisWatch(Watch):
    """Subscribes at each server of a cluster."""

    def __init__(
        self,
        connection: RedisConnection,
        database: int,
        *,
        store: ConfigurationStore,
        keys: Sequence[str],
        notify: Notify,
        name: str,
    ) -> None:
        super().__init__(store, keys, notify, f'configuration.redis "{name}"')
        self._connection = connection
        self._database = database

    async def listen(self) -> None:
        try:
            async with AsyncExitStack() as stack:
                listening = []
                for server in await self._connection.servers(stack):
                    await self._have_it_told(server)
                    pubsub = server.pubsub()
                    stack.push_async_callback(pubsub.aclose)
                    await self._subscribe(pubsub)
                    listening.append(pubsub)
                await self.begin()
                await _first_failure([self._pass_on(pubsub) for pubsub in listening])
        except FAILURES as error:
            raise error_of(error, self._connection.address) from error

    async def _have_it_told(self, server: redis.Redis) -> None:
        """Make the server tell of changes, beside what it tells of already."""
        try:
            found = (await server.config_get("notify-keyspace-events")).get("notify-keyspace-events") or ""
            told = found + _ALL if "A" in found else found
            if missing := "".join(event for event in EVENTS if event not in told):
                await server.config_set("notify-keyspace-events", found + missing)
        except ResponseError as error:
            logger.warning(
                "%s: the server does not let itself be configured (%s); it tells of "
                "changes only if its notify-keyspace-events has %s",
                self.what,
                error,
                EVENTS,
            )

    async def _subscribe(self, pubsub: Any) -> None:
        if self.keys:
            await pubsub.subscribe(*(channel_of(key, self._database) for key in self.keys))
        else:
            await pubsub.psubscribe(channel_of("*", self._database))
        while not self._stands(await self._message(pubsub)):
            pass

    async def _pass_on(self, pubsub: Any) -> None:
        while True:
            message = await self._message(pubsub)
            if self._stands(message):  # redis-py has connected again: what changed meanwhile was not told
                await self.look(GetRequest(keys=self.keys))
            elif (key := self._written(message)) is not None:
                await self.look(GetRequest(keys=(key,)), written=True)

    def _written(self, message: Mapping[str, Any]) -> str | None:
        """Return the key that the message tells of, if it is one that was written or removed."""
        if message["type"] not in {"message", "pmessage"} or message["data"] in _OF_ITS_TIME:
            return None
        return key_of(message["channel"], self._database)

    def _stands(self, message: Mapping[str, Any]) -> bool:
        """Whether the last of our channels is confirmed."""
        return message["type"] in {"subscribe", "psubscribe"} and message["data"] >= max(1, len(self.keys))

    async def _message(self, pubsub: Any) -> Mapping[str, Any]:
        """Return what the server tells next, and see that it is there while it tells nothing."""
        for _ in range(2):
            async with asyncio.timeout(2 * SILENCE_SECONDS):
                message = await pubsub.get_message(timeout=SILENCE_SECONDS)
                if message is not None:
                    found: Mapping[str, Any] = message
                    return found
                await pubsub.ping()
        raise NoAnswerError(f"no answer within {SILENCE_SECONDS:g} s")


async def _first_failure(running: Sequence[Any]) -> None:
    """Run coroutines that never return, until the first of them fails."""
    tasks = [asyncio.create_task(each) for each in running]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
