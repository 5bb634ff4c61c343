"""A component server and its sidecar are told to stop together, under load."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from pluggable.sockets import FOLDER_VARIABLES
from tests.e2e import ledger
from tests.e2e.applications import Application
from tests.e2e.packages import package
from tests.e2e.processes import Ending
from tests.e2e.sidecars import Heard, Sidecar, component, heard, sidecar, started
from tests.ports import free_port

CODE = Path(ledger.__file__).read_text()
STOPPING = "stopping; who is connected is served"
WRITES = 5  # a call takes one of few threads here


@dataclass
class Pair:
    """A sidecar and the process that serves its components."""

    sidecar: Sidecar
    server: int
    said: Callable[[str], Awaitable[str]]
    """Wait for what the server logs."""


@asynccontextmanager
async def bundled(resources: Path, folder: Path, app_port: int) -> AsyncIterator[Pair]:
    """The components are a package's, so they live in a child of the sidecar."""
    package(folder, "books", CODE, {"state.ledger": "Slow", "pubsub.ledger": "Ledger"})
    environment = {"PYTHONPATH": f"{folder}:{os.environ.get('PYTHONPATH', '')}"}
    async with sidecar(resources, app_port=app_port, environment=environment) as running:
        yield Pair(running, running.child("ledger"), running.said)


@asynccontextmanager
async def stranger(resources: Path, folder: Path, app_port: int) -> AsyncIterator[Pair]:
    """The components are a stranger's, whose socket is in the shared folder."""
    environment = {FOLDER_VARIABLES[0]: str(folder)}
    async with heard(Heard(await started("-m", "tests.e2e.ledger", environment=environment))) as server:
        await server.said("serving ", "pubsub.ledger")
        async with sidecar(resources, app_port=app_port, sockets=folder) as running:
            yield Pair(running, server.process.pid, server.said)


@pytest.mark.slow
@pytest.mark.parametrize("place", [bundled, stranger])
async def test_what_is_under_way_ends_well(
    place: Callable[[Path, Path, int], AbstractAsyncContextManager[Pair]],
    resources: Path,
    tmp_path: Path,
    socket_folder: Path,
    application: Application,
) -> None:
    accepted = tmp_path / "accepted"
    component(resources, "orders", "state.ledger")
    component(resources, "events", "pubsub.ledger", accepted=str(accepted))
    application.subscribe("events", "orders")
    async with place(resources, socket_folder, application.port) as pair:
        await application.got(20)
        application.may_answer.clear()
        held = len(application.handled) + ledger.AT_ONCE
        await application.got(held)
        writes = [asyncio.create_task(save(pair.sidecar, number)) for number in range(WRITES)]
        for number in range(WRITES):
            await pair.said(f"-{number}|")
        server = Ending(pair.server)
        os.kill(pair.server, signal.SIGTERM)
        pair.sidecar.process.send_signal(signal.SIGTERM)
        await pair.said(STOPPING)
        application.may_answer.set()

        assert await asyncio.gather(*writes) == [204] * WRITES
        assert await pair.sidecar.ended() == 0
        await server.wait()
    assert application.handled == {int(line) for line in accepted.read_text().split()}
    assert len(application.handled) >= held


@pytest.mark.slow
async def test_messages_under_way_outlive_their_component(
    resources: Path, tmp_path: Path, socket_folder: Path, application: Application
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    component(resources, "orders", "state.ledger")
    component(resources, "events", "pubsub.ledger", accepted=str(old))
    application.subscribe("events", "orders")
    async with bundled(resources, socket_folder, application.port) as pair:
        await application.got(20)
        application.may_answer.clear()
        events = await application.got(len(application.handled) + ledger.AT_ONCE)
        under_way = {event["data"] for event in events} - application.handled
        component(resources, "events", "pubsub.ledger", accepted=str(new))
        while "events" in await pair.sidecar.components():
            pass
        application.may_answer.set()
        await pair.sidecar.said("Component unloaded: events")

        assert under_way <= {int(line) for line in old.read_text().split()}
        before = len(application.events)
        await application.got(before + ledger.AT_ONCE + 1)
        assert new.exists()
        assert await pair.sidecar.end() == 0


async def save(running: Sidecar, number: int) -> int:
    body = f'[{{"key": "-{number}|", "value": 1}}]'.encode()
    return (await running.call("POST", "/v1.0/state/orders", body)).status


@pytest.mark.skipif(sys.platform != "linux", reason="ports are listened at early on Linux only")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_sidecar_told_to_stop_while_it_starts_ends_well(number: signal.Signals) -> None:
    port = free_port()
    ports = [
        f"--{flag}-port={each}" for flag, each in (("dapr-http", port), ("dapr-grpc", 0), ("metrics", 0))
    ]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pluggable.cli.runtime", "--app-id=a", *ports), stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(10):
        while process.returncode is None:
            try:
                (await asyncio.open_connection("127.0.0.1", port))[1].close()
                break
            except ConnectionRefusedError:
                await asyncio.sleep(0.001)
        process.send_signal(number)
        _, errors = await process.communicate()

    assert (process.returncode, errors) == (0, b"")
