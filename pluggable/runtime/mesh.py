"""This sidecar among the others: how it finds them, is found, and calls them."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Self

from .appchannel import AppChannel
from .blocks.invocation import Invocation
from .config import RuntimeConfig
from .invocation.forwarded import host_address
from .invocation.mdns import Announced, MulticastResolver
from .invocation.names import Names
from .invocation.outside import Outside
from .invocation.peers import Peers
from .resources.declared import Endpoint

_LOOPBACK = {"127.0.0.1": "127.0.0.1", "localhost": "127.0.0.1", "::1": "::1", "[::1]": "::1"}


class Mesh:
    """Opens what invocation needs; ``async with`` closes it."""

    def __init__(self, config: RuntimeConfig, app: AppChannel, endpoints: Mapping[str, Endpoint]) -> None:
        self._config = config
        self._host = host_address(os.environ)
        self._resolver = MulticastResolver()
        self._peers = Peers(config.max_body_bytes)
        self._outside = Outside(endpoints, config.max_body_bytes)
        self._stack = AsyncExitStack()
        self.invocation: Invocation = Invocation(
            config, app, Names(self._resolver), self._peers, outside=self._outside, host=self._host
        )

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._resolver)
            await stack.enter_async_context(self._peers)
            await stack.enter_async_context(self._outside)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def announce(self, port: int) -> None:
        """Let others find this sidecar by its internal port, at the loopback's address if it is there."""
        listening = self._config.internal_listen_address
        address = _LOOPBACK.get(listening) or await _numeric(self._host) or "127.0.0.1"
        host = f"{socket.gethostname().partition('.')[0]}-{os.getpid()}-{port}"
        self._resolver.announce(Announced(app_id=self._config.app_id, host=host, address=address, port=port))


async def _numeric(host: str) -> str:
    """Return a host's address as a number, which ``DAPR_HOST_IP`` need not be; empty if it has none."""
    if not host:
        return ""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except OSError:
        return ""
    return str(found[0][4][0])
