"""Settings, by Dapr's Python client."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.clients.python.conftest import Settings
from tests.clients.python.speaking import Client, client, refused
from tests.e2e.sidecars import Sidecar

CHANGE_SECONDS = 20


async def test_settings_are_read(dapr: Client, settings: Settings, key: str) -> None:
    settings.write({f"{key}-a": {"value": "1", "version": "v1"}, f"{key}-b": "2"})
    found = (await dapr.call("get_configuration", "settings", [f"{key}-a", f"{key}-b", "none"])).items

    assert {name: item.value for name, item in found.items()} == {f"{key}-a": "1", f"{key}-b": "2"}
    assert found[f"{key}-a"].version == "v1"


async def test_change_is_told_until_nobody_listens(
    dapr: Client, running: Sidecar, settings: Settings, key: str
) -> None:
    settings.write({key: "old"})
    told: asyncio.Queue[tuple[str, dict[str, str]]] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def handle(number: str, answer: Any) -> None:
        values = {name: item.value for name, item in answer.items.items()}
        loop.call_soon_threadsafe(told.put_nowait, (number, values))

    # The awaited client reads this stream as the blocking one does, and so reads nothing: that one does it.
    async with client("sync", running.grpc_port) as listener:
        number = await listener.call("subscribe_configuration", "settings", [key], handle)
        assert number
        settings.write({key: "new"})
        async with asyncio.timeout(CHANGE_SECONDS):
            while (heard := await told.get())[1] != {key: "new"}:
                pass

        assert heard[0] == number
        assert await dapr.call("unsubscribe_configuration", "settings", number)


async def test_unknown_store_is_an_error(dapr: Client) -> None:
    with refused("INVALID_ARGUMENT", "none"):
        await dapr.call("get_configuration", "none", ["key"])
