"""
The subscriptions of one client: messages are held until they are handled, and only then acknowledged.

The broker sends what is not acknowledged again after the next connection; meanwhile it comes again from here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from paho.mqtt.client import MQTTMessage

from pluggable.errors import ComponentError, DeniedError, InvalidRequestError

from .connection import LONGEST_PAUSE, MQTTConnection
from .filters import chosen
from .settings import MQTTSettings

logger = logging.getLogger(__name__)

#: So many messages of QoS 0 are held here; what comes beyond is dropped, as such messages may be.
MOST_HELD: Final = 1000


@dataclass(slots=True, eq=False)
class Held:
    """A message that is not handled yet. Without a ``mid`` the broker no longer waits for it."""

    number: int
    mid: int | None
    qos: int
    topic: str
    data: bytes
    retained: bool


#: Handles a message, for as long as it takes; returns when it may be acknowledged.
Handle = Callable[[Held], Awaitable[None]]


class Subscription:
    """Messages of one filter on their way to a handler."""

    def __init__(self, pattern: str, qos: int, handle: Handle, tasks: asyncio.TaskGroup) -> None:
        self.pattern = pattern
        self.qos = qos
        self._handle = handle
        self._tasks = tasks

    def take(self, held: Held, done: Callable[[Held], None], put_back: Callable[[Held], None]) -> None:
        """Have a message handled, beside those that are being handled."""
        self._tasks.create_task(self._work(held, done, put_back))

    async def _work(self, held: Held, done: Callable[[Held], None], put_back: Callable[[Held], None]) -> None:
        handled = False
        try:
            await self._handle(held)
            handled = True
        finally:
            (done if handled else put_back)(held)


class MQTTSession:
    """A connection with its subscriptions; opened by ``open``."""

    def __init__(self, settings: MQTTSettings, client_id: str, component: str) -> None:
        self.connection = MQTTConnection(settings, client_id, self._arrived, self._connected)
        self._component = component
        self._subscriptions: dict[str, Subscription] = {}
        self._coming: list[str] = []
        self._held: dict[int, Held] = {}
        self._free: list[Held] = []
        self._unacknowledgeable = 0
        self._number = 0

    async def open(self) -> None:
        """
        Connect.

        Raises:
            InitError: the broker cannot be reached, or refuses.
        """
        await self.connection.open()

    async def close(self) -> None:
        """Disconnect; the broker keeps what is not acknowledged, unless the session is clean."""
        await self.connection.close()

    async def subscribe(
        self, pattern: str, qos: int, handle: Handle, *, ready: Callable[[], None], unsubscribing: bool
    ) -> None:
        """
        Have the messages of a filter handled until cancelled; trouble with the broker is waited out.

        Raises:
            DeniedError: the broker refuses the subscription.
        """
        async with asyncio.TaskGroup() as tasks:
            mine = Subscription(pattern, qos, handle, tasks)
            try:
                await self._subscribe_patiently(mine)
                # Only now, as what came before it is handed out first, in order.
                self._subscriptions[pattern] = mine
                ready()
                self._hand_out()
                await asyncio.get_running_loop().create_future()
            finally:
                if self._subscriptions.get(pattern) is mine:
                    del self._subscriptions[pattern]
                    if unsubscribing:
                        self.connection.unsubscribe(pattern)

    async def _subscribe_patiently(self, mine: Subscription) -> None:
        while True:
            await self.connection.wait_connected(None)
            self._coming.append(mine.pattern)
            try:
                return await self.connection.subscribe(mine.pattern, mine.qos)
            except (DeniedError, InvalidRequestError):
                raise
            except ComponentError as error:
                logger.warning('%s: trouble with topic "%s": %s', self._component, mine.pattern, error)
            finally:
                self._coming.remove(mine.pattern)
            await asyncio.sleep(LONGEST_PAUSE / 10)

    async def _connected(self, present: bool) -> None:
        """Bring the broker to know what we know: it may have lost the session, or never kept one."""
        if present:
            return
        for held in self._held.values():
            held.mid = None
            self._unacknowledgeable += 1
        self._held.clear()
        for each in list(self._subscriptions.values()):
            try:
                await self.connection.subscribe(each.pattern, each.qos)
            except DeniedError as error:
                logger.warning('%s: topic "%s" brings nothing: %s', self._component, each.pattern, error)

    def _arrived(self, message: MQTTMessage) -> None:
        mid = message.mid if message.qos else None
        if mid is not None and (before := self._held.get(mid)) is not None:
            if message.dup and (before.topic, before.data) == (message.topic, message.payload):
                return  # The broker asks again about what is being handled.
            before.mid = None
            self._unacknowledgeable += 1
        if mid is None and self._unacknowledgeable >= MOST_HELD:
            logger.warning('%s: a message to topic "%s" was dropped', self._component, message.topic)
            return
        self._number += 1
        held = Held(self._number, mid, message.qos, message.topic, bytes(message.payload), message.retain)
        if mid is None:
            self._unacknowledgeable += 1
        else:
            self._held[mid] = held
        self._route(held)

    def _route(self, held: Held) -> None:
        pattern = chosen(self._subscriptions, held.topic)
        if pattern is None:
            self._free.append(held)
            if chosen(self._coming, held.topic) is None:
                logger.warning(
                    '%s: a message to topic "%s", which nothing is subscribed to here, is held meanwhile',
                    self._component,
                    held.topic,
                )
            return
        self._subscriptions[pattern].take(held, self._done, self._put_back)

    def _hand_out(self) -> None:
        """Give a new subscription what waits for it."""
        waiting = sorted(self._free, key=lambda held: held.number)
        self._free = [held for held in waiting if chosen(self._subscriptions, held.topic) is None]
        for held in waiting:
            if (pattern := chosen(self._subscriptions, held.topic)) is not None:
                self._subscriptions[pattern].take(held, self._done, self._put_back)

    def _done(self, held: Held) -> None:
        if held.mid is None:
            self._unacknowledgeable -= 1
            return
        self._held.pop(held.mid, None)
        self.connection.acknowledge(held.mid, held.qos)

    def _put_back(self, held: Held) -> None:
        self._free.append(held)
