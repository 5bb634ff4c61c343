"""
Keeps a component initialised over its restarts.

Restarted means: the socket is another one, or a call was answered "not initialised". Only then is the
component initialised again, before any call is let through. A connection that merely broke is made again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from ..errors import ComponentError, TimedOutError, UnavailableError
from ..transport import Channel, ChannelState, StatusError
from .backoff import Backoff
from .gate import Gate
from .identity import Identity, identity

logger: logging.Logger = logging.getLogger(__name__)

#: What makes one service of a component ready: Init, and what has to be asked after it.
Greeting = Callable[[], Awaitable[None]]

#: How long one wait for a lost connection lasts before the next begins; the transport tries far more often.
_DIAL_SECONDS: Final = 60.0


class Keeper:
    """Watches one channel; its owner has a task that runs ``keep`` as long as the channel is in use."""

    def __init__(self, channel: Channel, name: str, init_timeout: float) -> None:
        self.gate: Gate = Gate(f"{name} is not initialised: init was not called, or failed")
        self.lives: int = 0
        """Goes up with every initialisation; tells a call which of them it was made in."""
        self._channel = channel
        self._name = name
        self._init_timeout = init_timeout
        self._greetings: dict[str, Greeting] = {}
        self._initialising = asyncio.Lock()
        self._identity: Identity | None = None
        self._lost = False
        self._doubted = False
        self._news = asyncio.Event()
        self._backoff = Backoff()
        self._reason = ""

    async def introduce(self, service: str, greeting: Greeting) -> None:
        """
        Initialise one service, now and whenever the component was restarted.

        Raises:
            InitError: the component refused; calls for its other services pass as before.
            UnavailableError: it took no connection in time, or lost it.
            TimedOutError: it did not answer in time.
        """
        async with self._initialising:
            loop = asyncio.get_running_loop()
            deadline = loop.time() + self._init_timeout
            try:
                await self._greeted(greeting, deadline)
            except UnavailableError:
                if loop.time() >= deadline:
                    raise
                await self._greeted(greeting, deadline)  # the connection may have been lost before, unnoticed
            self._greetings[service] = greeting
            self.lives += 1
            if not self.gate.open:
                self.gate.hold()
            self._news.set()

    async def _greeted(self, greeting: Greeting, deadline: float) -> None:
        """Connect and greet once."""
        seen = identity(self._channel.address)
        try:
            await self._channel.connect(deadline - asyncio.get_running_loop().time())
        except StatusError as status:
            raise UnavailableError(f"{self._name} is unavailable: {status.message}") from status
        if not self._greetings:
            self._identity, self._lost, self._doubted = seen, False, False
        try:
            async with asyncio.timeout_at(deadline):
                await greeting()
        except TimeoutError as error:
            raise self._timed_out() from error

    def forget(self, service: str) -> None:
        """Initialise a service no more."""
        self._greetings.pop(service, None)

    def doubt(self, lives: int) -> None:
        """Have the component initialised again, unless that has happened since this one of its lives."""
        if lives == self.lives and self._greetings and not self._doubted:
            self._doubted = True
            self.gate.hold()
            self._news.set()

    def explain(self, reason: str) -> None:
        """Tell calls why the component is down, until it is back."""
        self._reason = reason
        if self._channel.state is not ChannelState.UP:
            self.lost()

    def lost(self) -> str:
        """Refuse calls, the connection being lost, and return the sentence that they are refused with."""
        reason = self._reason or "its connection is lost; calls pass when it is back and initialised"
        down = f"{self._name} is down: {reason}"
        self._lost = True
        if self._greetings:
            if self.gate.open:
                logger.warning("%s", down)
            self.gate.shut(down)
            self._news.set()
        return down

    async def keep(self) -> None:
        """Bring calls to pass again after whatever happens, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow())
            tasks.create_task(self._mend())

    async def _follow(self) -> None:
        """Shut the gate the moment the connection is lost, and pass on every change."""
        state = self._channel.state
        while state is not ChannelState.CLOSED:
            if state is not ChannelState.UP:
                self.lost()
            self._news.set()
            state = await self._channel.changed(state)

    async def _mend(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                mended = await self._mended()
            except Exception:  # without this task no call would ever pass again
                logger.warning("%s: an attempt to bring it back failed", self._name, exc_info=True)
                mended = False
            if mended:
                self._backoff.reset()
            else:
                await asyncio.sleep(self._backoff.delay())
                self._news.set()

    async def _mended(self) -> bool:
        """Return whether nothing is left to do; it is done as far as it can be done now."""
        if not self._greetings:
            return True
        if self._channel.state is not ChannelState.UP:
            await self._dial()
            return True
        async with self._initialising:
            now = identity(self._channel.address)
            renewed = self._lost and (now is None or now != self._identity)
            if renewed or self._doubted:
                self._lost = False  # from here on it says that this life was lost too
                if not await self._initialised_again():
                    self._lost = True
                    return False
                self._identity = now
            if not self._news.is_set() and self._channel.state is ChannelState.UP:
                self._identity, self._lost, self._reason = now, False, ""
                self.gate.lift()
        return True

    async def _dial(self) -> None:
        self.lost()
        try:
            await self._channel.connect(_DIAL_SECONDS)
        except StatusError as status:
            logger.debug("%s: %s", self._name, status.message)
        self._news.set()

    async def _initialised_again(self) -> bool:
        self.gate.hold()
        failure: ComponentError | None = None
        try:
            async with asyncio.timeout(self._init_timeout):
                for greeting in list(self._greetings.values()):
                    await greeting()
        except TimeoutError:
            failure = self._timed_out()
        except ComponentError as error:
            failure = error
        if failure is not None:
            text = f"{self._name} was restarted and could not be initialised again: {failure}"
            self.gate.shut(text)
            logger.warning("%s", text)
            return False
        self.lives += 1
        self._doubted = False
        logger.info("%s was restarted and is initialised again", self._name)
        return True

    def _timed_out(self) -> TimedOutError:
        return TimedOutError(f"{self._name} did not answer Init within {self._init_timeout:g} s")
