"""Sockets that others put into the shared folder, seen by whole sidecars."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from pluggable.serving import ComponentServer
from pluggable.sockets import FOLDER_VARIABLES
from pluggable_servers.memory.state import InMemoryStateStore
from tests.e2e.sidecars import PATIENCE, Sidecar, component, sidecar

WAIT = "--components-wait=20s"
USABLE_SECONDS = 1.0 * PATIENCE


async def save(running: Sidecar, store: str, value: str) -> None:
    body = f'[{{"key": "k", "value": "{value}"}}]'.encode()
    answer = await running.call("POST", f"/v1.0/state/{store}", body)
    assert answer.status == 204, answer.body


async def load(running: Sidecar, store: str) -> bytes:
    return (await running.call("GET", f"/v1.0/state/{store}/k")).body


async def usable(running: Sidecar, since: float) -> float:
    """Wait until the sidecar has loaded what it waited for, and return the seconds that it took."""
    await running.healthy()
    await save(running, "late", "v")
    assert await load(running, "late") == b'"v"'
    return asyncio.get_running_loop().time() - since


@pytest.mark.timed
async def test_late_stranger_is_usable_within_a_second(resources: Path, socket_folder: Path) -> None:
    component(resources, "late", "state.mine")
    async with sidecar(
        resources, sockets=socket_folder, flags=["--components-wait=20s"], wait=False
    ) as running:
        pending = await running.said("is pending for up to 20 s")
        assert "component late (state.mine/v1)" in pending
        assert f"nobody serves type state.mine; no socket in {socket_folder} serves a component" in pending

        not_ready = await running.call("GET", "/v1.0/healthz")
        assert (not_ready.status, not_ready.json()["errorCode"]) == (500, "ERR_HEALTH_NOT_READY")
        not_out = await running.call("GET", "/v1.0/healthz/outbound")
        assert (not_out.status, not_out.json()["errorCode"]) == (500, "ERR_OUTBOUND_HEALTH_NOT_READY")
        assert "components" not in (await running.call("GET", "/v1.0/metadata")).json()

        async with ComponentServer({"mine": [InMemoryStateStore]}, folder=socket_folder):
            assert await usable(running, asyncio.get_running_loop().time()) < USABLE_SECONDS
            assert await running.end() == 0


@pytest.mark.timed
async def test_ignored_component_is_loaded_when_it_comes(resources: Path, socket_folder: Path) -> None:
    component(resources, "late", "state.mine", "  ignoreErrors: true\n")
    async with sidecar(resources, sockets=socket_folder, flags=["--components-wait=100ms"]) as running:
        await running.said("component late (state.mine/v1) stays pending")
        assert (await running.call("GET", "/v1.0/state/late/k")).status == 500

        async with ComponentServer({"mine": [InMemoryStateStore]}, folder=socket_folder):
            await running.said("Component loaded: late (state.mine/v1)")
            assert await usable(running, asyncio.get_running_loop().time()) < USABLE_SECONDS
            assert await running.end() == 0


@pytest.mark.slow
async def test_type_that_never_comes_ends_the_start(resources: Path, socket_folder: Path) -> None:
    file = component(resources, "late", "state.mine")
    (socket_folder / "mine.sock").touch()  # no socket, whatever it is called
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(os.fspath(socket_folder / "other.sock"))
    async with sidecar(
        resources, sockets=socket_folder, flags=["--components-wait=500ms"], wait=False
    ) as running:
        assert await running.ended() == 1
        fatal = await running.said("level=fatal", "Fatal error from runtime: process component late error")

    assert "nobody serves type state.mine" in fatal
    assert f"no socket in {socket_folder} serves a component" in fatal
    assert "state.in-memory, " in fatal.partition("bundled types are ")[2]
    assert f"{socket_folder}/other.sock does not answer" in fatal
    assert f"{file}, document 1, line 1" in fatal


@pytest.mark.slow
@pytest.mark.timed
async def test_mute_socket_holds_up_no_start(resources: Path, socket_folder: Path) -> None:
    component(resources, "store", "state.in-memory")
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(os.fspath(socket_folder / "mute.sock"))
        mute.listen()
        async with sidecar(resources, sockets=socket_folder) as running:
            # A socket has three seconds before it is called silent; beside other tests a start may take more.
            silent = any("does not say what it serves" in line for line in running.lines)
            assert not silent or PATIENCE > 1
            await running.said("mute.sock does not say what it serves")


@asynccontextmanager
async def two(resources: Path, folder: Path) -> AsyncIterator[tuple[Sidecar, Sidecar]]:
    """Two sidecars of one application on one machine."""
    async with AsyncExitStack() as stack:
        yield (
            await stack.enter_async_context(sidecar(resources, sockets=folder)),
            await stack.enter_async_context(sidecar(resources, sockets=folder)),
        )


@pytest.mark.slow
async def test_two_sidecars_do_not_meet(resources: Path, socket_folder: Path) -> None:
    component(resources, "bundled", "state.in-memory")
    component(resources, "strange", "state.mine")
    async with (
        ComponentServer({"mine": [InMemoryStateStore]}, folder=socket_folder),
        two(resources, socket_folder) as (one, other),
    ):
        for store in ("bundled", "strange"):
            await save(one, store, "one")
            assert await load(other, store) == b""
            await save(other, store, "other")
            assert await load(one, store) == b'"one"'
        assert os.listdir(socket_folder) == ["mine.sock"]

        os.kill(one.child("in-memory"), 9)
        assert await load(other, "bundled") == b'"other"'
        assert await one.end() == 0
        assert await load(other, "strange") == b'"other"'
        assert await other.end() == 0


@pytest.mark.slow
async def test_late_go_component_is_usable_within_a_second(
    resources: Path, socket_folder: Path, go_component: Path
) -> None:
    component(resources, "late", "state.gomem")
    async with sidecar(
        resources, sockets=socket_folder, flags=["--components-wait=20s"], wait=False
    ) as running:
        await running.said("is pending for up to 20 s")
        process = await asyncio.create_subprocess_exec(
            go_component, env={**os.environ, FOLDER_VARIABLES[1]: os.fspath(socket_folder)}
        )
        try:
            assert await usable(running, asyncio.get_running_loop().time()) < USABLE_SECONDS
            assert await running.end() == 0
        finally:
            process.kill()
            await process.wait()
