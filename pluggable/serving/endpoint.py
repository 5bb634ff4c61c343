"""One socket: what is offered there, from Init to the end."""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from .. import transport
from ..transport import Limits
from .instances import Offered
from .observing import Observer
from .socket import PublishedSocket, publish

if TYPE_CHECKING:
    from .services import Services  # loads the messages: imported when an endpoint opens

logger: logging.Logger = logging.getLogger(__name__)


class Endpoint:
    """The components of one name on one socket, served as long as the ``async with`` lasts."""

    def __init__(
        self,
        name: str,
        offered: Offered,
        path: Path,
        *,
        mode: int = 0o600,
        limits: Limits | None = None,
        observer: Observer | None = None,
    ) -> None:
        self.path = path
        self._name = name
        self._offered = offered
        self._mode = mode
        self._limits = limits
        self._observer = observer
        self._services: Services
        self._server: transport.Server
        self._socket: PublishedSocket

    async def __aenter__(self) -> Self:
        from . import health, reflection
        from .services import Services

        async with AsyncExitStack() as stack:
            self._services = Services(self._name, self._offered, self._observer)
            if self._observer is not None:
                stack.enter_context(self._observer.instances(self._services.count))
            stack.push_async_callback(self._services.close)
            handlers = self._services.handlers | health.handlers(self._services)
            handlers |= reflection.handlers(handlers)
            self._server = await stack.enter_async_context(transport.server(handlers, limits=self._limits))
            self._socket = await publish(self._server, self.path, mode=self._mode)
            stack.callback(self._socket.withdraw)
            self._stack = stack.pop_all()
        logger.info("serving %s on %s", ", ".join(self._services.types), self.path)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def drain(self, seconds: float) -> None:
        """Be found no more, take in nothing new, and serve who is connected until they leave, or so long."""
        self._socket.withdraw()
        await self._services.stop_intake()
        await self._server.drain(seconds)
