"""Who serves a type: a bundled child or a stranger, and what is said when nobody does."""

from __future__ import annotations

import asyncio
import os
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pluggable import remote
from pluggable.runtime.children.supervisor import Supervisor
from pluggable.runtime.components.discovery import Discovery
from pluggable.runtime.components.places import Places
from pluggable.runtime.components.registry import Registry
from pluggable.runtime.resources import Component
from pluggable.serving import ComponentServer
from pluggable.sockets import SocketsFolder
from pluggable_servers.memory.state import InMemoryStateStore

BUNDLED = Component(name="store", type="state.in-memory")
MINE = Component(name="store", type="state.mine")


async def asked_briefly(address: str, _: float) -> frozenset[str]:
    return await remote.list_services(address, 0.3)


class House:
    """The places of one sidecar."""

    def __init__(self, folder: Path, supervisor: Supervisor) -> None:
        self.discovery = Discovery(SocketsFolder(folder, explicit=True), self._changed, asked_briefly)
        self.places = Places(Registry(), supervisor, self.discovery)
        self.folder = folder
        self.supervisor = supervisor
        self._watching: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    def _changed(self) -> None:
        self.places.changed()
        self._news.set()

    def start(self) -> None:
        """Look at the folder, and go on with that."""
        self.discovery.look()
        self._watching = asyncio.create_task(self.discovery.watch())

    async def seen(self, type_: str) -> None:
        """Wait until a stranger that serves the type is listed."""
        while type_ not in self.discovery.strangers:
            await self._news.wait()
            self._news.clear()

    async def close(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)


@pytest.fixture
async def house(socket_folder: Path) -> AsyncIterator[House]:
    async with asyncio.timeout(20), Supervisor() as supervisor:
        found = House(socket_folder, supervisor)
        yield found
        await found.close()


async def test_bundled_type_is_a_child(house: House) -> None:
    house.start()
    await house.places.early_known(BUNDLED)

    place = house.places.find(BUNDLED)
    assert place is not None
    assert place.child is not None
    assert place.address == place.child.address
    assert house.folder not in place.child.socket.parents


async def test_stranger_at_start_shadows_a_bundled_type(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    async with ComponentServer({"in-memory": [InMemoryStateStore]}, folder=house.folder) as server:
        house.start()
        await house.places.early_known(BUNDLED)

        place = house.places.find(BUNDLED)
        assert place is not None
        assert place.child is None
        assert place.address == f"unix:{server.sockets['in-memory']}"
    assert "in-memory.sock shadows the bundled component type state.in-memory" in caplog.text


async def test_late_stranger_replaces_no_bundled_type(house: House) -> None:
    house.start()
    await house.places.early_known(BUNDLED)
    async with ComponentServer({"in-memory": [InMemoryStateStore]}, folder=house.folder):
        await house.seen("state.in-memory")

        place = house.places.find(BUNDLED)
        assert place is not None
        assert place.child is not None


async def test_shadowed_type_stays_the_strangers(house: House) -> None:
    async with ComponentServer({"in-memory": [InMemoryStateStore]}, folder=house.folder):
        house.start()
        await house.places.early_known(BUNDLED)
    async with ComponentServer({"mine": [InMemoryStateStore]}, folder=house.folder):
        await house.seen("state.mine")

    assert house.places.find(BUNDLED) is None
    assert "the socket that was there at start instead of the bundled type is gone" in (
        house.places.why_not(BUNDLED)
    )


async def test_mute_shadow_gives_way(house: House) -> None:
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(os.fspath(house.folder / "in-memory.sock"))
        mute.listen()
        house.start()
        await house.places.early_known(BUNDLED)

        place = house.places.find(BUNDLED)
        assert place is not None
        assert place.child is not None


async def test_stranger_has_no_later_version(house: House) -> None:
    house.start()
    async with ComponentServer({"mine": [InMemoryStateStore]}, folder=house.folder):
        await house.seen("state.mine")

        assert house.places.find(Component(name="store", type="state.MINE", version="v0")) is not None
        assert house.places.find(Component(name="store", type="state.mine", version="v2")) is None


async def test_reason_names_what_is_there(house: House) -> None:
    house.start()
    assert house.places.why_not(MINE).startswith(
        f"nobody serves type state.mine; no socket in {house.folder} serves a component; bundled types are "
    )

    async with ComponentServer({"other": [InMemoryStateStore]}, folder=house.folder):
        await house.seen("state.other")
        said = house.places.why_not(Component(name="store", type="state.mine", version="v2"))

    assert f"nobody serves type state.mine in version v2; sockets in {house.folder} serve state.other" in said
    assert re.search(r"bundled types are state\..*\bstate.in-memory\b", said)


async def test_reason_names_a_silent_socket(house: House) -> None:
    for name in ("mine", "other"):
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(os.fspath(house.folder / f"{name}.sock"))
    house.start()
    for name in ("mine", "other"):
        await house.discovery.answered(name)

    assert f"{house.folder}/mine.sock does not answer: " in house.places.why_not(MINE)
    assert "other.sock" not in house.places.why_not(MINE)
    assert "other.sock" in house.places.why_not(Component(name="store", type="state.third"))


async def test_foreseen_type_is_started(house: House) -> None:
    house.start()

    house.places.foresee(BUNDLED)

    assert [child.bundle.name for child in house.supervisor.running()] == ["in-memory"]


async def test_type_that_may_be_shadowed_waits(house: House) -> None:
    async with ComponentServer({"in-memory": InMemoryStateStore}, folder=house.folder):
        house.start()

        house.places.foresee(BUNDLED)

        assert house.supervisor.running() == []
