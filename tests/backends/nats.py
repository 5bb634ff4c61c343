"""NATS with JetStream, whose streams are kept in its folder."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import nats
from nats.js.client import JetStreamContext

from tests.programs import needed

from .server import Server


class NATS(Server):
    """A NATS server."""

    def command(self) -> list[str]:
        return [
            *(needed("nats-server"), "-a", "127.0.0.1", "-p", str(self.port)),
            *("-js", "-sd", str(self.folder), *self.options),
        ]  # fmt: skip

    def answers(self) -> bool:
        with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
            return connection.recv(4) == b"INFO"

    @asynccontextmanager
    async def streams(self, **login: str) -> AsyncIterator[JetStreamContext]:
        """A plain client of its streams; where the server asks, with ``user`` and ``password``."""
        client = await nats.connect(f"nats://127.0.0.1:{self.port}", **login)
        try:
            yield client.jetstream()
        finally:
            await client.close()

    def make_stream(self, name: str, *subjects: str, **login: str) -> None:
        """Make a stream of these subjects; ``login`` is that of ``streams``."""

        async def make() -> None:
            async with self.streams(**login) as streams:
                await streams.add_stream(name=name, subjects=list(subjects))

        asyncio.run(make())
