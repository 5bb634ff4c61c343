"""Ports that are left to the sidecar."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pluggable.sockets import FOLDER_VARIABLES
from tests.e2e.sidecars import NOWHERE, Heard, Sidecar, heard, sidecar, started


@asynccontextmanager
async def writing(ports: Path) -> AsyncIterator[Heard]:
    """A sidecar that writes its ports there."""
    flags = [f"--{each}-port=0" for each in ("dapr-http", "dapr-grpc", "metrics")]
    process = await started(
        "-m", "pluggable.cli.runtime", "--app-id=a", f"--ports-file={ports}", *flags,
        environment={FOLDER_VARIABLES[0]: str(NOWHERE)},
    )  # fmt: skip
    async with heard(Heard(process)) as running:
        yield running


async def test_ports_are_written_once_they_are_taken(tmp_path: Path) -> None:
    ports = tmp_path / "ports.json"
    async with writing(ports) as running:
        await running.said("dapr initialized")

        told = json.loads(ports.read_text())

        assert set(told) == {"dapr-http-port", "dapr-grpc-port", "dapr-internal-grpc-port", "metrics-port"}
        for name, port in told.items():
            await running.said(f"{name} server is listening on 127.0.0.1:{port}")


async def test_ports_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    async with writing(tmp_path) as running:
        assert await running.ended() == 1

        assert f"--ports-file={tmp_path}: cannot be written: Is a directory" in running.log()


async def test_free_port_is_the_same_at_every_address() -> None:
    async with sidecar(flags=["--dapr-listen-addresses=127.0.0.1,127.0.0.2"]) as running:
        await running.said(f"dapr-grpc-port server is listening on 127.0.0.2:{running.grpc_port}")
        other = Sidecar(running.process, http_port=running.http_port, grpc_port=0, host="127.0.0.2")

        assert (await other.call("GET", "/v1.0/healthz")).status == 204
