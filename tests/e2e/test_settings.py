"""Settings from a component's process: kills, changes and ends, seen by who has subscribed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pluggable import transport
from pluggable._proto.dapr.proto.runtime.v1 import configuration_pb2 as pb
from pluggable.transport import Channel, ClientStream
from tests.e2e.sidecars import PATIENCE, Sidecar, component, sidecar

SUBSCRIBE = "/dapr.proto.runtime.v1.Dapr/SubscribeConfiguration"


@pytest.fixture
def settings(tmp_path: Path, resources: Path) -> Path:
    """The file with the settings of the store in the resources."""
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"limit": "1"}))
    component(resources, "settings", "configuration.in-memory", itemsFile=str(file))
    return file


@asynccontextmanager
async def subscribed(channel: Channel) -> AsyncIterator[ClientStream]:
    """A subscription that stands."""
    request = pb.SubscribeConfigurationRequest(store_name="settings", keys=["limit"])
    async with channel.stream(SUBSCRIBE) as stream:
        await stream.send(request.SerializeToString())
        await stream.half_close()
        assert await told(stream) == {}
        yield stream


async def told(stream: ClientStream) -> dict[str, str] | None:
    """Return the values that are told next; ``None`` at the end."""
    async with asyncio.timeout(20):
        data = await stream.receive()
    if data is None:
        return None
    items = pb.SubscribeConfigurationResponse.FromString(data).items
    return {key: item.value for key, item in items.items()}


def written(settings: Path, value: str) -> None:
    """Change the setting in one step."""
    new = settings.with_suffix(".new")
    new.write_text(json.dumps({"limit": value}))
    new.replace(settings)


def connected(running: Sidecar) -> Channel:
    return transport.channel(f"127.0.0.1:{running.grpc_port}")


@pytest.mark.slow
async def test_killed_component_tells_what_changed_meanwhile(resources: Path, settings: Path) -> None:
    async with sidecar(resources) as running, connected(running) as channel, subscribed(channel) as stream:
        written(settings, "2")
        assert await told(stream) == {"limit": "2"}

        os.kill(running.child("in-memory"), signal.SIGKILL)
        written(settings, "3")

        assert await told(stream) == {"limit": "3"}
        answer = await running.call("GET", "/v1.0/configuration/settings?key=limit")
        assert answer.json() == {"limit": {"value": "3"}}


@pytest.mark.slow
async def test_end_of_the_sidecar_waits_for_no_subscriber(resources: Path, settings: Path) -> None:
    async with sidecar(resources) as running, connected(running) as channel, subscribed(channel) as stream:
        written(settings, "2")
        assert await told(stream) == {"limit": "2"}
        begun = time.monotonic()

        assert await running.end() == 0

        assert time.monotonic() - begun < 3 * PATIENCE
        assert await told(stream) is None
