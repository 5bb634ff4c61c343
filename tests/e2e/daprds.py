"""A real daprd beside ours, named by ``DAPRD``: what one writes, the other has to read."""

from __future__ import annotations

import asyncio
import os
import socket
import urllib.error
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.e2e.sidecars import READY_SECONDS, Sidecar, heard

VARIABLE = "DAPRD"
PORTS = ("dapr-http", "dapr-grpc", "dapr-internal-grpc", "metrics")

needs_daprd = pytest.mark.skipif(
    VARIABLE not in os.environ, reason=f"{VARIABLE} names no daprd to run beside"
)


@asynccontextmanager
async def daprd(resources: Path, app_id: str = "test-app") -> AsyncIterator[Sidecar]:
    """Run a daprd over these resources, ready to be called; at the end a SIGINT."""
    ports = _free_ports(len(PORTS))
    process = await asyncio.create_subprocess_exec(
        os.environ[VARIABLE],
        f"--app-id={app_id}",
        f"--resources-path={resources}",
        "--dapr-listen-addresses=127.0.0.1",
        *(f"--{name}-port={port}" for name, port in zip(PORTS, ports, strict=True)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with heard(Sidecar(process, http_port=ports[0], grpc_port=ports[1])) as running:
        await _ready(running)
        yield running
        if process.returncode is None:
            assert await running.end() == 0, running.log()


async def _ready(running: Sidecar) -> None:
    async with asyncio.timeout(READY_SECONDS):
        while running.process.returncode is None:
            try:
                if (await running.call("GET", "/v1.0/healthz")).status == 204:
                    return
            except urllib.error.URLError:
                pass
            await asyncio.sleep(0.05)  # a daprd tells nobody when it listens
    raise AssertionError(running.log())


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        taken = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in taken:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in taken]
