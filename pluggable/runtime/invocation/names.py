"""Where other applications' sidecars are: asked once, remembered for a while."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

#: How long an address is trusted without being asked for again, as by daprd.
KNOWN_SECONDS: Final = 60.0
#: As many applications are remembered; the one that was asked for first goes.
MOST_NAMES: Final = 1024


class UnknownAppError(Exception):
    """Nobody says where an application is."""


class Resolver(Protocol):
    """Finds the sidecars of an application."""

    async def resolve(self, app_id: str, namespace: str) -> Sequence[str]:
        """
        Return the addresses of its sidecars' internal ports, ``host:port``; not empty.

        Raises:
            UnknownAppError: nobody says that there are any, as far as was waited.
        """


@dataclass(slots=True)
class _Known:
    addresses: itertools.cycle[str]
    until: float


@dataclass(slots=True)
class Names:
    """Remembers what a resolver found, and has it asked once at a time for each application."""

    resolver: Resolver
    _known: dict[tuple[str, str], _Known] = field(default_factory=dict)
    _asked: dict[tuple[str, str], asyncio.Future[Sequence[str]]] = field(default_factory=dict)

    async def address(self, app_id: str, namespace: str) -> str:
        """
        Return one of the application's addresses, each in its turn.

        Raises:
            UnknownAppError: nobody says where it is.
        """
        key = (app_id, namespace)
        known = self._known.get(key)
        now = asyncio.get_running_loop().time()
        if known is None or known.until < now:
            found = await self._resolved(key)
            self._known.pop(key, None)
            if len(self._known) >= MOST_NAMES:
                del self._known[next(iter(self._known))]
            known = self._known[key] = _Known(itertools.cycle(found), now + KNOWN_SECONDS)
        return next(known.addresses)

    def forget(self, app_id: str, namespace: str) -> None:
        """Ask again next time."""
        self._known.pop((app_id, namespace), None)

    async def _resolved(self, key: tuple[str, str]) -> Sequence[str]:
        asked = self._asked.get(key)
        if asked is None:
            asked = self._asked[key] = asyncio.ensure_future(self.resolver.resolve(*key))
            asked.add_done_callback(lambda asked: self._answered(key, asked))
        return await asyncio.shield(asked)

    def _answered(self, key: tuple[str, str], asked: asyncio.Future[Sequence[str]]) -> None:
        del self._asked[key]
        if not asked.cancelled():
            asked.exception()  # who asked may be gone, and then nobody else looks
