"""Announcing a sidecar, answering who asks for it, and asking for others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final, Self

from ..names import KNOWN_SECONDS, UnknownAppError
from .group import PORT, Group
from .messages import Message, UnreadableError, read
from .services import Announced, found, question

#: When an application is asked for, in seconds from the first time, and until when an answer is waited for.
ASK_SECONDS: Final = (0.0, 0.2, 0.6, 1.2)
ANSWER_SECONDS: Final = 2.0
#: How long after an answer the next one is sent, for all who asked meanwhile. daprd waits for a second.
PAUSE_SECONDS: Final = 0.05
#: When what is there is said once more, for who was not listening yet.
AGAIN_SECONDS: Final = 1.0
#: As many applications are listened for as were asked for last.
MOST_ASKED: Final = 1024

logger: logging.Logger = logging.getLogger(__name__)


class MulticastResolver:
    """
    Finds sidecars by multicast DNS, and lets this one be found; ``async with`` begins and ends that.

    Where the network has no multicast, a warning says so, and nobody is found.
    """

    def __init__(self) -> None:
        self._group: Group | None = None
        self._stack = AsyncExitStack()
        self._announced: Announced | None = None
        self._heard: dict[str, dict[str, float]] = {}
        """Addresses of the applications that were asked for, each with the time until which it counts."""
        self._news: dict[str, asyncio.Event] = {}
        self._answering: asyncio.TimerHandle | None = None
        self._answered = 0.0
        self._again: asyncio.TimerHandle | None = None
        self._reason = ""

    async def __aenter__(self) -> Self:
        try:
            self._group = await self._stack.enter_async_context(Group(self._take))
        except OSError as error:
            self._reason = f"; multicast DNS is not to be had: {error.strerror or error}"
            logger.warning(
                "other applications cannot be found, and do not find this one: port %d for multicast DNS: %s",
                PORT,
                error.strerror or error,
            )
        return self

    async def __aexit__(self, *_: object) -> None:
        for timer in (self._answering, self._again):
            if timer is not None:
                timer.cancel()
        if self._group is not None and self._announced is not None:
            self._group.send(Message(response=True, records=self._announced.records(0)).packed())
        self._group = None
        await self._stack.aclose()

    def announce(self, announced: Announced) -> None:
        """Let a sidecar be found."""
        if self._group is None:
            return
        self._announced = announced
        self._answer()
        self._again = asyncio.get_running_loop().call_later(AGAIN_SECONDS, self._answer)
        logger.info(
            "local service entry announced: %s -> %s:%d",
            announced.app_id,
            announced.address,
            announced.port,
        )

    async def resolve(self, app_id: str, namespace: str) -> Sequence[str]:  # noqa: ARG002  it has no part in names
        """
        Ask for an application's sidecars, and return the addresses of all that were heard of.

        Raises:
            UnknownAppError: none answered in time.
        """
        group = self._group
        if group is not None:
            event = self._news.setdefault(app_id, asyncio.Event())
            event.clear()
            await self._ask(group, app_id, event)
        now = asyncio.get_running_loop().time()
        if known := [address for address, until in self._heard.get(app_id, {}).items() if until > now]:
            return known
        raise UnknownAppError(f"couldn't find service: {app_id}{self._reason}")

    async def _ask(self, group: Group, app_id: str, news: asyncio.Event) -> None:
        self._heard.setdefault(app_id, {})
        while len(self._heard) > MOST_ASKED:
            del self._heard[next(iter(self._heard))]
        message = question(app_id)
        loop = asyncio.get_running_loop()
        timers = [loop.call_later(seconds, group.send, message) for seconds in ASK_SECONDS]
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await news.wait()
        except TimeoutError:
            return
        finally:
            for timer in timers:
                timer.cancel()
            self._news.pop(app_id, None)

    def _take(self, data: bytes, sender: tuple[str, int]) -> None:
        """Take what somebody says, or asks."""
        try:
            message = read(data)
        except UnreadableError as error:
            logger.debug("multicast DNS: %s sent what cannot be read: %s", sender[0], error)
            return
        if message.response:
            self._learn(message)
        elif self._announced is not None and self._announced.asked_for(message.questions):
            if sender[1] == PORT:
                self._answer_soon()
            elif self._group is not None:  # one that listens at its own port alone
                reply = Message(
                    number=message.number,
                    response=True,
                    questions=message.questions,
                    records=self._announced.records(),
                )
                self._group.send_to(reply.packed(answers=1), sender)

    def _learn(self, message: Message) -> None:
        until = asyncio.get_running_loop().time() + KNOWN_SECONDS
        for app_id in {record.name[0] for record in message.records if record.name}:
            known = self._heard.get(app_id)
            if known is None:
                continue
            for address, holds in found(message, app_id):
                if not holds:
                    known.pop(address, None)
                    continue
                known[address] = until
                if (event := self._news.get(app_id)) is not None:
                    event.set()

    def _answer_soon(self) -> None:
        """Answer now, or together with who else asks right after an answer."""
        if self._answering is not None:
            return
        loop = asyncio.get_running_loop()
        wait = self._answered + PAUSE_SECONDS - loop.time()
        if wait <= 0:
            self._answer()
        else:
            self._answering = loop.call_later(wait, self._answer)

    def _answer(self) -> None:
        self._answering = None
        if self._group is not None and self._announced is not None:
            self._answered = asyncio.get_running_loop().time()
            message = Message(response=True, records=self._announced.records())
            self._group.send(message.packed(answers=1))
