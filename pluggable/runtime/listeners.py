"""The sidecar's ports: bound at once, so that they are taken and known."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from .. import transport
from .api import grpc as grpc_api, http as http_api
from .blocks import Blocks
from .config import RuntimeConfig
from .fatal import FatalError
from .middleware import Pipeline
from .reserving import Reservation
from .subscriptions import Subscriptions
from .telemetry import Telemetry

#: How long a port that is in use is tried for, as a predecessor or a passing connection may have it still.
TAKEN_SECONDS: Final = 10.0
AGAIN_SECONDS: Final = 0.1

logger: logging.Logger = logging.getLogger(__name__)


#: By which setting each flag's port is asked for.
_SETTINGS: Final = {
    "dapr-http-port": "http_port",
    "dapr-grpc-port": "grpc_port",
    "dapr-internal-grpc-port": "internal_grpc_port",
    "dapr-public-port": "public_port",
    "metrics-port": "metrics_port",
}


class PortTakenError(FatalError):
    """A port of the sidecar cannot be had; the text names flag, address and reason."""


class Listeners:
    """The HTTP, gRPC, internal, public and metrics servers of one sidecar."""

    def __init__(
        self,
        config: RuntimeConfig,
        blocks: Blocks,
        telemetry: Telemetry,
        shutdown: Callable[[bool], None],
        subscriptions: Subscriptions,
        pipeline: Pipeline | None = None,
        reservation: Reservation | None = None,
    ) -> None:
        self._config = config
        self._reservation = reservation
        routes = http_api.routes(blocks, config, telemetry, shutdown=shutdown, pipeline=pipeline)
        self._http = http_api.server(routes, config)
        self._public = http_api.server(http_api.public_routes(blocks, config), config)
        self._metrics = http_api.server(http_api.metric_routes(telemetry), config)
        self._grpc = transport.server(
            grpc_api.handlers(blocks, config, telemetry, shutdown=shutdown, subscriptions=subscriptions),
            unknown=grpc_api.unknown(config, blocks.invocation),
            limits=transport.Limits(receive_bytes=config.max_body_bytes),
        )
        self._internal = transport.server(
            grpc_api.internal_handlers(blocks.invocation.app, config),
            unknown=grpc_api.unknown_inside(blocks.invocation),
            limits=transport.Limits(receive_bytes=config.max_body_bytes),
        )
        self._stack = AsyncExitStack()
        self._ports: dict[str, int] = {}

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            for server in (self._http, self._public, self._metrics, self._grpc, self._internal):
                await stack.enter_async_context(server)
            await self._bind()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def internal_port(self) -> int:
        """Where other sidecars call this one."""
        return self._ports["dapr-internal-grpc-port"]

    async def _bind(self) -> None:
        """Bind every port, and answer on those of the APIs."""
        config = self._config
        for host in config.listen_addresses:
            await self._take("dapr-http-port", host, config.http_port, self._http)
            await self._take("dapr-grpc-port", host, config.grpc_port, self._grpc)
        await self._take(
            "dapr-internal-grpc-port",
            config.internal_listen_address,
            config.internal_grpc_port,
            self._internal,
        )
        if config.public_port:
            await self._take(
                "dapr-public-port", config.public_listen_address, config.public_port, self._public
            )
        if config.enable_metrics:
            await self._take(
                "metrics-port", config.metrics_listen_address, config.metrics_port, self._metrics
            )
        await self._grpc.start()
        await self._internal.start()
        if config.ports_file is not None:
            _write_ports(config.ports_file, self._ports)

    async def _take(
        self, flag: str, host: str, asked: int, server: transport.Server | http_api.HTTPServer
    ) -> None:
        port = asked or self._ports.get(flag, 0)  # a free one is the same at every address
        kept = None if self._reservation is None else self._reservation.hand_over(host, port)
        try:
            address = await bound_in_time(server, host, port, kept)
        except OSError as error:
            raise PortTakenError(
                f"--{flag}={port}: cannot listen on {host}:{port}: {error.strerror or error}; "
                "another sidecar may be using it: choose another port, or 0 for any free one"
            ) from error
        self._ports[flag] = int(address.rpartition(":")[2])
        logger.info("%s server is listening on %s", flag, address)

    def settled(self, config: RuntimeConfig) -> RuntimeConfig:
        """Return the settings with the ports that were taken, by which the next listeners take them again."""
        taken = {_SETTINGS[flag]: port for flag, port in self._ports.items()}
        return replace(config, ports_file=None, **taken)  # type: ignore[arg-type]  # all of these are ports

    async def close(self, grace_seconds: float) -> None:
        """Refuse new calls, let those under way end within the grace."""
        servers = (self._http, self._public, self._grpc, self._internal, self._metrics)
        await asyncio.gather(*(server.close(grace_seconds) for server in servers))


async def bound_in_time(
    server: transport.Server | http_api.HTTPServer, host: str, port: int, kept: socket.socket | None = None
) -> str:
    """Bind an address, again and again for some time while somebody has it, and return it."""
    loop = asyncio.get_running_loop()
    until = loop.time() + TAKEN_SECONDS
    told = False
    while True:
        try:
            return await _bound(server, host, port, kept)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or loop.time() >= until:
                raise
            if not told:
                logger.warning("%s:%d is in use; tried again for %g s", host, port, TAKEN_SECONDS)
            told = True
        await asyncio.sleep(AGAIN_SECONDS)  # a port that is free again tells nobody


async def _bound(
    server: transport.Server | http_api.HTTPServer, host: str, port: int, kept: socket.socket | None
) -> str:
    if isinstance(server, transport.Server):
        return await server.listen(f"{host}:{port}", kept)
    return "{}:{}".format(*await server.listen(host, port, kept))


def _write_ports(path: Path, ports: dict[str, int]) -> None:
    """Write one line of JSON, by the names of the flags; the path may be that of an open pipe."""
    try:
        with path.open("w") as file:
            file.write(json.dumps(ports) + "\n")
    except OSError as error:
        raise FatalError(f"--ports-file={path}: cannot be written: {error.strerror or error}") from error
