"""Components on sockets in the shared folder."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from ..sockets import SocketError, SocketsFolder
from ..transport import Limits
from .endpoint import Endpoint
from .instances import Offered
from .observing import Observer

#: How long those who are connected are served on when the server is told to stop.
DRAIN_SECONDS: Final = 30.0


class ComponentServer:
    """
    Serves components as long as its ``async with`` lasts, a socket for each name.

    ``{"redis": [RedisStore, RedisBroker]}`` are ``state.redis`` and ``pubsub.redis`` on ``redis.sock``. A
    component is a class, or a function that makes an object for each Init. Without a ``folder`` it is the one
    that ``DAPR_COMPONENTS_SOCKETS_FOLDER`` names, or daprd's default. ``telemetry`` is told of every call.
    """

    def __init__(
        self,
        components: Mapping[str, Offered],
        *,
        folder: Path | SocketsFolder | None = None,
        limits: Limits | None = None,
        telemetry: Observer | None = None,
    ) -> None:
        self.folder: SocketsFolder = (
            folder if isinstance(folder, SocketsFolder) else SocketsFolder.find(folder)
        )
        self._components = dict(components)
        self._limits = limits
        self._telemetry = telemetry
        self._endpoints: dict[str, Endpoint] = {}

    @property
    def sockets(self) -> dict[str, Path]:
        """Where each name is served."""
        return {name: endpoint.path for name, endpoint in self._endpoints.items()}

    async def __aenter__(self) -> Self:
        """
        Serve.

        Raises:
            SocketError: the folder or one of the sockets is not as it must be; nothing is served then.
        """
        self._check_names()
        self.folder.make()
        async with AsyncExitStack() as stack:
            for name, offered in self._components.items():
                path = self.folder.socket(name)
                endpoint = Endpoint(
                    name,
                    offered,
                    path,
                    mode=self.folder.socket_mode,
                    limits=self._limits,
                    observer=self._telemetry,
                )
                self._endpoints[name] = await stack.enter_async_context(endpoint)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def drain(self, seconds: float = DRAIN_SECONDS) -> None:
        """
        Take the sockets away and go on serving who is connected, until they leave or the time is over.

        Nothing new is delivered meanwhile; new calls and answers to what was delivered are served.
        """
        async with asyncio.TaskGroup() as tasks:
            for endpoint in self._endpoints.values():
                tasks.create_task(endpoint.drain(seconds))

    def _check_names(self) -> None:
        if not self._components:
            raise SocketError('nothing to serve; name a component, such as {"my-store": MyStore}')
        seen: dict[str, str] = {}
        for name in self._components:
            if (other := seen.setdefault(name.lower(), name)) != name:
                raise SocketError(f'"{other}" and "{name}" are one name to a sidecar; choose another for one')
