"""A subscription to settings in Redis: what the server tells, and what it could not tell meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final

from redis import asyncio as redis
from redis.exceptions import ResponseError, TimeoutError as NoAnswerError

from pluggable.configuration import Changes, ConfigurationStore, GetRequest, Item, Notify
from pluggable.errors import ComponentError, LimitExceededError

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
#: A server silent for so long is asked whether it is there; after as long again the connection is dead.
SILENCE_SECONDS: Final = 10.0
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 15.0


class Watch:
    """What a subscription runs until it is cancelled; ``keys`` may be empty, which is all."""

    def __init__(
        self,
        connection: RedisConnection,
        store: ConfigurationStore,
        keys: Sequence[str],
        notify: Notify,
        *,
        name: str,
        database: int,
    ) -> None:
        self._connection = connection
        self._store = store
        self._keys = keys
        self._notify = notify
        self._name = name
        self._database = database
        self._known: dict[str, Item] | None = None
        """What the subscriber takes to be there; ``None`` before the first look."""
        self._turn = asyncio.Lock()
        self._pause = _FIRST_PAUSE

    async def run(self) -> None:
        """Tell of changes until cancelled, over as many connections as that takes."""
        while True:
            try:
                await self._listen()
            except ComponentError as error:
                reason = str(error)
            except FAILURES as error:
                reason = str(error_of(error, self._connection.address))
            else:
                return
            logger.warning(
                'configuration.redis "%s": a subscription is interrupted, goes on in %g s: %s',
                self._name,
                self._pause,
                reason,
            )
            await asyncio.sleep(self._pause)
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    async def _listen(self) -> None:
        """Subscribe at each server, and pass on what they tell until one fails."""
        async with AsyncExitStack() as stack:
            listening = []
            for server in await self._connection.servers(stack):
                await self._have_it_told(server)
                pubsub = server.pubsub()
                stack.push_async_callback(pubsub.aclose)
                await self._subscribe(pubsub)
                listening.append(pubsub)
            await self._catch_up()
            self._notify.ready()
            self._pause = _FIRST_PAUSE
            await _first_failure([self._pass_on(pubsub) for pubsub in listening])

    async def _have_it_told(self, server: redis.Redis) -> None:
        """Make the server tell of changes, beside what it tells of already."""
        try:
            found = (await server.config_get("notify-keyspace-events")).get("notify-keyspace-events") or ""
            told = found + _ALL if "A" in found else found
            if missing := "".join(event for event in EVENTS if event not in told):
                await server.config_set("notify-keyspace-events", found + missing)
        except ResponseError as error:
            logger.warning(
                'configuration.redis "%s": the server does not let itself be configured (%s); it tells of '
                "changes only if its notify-keyspace-events has %s",
                self._name,
                error,
                EVENTS,
            )

    async def _subscribe(self, pubsub: Any) -> None:
        if self._keys:
            await pubsub.subscribe(*(channel_of(key, self._database) for key in self._keys))
        else:
            await pubsub.psubscribe(channel_of("*", self._database))
        while not self._stands(await self._message(pubsub)):
            pass

    async def _pass_on(self, pubsub: Any) -> None:
        while True:
            message = await self._message(pubsub)
            if self._stands(message):  # redis-py has connected again: what changed meanwhile was not told
                await self._catch_up()
            elif (key := self._written(message)) is not None:
                await self._look(GetRequest(keys=(key,)), written=True)

    def _written(self, message: Mapping[str, Any]) -> str | None:
        """Return the key that the message tells of, if it is one that was written or removed."""
        if message["type"] not in {"message", "pmessage"} or message["data"] in _OF_ITS_TIME:
            return None
        return key_of(message["channel"], self._database)

    def _stands(self, message: Mapping[str, Any]) -> bool:
        """Whether the last of our channels is confirmed."""
        return message["type"] in {"subscribe", "psubscribe"} and message["data"] >= max(1, len(self._keys))

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

    async def _catch_up(self) -> None:
        await self._look(GetRequest(keys=self._keys))

    async def _look(self, request: GetRequest, *, written: bool = False) -> None:
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
            logger.warning('configuration.redis "%s": a change cannot be told: %s', self._name, error)


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
