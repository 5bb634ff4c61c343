"""One of the processes that follow each other, from the side of who watches it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from ..launch.process import Process
from .watched import SERVE

#: How long a process may take to make room before it is made to.
ENDING_SECONDS: Final = 5.0
PREFIX: Final = "== COMPONENT == "

#: Makes a process's command line of the open files that it inherits: one to tell, one to be told.
Command = Callable[[int, int], Sequence[str]]


class Generation:
    """
    A process that has loaded the author's module, or says why it cannot; it serves when told to.

    An ``async with`` starts it and ends it.
    """

    def __init__(self, command: Command, say: Callable[[str], None]) -> None:
        self.files: list[Path] = []
        """The author's files that it is made of."""
        self.error: str = ""
        """Why it does not serve; empty while it does, or will."""
        self._command = command
        self._say = say
        self._process: Process
        self._word = -1

    async def __aenter__(self) -> Self:
        ours, told = os.pipe()
        word, self._word = os.pipe()
        try:
            self._process = await Process.spawn(
                self._command(told, word),
                prefix=PREFIX,
                say=self._say,
                environment={"PYTHONUNBUFFERED": "1", **os.environ},
                keeps=[told, word],
            )
        except BaseException:
            os.close(ours)
            os.close(self._word)
            raise
        finally:
            os.close(told)
            os.close(word)
        self._facts = asyncio.StreamReader()
        self._pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(self._facts), os.fdopen(ours, "rb", 0)
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._process.end(signal.SIGTERM, ENDING_SECONDS)
        os.close(self._word)
        self._pipe.close()

    async def loaded(self) -> bool:
        """Wait until its module is loaded, and return whether it could be."""
        facts = await self._told()
        self.files = [Path(name) for name in facts.get("files", ())]
        return not self.error

    async def serve(self) -> Mapping[str, str]:
        """Let it serve, and return its sockets by their names; none if it cannot."""
        os.write(self._word, SERVE)
        sockets: dict[str, str] = (await self._told()).get("sockets", {})
        return sockets

    async def ended(self) -> str:
        """Wait until it ends by itself, and say how it did."""
        return f"its process ended with status {await self._process.wait()}"

    async def _told(self) -> dict[str, Any]:
        """Return what it says next; the end of its words is its own."""
        if line := await self._facts.readline():
            facts: dict[str, Any] = json.loads(line)
        else:
            facts = {"error": await self.ended()}
        self.error = facts.get("error", "")
        return facts
