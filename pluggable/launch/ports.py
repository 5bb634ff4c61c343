"""The ports of a sidecar, which it chooses itself unless they are named, and tells through a pipe."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import dataclass
from types import TracebackType
from typing import Self


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports a sidecar has."""

    http: int
    grpc: int
    metrics: int
    """0: it has none."""

    @classmethod
    def read(cls, told: bytes) -> Self:
        """Return what a sidecar wrote into its ``--ports-file``."""
        ports = json.loads(told)
        return cls(ports["dapr-http-port"], ports["dapr-grpc-port"], ports.get("metrics-port", 0))


class PortsPipe:
    """
    A pipe for one sidecar, closed when the ``with`` ends.

    Who chose a port for it here would have to let go of it first, and somebody else could take it meanwhile.
    """

    def __enter__(self) -> Self:
        ours, theirs = os.pipe()
        self.theirs: int = theirs
        self._ours = os.fdopen(ours, "rb", 0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ours.close()
        os.close(self.theirs)

    @property
    def path(self) -> str:
        """What the sidecar, which inherits ``theirs``, is to write to."""
        return f"/dev/fd/{self.theirs}"

    async def read(self) -> Ports:
        """Wait for the ports."""
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), self._ours
        )
        try:
            return Ports.read(await reader.readline())
        finally:
            transport.close()
