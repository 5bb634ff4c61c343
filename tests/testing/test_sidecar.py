"""A sidecar in a test is a real one."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import aiohttp
import pytest
from dapr.aio.clients import DaprClient

from pluggable.launch.resources import write_component
from pluggable.testing import SidecarError, sidecar
from tests.testing.components import Board, Shelf


async def test_component_is_met_through_the_api() -> None:
    async with (
        sidecar({"shelf": Shelf}, properties={"shelf": {"colour": "red"}}) as dapr,
        aiohttp.ClientSession(dapr.url) as http,
    ):
        await http.post("/v1.0/state/shelf", json=[{"key": "k", "value": "v"}])
        async with http.get("/v1.0/state/shelf/k") as answer:
            assert await answer.json() == "v"


async def test_official_client_finds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with sidecar({"shelf": Shelf}) as dapr:
        for name, value in dapr.environment.items():
            monkeypatch.setenv(name, value)
        async with DaprClient(f"127.0.0.1:{dapr.grpc_port}") as client:
            await client.save_state("shelf", "k", "v")

            assert (await client.get_state("shelf", "k")).data == b"v"


@pytest.mark.slow
async def test_resources_say_what_there_is(tmp_path: Path) -> None:
    write_component(tmp_path, "board", "pubsub.mine")
    write_component(tmp_path, "memory", "state.in-memory")
    async with (
        sidecar({"mine": [Shelf, Board]}, resources=tmp_path) as dapr,
        aiohttp.ClientSession(dapr.url) as http,
        http.get("/v1.0/metadata") as answer,
    ):
        components = (await answer.json())["components"]

    assert {each["name"]: each["type"] for each in components} == {
        "board": "pubsub.mine",
        "memory": "state.in-memory",
    }


async def test_failed_start_has_the_log() -> None:
    with pytest.raises(SidecarError, match="did not start, status 1") as caught:
        async with sidecar({"shelf": Shelf}, properties={"shelf": {"colour": "none"}}):
            pass

    assert "a shelf has a colour" in str(caught.value)


async def test_its_own_end_can_be_waited_for() -> None:
    async with sidecar() as dapr, aiohttp.ClientSession(dapr.url) as http:
        await http.post("/v1.0/shutdown")

        assert await dapr.ended() == 0


async def test_sidecar_that_was_killed_is_told() -> None:
    async def killed() -> None:
        async with sidecar() as dapr:
            os.kill(dapr.process_id, signal.SIGKILL)
            await dapr.ended()

    with pytest.raises(SidecarError, match="failed during the test, status -9"):
        await killed()


async def test_several_blocks_of_one_name_need_resources() -> None:
    with pytest.raises(ValueError, match=r'"mine" is state\.mine and pubsub\.mine; name the Components'):
        async with sidecar({"mine": [Shelf, Board]}):
            pass


async def test_properties_of_nobody_are_refused() -> None:
    with pytest.raises(ValueError, match="properties for shlef, which is not among the components"):
        async with sidecar({"shelf": Shelf}, properties={"shlef": {}}):
            pass
