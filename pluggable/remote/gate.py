"""What calls to a component pass, wait at, or are turned away from."""

from __future__ import annotations

import asyncio

from ..errors import UnavailableError


class Gate:
    """
    Open, calls pass; held, they wait, since the component is being initialised; shut, they are refused.

    A refusal says why.
    """

    def __init__(self, refusal: str) -> None:
        self.open: bool = False
        self._refusal: str | None = refusal
        self._opened = asyncio.Event()
        self._closed = asyncio.Event()
        self._decided = asyncio.Event()
        self._decided.set()

    def lift(self) -> None:
        """Let calls pass, those that wait first."""
        self.open = True
        self._refusal = None
        self._opened.set()
        self._closed.clear()
        self._decided.set()

    def hold(self) -> None:
        """Let calls wait until it is lifted or shut."""
        self._close()
        self._refusal = None
        self._decided.clear()

    def shut(self, refusal: str) -> None:
        """Refuse calls, those that wait too."""
        self._close()
        self._refusal = refusal
        self._decided.set()

    async def passed(self) -> None:
        """
        Return when calls pass.

        Raises:
            UnavailableError: they are refused.
        """
        while not self.open:
            await self._decided.wait()
            if self._refusal is not None:
                raise UnavailableError(self._refusal)

    async def opened(self) -> None:
        """Wait until calls pass, however long they are refused."""
        while not self.open:
            await self._opened.wait()

    async def closed(self) -> None:
        """Wait until calls do not pass."""
        while self.open:
            await self._closed.wait()

    def _close(self) -> None:
        self.open = False
        self._opened.clear()
        self._closed.set()
