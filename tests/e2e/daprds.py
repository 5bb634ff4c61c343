"""A real daprd beside ours, named by ``DAPRD``: what one writes, the other has to read."""

from __future__ import annotations

import asyncio
import os
import urllib.error
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.e2e.sidecars import READY_SECONDS, Sidecar, heard
from tests.ports import free_ports

VARIABLE = "DAPRD"
PORTS = ("dapr-http", "dapr-grpc", "dapr-internal-grpc", "metrics")

needs_daprd = pytest.mark.skipif(
    VARIABLE not in os.environ, reason=f"{VARIABLE} names no daprd to run beside"
)


@asynccontextmanager
async def daprd(
    resources: Path,
    app_id: str = "test-app",
    app_port: int = 0,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Sidecar]:
    """Run a daprd over these resources, ready to be called; at the end a SIGINT."""
    ports = free_ports(len(PORTS))
    process = await asyncio.create_subprocess_exec(
        os.environ[VARIABLE],
        f"--app-id={app_id}",
        f"--resources-path={resources}",
        "--dapr-listen-addresses=127.0.0.1",
        *([f"--app-port={app_port}"] if app_port else []),
        *(f"--{name}-port={port}" for name, port in zip(PORTS, ports, strict=True)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, **(environment or {})},
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
