"""The process that huge inputs are worked on in: started when it is needed, ended when it no longer is."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import pickle
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO, Final, TypeVar

from . import worker

R = TypeVar("R")

#: Without work for so long it is ended, and the memory that its work took is free again.
IDLE_SECONDS: Final = 10.0


class Process:
    """
    One such process. It does one call at a time, so that the memory of few huge inputs is taken at once.

    It outlives nobody: its input ends with this process.
    """

    def __init__(self) -> None:
        self._turns = ThreadPoolExecutor(1, "huge")
        self._pipes: tuple[BinaryIO, BinaryIO] | None = None
        self._pid = 0
        self._calls = 0
        atexit.register(self._end)

    async def call(self, function: Callable[..., R], args: Sequence[Any], kwargs: Mapping[str, Any]) -> R:
        """Have the function called there; here, if the process does not live to answer."""
        loop = asyncio.get_running_loop()
        self._calls += 1
        try:
            return await loop.run_in_executor(self._turns, self._call, function, args, kwargs)
        finally:
            loop.call_later(IDLE_SECONDS, self._end_if_idle, self._calls)

    def _call(self, function: Callable[..., R], args: Sequence[Any], kwargs: Mapping[str, Any]) -> R:
        try:
            calls, answers = self._pipes or self._start()
            pickle.dump((function, args, kwargs), calls, pickle.HIGHEST_PROTOCOL)
            calls.flush()
            answer = _received(answers)
        except (OSError, EOFError, pickle.UnpicklingError):
            self._end()
            return function(*args, **kwargs)
        if answer[0] == "error":
            raise _raised(*answer[1:])
        found: R = answer[1]
        return found

    def _start(self) -> tuple[BinaryIO, BinaryIO]:
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        try:
            self._pid = os.posix_spawn(
                sys.executable,
                [sys.executable, "-m", worker.__name__],
                os.environ,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, theirs_in, 0),
                    (os.POSIX_SPAWN_DUP2, theirs_out, 1),
                ],
            )
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
            self._pipes = os.fdopen(ours_out, "wb"), os.fdopen(ours_in, "rb")
        return self._pipes

    def _end_if_idle(self, calls: int) -> None:
        if calls == self._calls:
            self._turns.submit(self._end)

    def _end(self) -> None:
        pipes, self._pipes = self._pipes, None
        for pipe in pipes or ():
            with contextlib.suppress(OSError):  # what could not be written is lost with its reader
                pipe.close()
        if pipes is not None:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self._pid, 0)


def _received(answers: BinaryIO) -> tuple[Any, ...]:
    """Return a whole answer; a list comes in pieces, between which others have their turn."""
    items: list[Any] = []
    while True:
        answer: tuple[Any, ...] = pickle.load(answers)
        if answer[0] == "list":
            return ("value", items)
        if answer[0] != "more":
            return answer
        items += answer[1]


def _raised(kind: type[Exception], args: tuple[Any, ...], own: dict[str, Any]) -> Exception:
    """Return an error as it was raised; its class may want other arguments than it keeps."""
    error = kind.__new__(kind)
    error.args = args
    vars(error).update(own)
    return error


#: Like the loop's threads, it is one for all that this process does.
_ONE: Final = Process()


async def call(function: Callable[..., R], args: Sequence[Any], kwargs: Mapping[str, Any]) -> R:
    """Have the function called in the process that there is for it; here, if that does not live to answer."""
    return await _ONE.call(function, args, kwargs)
