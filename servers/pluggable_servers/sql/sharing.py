"""Reads that come while others are under way share one statement."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import chain
from typing import Final

from pluggable.errors import LimitExceededError, TimedOutError, UnavailableError

from .pool import Pool
from .values import Found

#: So many shared statements are under way at once; what comes meanwhile goes with the next.
LANES: Final = 2
#: So many keys go in one statement; who reads more has one alone.
MOST_KEYS: Final = 200
#: So many reads wait for a statement; who comes then is refused.
LONGEST_QUEUE: Final = 4096

#: Reads what is stored under keys that differ, in one statement.
Read = Callable[[Sequence[str]], Awaitable[Mapping[str, Found]]]
_Answer = asyncio.Future[Mapping[str, Found]]
_Waiting = tuple[Sequence[str], _Answer]


class SharedReads:
    """Made within a running loop. Each read sees what was stored before it was asked for."""

    def __init__(self, read: Read, server: Pool) -> None:
        self._read = read
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._waiting: list[_Waiting] = []
        self._lanes: set[asyncio.Task[None]] = set()
        self._running = 0

    async def close(self) -> None:
        """Wait until what was asked for is answered, which the end of the connections sees to."""
        if self._lanes:
            await asyncio.wait(self._lanes)

    async def read(self, keys: Sequence[str]) -> Mapping[str, Found]:
        """
        Return what is stored under the keys, and maybe under others; those without a value may be left out.

        Raises:
            ComponentError: the server is not there, says no, or gave no answer in time.
            LimitExceededError: too many wait already.
        """
        if len(keys) > MOST_KEYS:
            return await self._read(keys)
        if len(self._waiting) >= LONGEST_QUEUE:
            server = self._server
            raise LimitExceededError(
                f"{server.kind} {server.address}: {len(self._waiting)} reads wait already; {server.advice}"
            )
        answer: _Answer = self._loop.create_future()
        self._waiting.append((keys, answer))
        if self._running < LANES:
            self._running += 1
            lane = asyncio.create_task(self._run())
            self._lanes.add(lane)
            lane.add_done_callback(self._lanes.discard)
        end = self._loop.call_later(self._server.timeout, self._time_out, answer)
        try:
            return await answer
        finally:
            end.cancel()

    async def _run(self) -> None:
        """Read what waits until nothing does."""
        try:
            while batch := self._next():
                await self._answer(batch)
        finally:
            # Counted here and not when the task is done, which is a moment later.
            self._running -= 1

    def _next(self) -> list[_Waiting]:
        """Take those whose keys fit in a statement; who has given up takes no place."""
        batch: list[_Waiting] = []
        keys = taken = 0
        for each in self._waiting:
            if not each[1].done():
                keys += len(each[0])
                if keys > MOST_KEYS:
                    break
                batch.append(each)
            taken += 1
        del self._waiting[:taken]
        return batch

    async def _answer(self, batch: Sequence[_Waiting]) -> None:
        try:
            found = await self._read(list(dict.fromkeys(chain.from_iterable(keys for keys, _ in batch))))
        except Exception as error:  # noqa: BLE001  its callers get it, a lane lives on
            if len(batch) > 1 and not isinstance(error, (UnavailableError, TimedOutError)):
                # One that the server refuses costs no other.
                for each in batch:
                    await self._answer((each,))
                return
            for _, answer in batch:
                if not answer.done():
                    answer.set_exception(error)
        else:
            for _, answer in batch:
                if not answer.done():
                    answer.set_result(found)

    def _time_out(self, answer: _Answer) -> None:
        if not answer.done():
            answer.set_exception(self._server.error_of(TimeoutError()))
