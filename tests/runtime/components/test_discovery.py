"""Strangers' sockets in a folder: found, asked, refused, gone."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pluggable import remote
from pluggable.runtime.components.discovery import Discovery, ListServices
from pluggable.serving import ComponentServer
from pluggable.sockets import SocketsFolder
from pluggable_servers.memory.pubsub import InMemoryPubSub
from pluggable_servers.memory.state import InMemoryStateStore

NOBODY = 65534


@pytest.fixture(autouse=True)
async def in_time() -> AsyncIterator[None]:
    async with asyncio.timeout(20):
        yield


async def asked_briefly(address: str, _: float) -> frozenset[str]:
    """Ask a socket what it serves, with less patience than usual."""
    return await remote.list_services(address, 0.3)


class Looking:
    """A discovery, and the waiting for what it finds."""

    def __init__(self, folder: SocketsFolder, asking: ListServices = asked_briefly) -> None:
        self.discovery = Discovery(folder, self._changed, asking)
        self._news = asyncio.Event()

    def _changed(self) -> None:
        self._news.set()

    async def found(self, type_: str) -> None:
        """Wait until somebody serves the type."""
        while type_ not in self.discovery.strangers:
            await self._news.wait()
            self._news.clear()

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[Discovery]:
        self.discovery.look()
        task = asyncio.create_task(self.discovery.watch())
        try:
            yield self.discovery
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def looking(socket_folder: Path) -> Looking:
    return Looking(SocketsFolder(socket_folder, explicit=True))


@pytest.fixture
def mute(socket_folder: Path) -> Iterator[Path]:
    """A socket that takes connections and says nothing."""
    path = socket_folder / "mute.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.fspath(path))
        server.listen()
        yield path


def stale(path: Path) -> Path:
    """Leave a socket that nobody listens on, as a killed process does."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.fspath(path))
    return path


async def test_socket_that_appears_is_found(looking: Looking, socket_folder: Path) -> None:
    offered = {"Mine": [InMemoryStateStore, InMemoryPubSub]}
    async with looking.watching() as discovery, ComponentServer(offered, folder=socket_folder):
        await looking.found("state.mine")

        assert discovery.strangers["pubsub.mine"].path == socket_folder / "Mine.sock"
        assert not discovery.early


async def test_socket_there_at_start_is_early(looking: Looking, socket_folder: Path) -> None:
    async with (
        ComponentServer({"mine": [InMemoryStateStore]}, folder=socket_folder),
        looking.watching() as discovery,
    ):
        await discovery.answered("mine")

        assert discovery.early == {"state.mine"}


@pytest.mark.slow
async def test_200_sockets_are_all_found(looking: Looking, socket_folder: Path) -> None:
    offered = {f"store-{number}": InMemoryStateStore for number in range(200)}
    async with ComponentServer(offered, folder=socket_folder), looking.watching() as discovery:
        for name in offered:
            await looking.found(f"state.{name}")

        assert len(discovery.strangers) == 200


async def test_folder_may_come_later(socket_folder: Path) -> None:
    folder = socket_folder / "later"
    looking = Looking(SocketsFolder(folder, explicit=True))

    async with looking.watching(), ComponentServer({"mine": [InMemoryStateStore]}, folder=folder):
        await looking.found("state.mine")


async def test_change_within_a_tick_is_seen(looking: Looking, socket_folder: Path) -> None:
    async with looking.watching(), ComponentServer({"one": [InMemoryStateStore]}, folder=socket_folder):
        await looking.found("state.one")
        seen = os.stat(socket_folder).st_mtime_ns

        async with ComponentServer({"two": [InMemoryStateStore]}, folder=socket_folder):
            os.utime(socket_folder, ns=(seen, seen))  # as if the clock had stood still
            await looking.found("state.two")


async def test_socket_that_goes_is_not_offered(looking: Looking, socket_folder: Path) -> None:
    async with looking.watching() as discovery:
        async with ComponentServer({"mine": [InMemoryStateStore]}, folder=socket_folder):
            await looking.found("state.mine")
            first = discovery.strangers["state.mine"]
        async with ComponentServer({"other": [InMemoryStateStore]}, folder=socket_folder):
            await looking.found("state.other")
            assert "state.mine" not in discovery.strangers
        async with ComponentServer({"mine": [InMemoryStateStore]}, folder=socket_folder):
            await looking.found("state.mine")
            assert discovery.strangers["state.mine"].path == first.path


async def test_socket_replaced_while_it_is_asked_is_asked_again(socket_folder: Path) -> None:
    replaced = asyncio.Event()

    async def asked_late(address: str, seconds: float) -> frozenset[str]:
        await replaced.wait()
        return await asked_briefly(address, seconds)

    looking = Looking(SocketsFolder(socket_folder, explicit=True), asked_late)
    stale(socket_folder / "mine.sock")
    looking.discovery.look()
    async with ComponentServer({"mine": [InMemoryStateStore]}, folder=socket_folder), looking.watching():
        replaced.set()

        async with asyncio.timeout(10):
            await looking.found("state.mine")


async def test_mute_socket_holds_up_nobody(looking: Looking, mute: Path, socket_folder: Path) -> None:
    async with (
        ComponentServer({"mine": [InMemoryStateStore]}, folder=socket_folder),
        looking.watching() as discovery,
    ):
        await discovery.answered("mine")
        assert "state.mine" in discovery.strangers
        assert mute not in discovery.silent

        await discovery.answered("mute")
        assert "did not list its services within 0.3 s" in discovery.silent[mute]


async def test_stale_socket_is_named(looking: Looking, socket_folder: Path) -> None:
    path = stale(socket_folder / "mine.sock")

    async with looking.watching() as discovery:
        await discovery.answered("mine")

        assert str(path) in discovery.silent[path]


async def test_stale_socket_is_replaced(looking: Looking, socket_folder: Path) -> None:
    path = stale(socket_folder / "mine.sock")

    async with looking.watching() as discovery:
        await discovery.answered("mine")
        async with ComponentServer({"mine": [InMemoryStateStore]}, folder=socket_folder):
            await looking.found("state.mine")

            assert path not in discovery.silent
            assert not discovery.early


async def test_unreadable_socket_is_named(looking: Looking, socket_folder: Path) -> None:
    os.chmod(socket_folder, 0o755)
    async with ComponentServer({"mine": [InMemoryStateStore]}, folder=socket_folder) as server:
        os.chmod(server.sockets["mine"], 0o000)
        user = os.geteuid()
        os.seteuid(NOBODY if user == 0 else user)  # root may open everything
        try:
            async with looking.watching() as discovery:
                await discovery.answered("mine")
        finally:
            os.seteuid(user)

    assert "Permission denied" in discovery.silent[socket_folder / "mine.sock"]


def only_root_can_give_away() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file to another user")


async def test_default_folder_of_another_is_refused(
    socket_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    only_root_can_give_away()
    looking = Looking(SocketsFolder(socket_folder, explicit=False))
    async with ComponentServer({"mine": [InMemoryStateStore]}, folder=socket_folder):
        os.chown(socket_folder, NOBODY, NOBODY)
        async with looking.watching() as discovery:
            assert discovery.refused is not None
            assert f"{socket_folder} belongs to user {NOBODY}, wanted is user 0" in discovery.refused
            assert not discovery.strangers
        os.chown(socket_folder, 0, 0)

    assert "no socket is looked at" in caplog.text


async def test_socket_of_another_is_refused(socket_folder: Path) -> None:
    only_root_can_give_away()
    looking = Looking(SocketsFolder(socket_folder, explicit=False))
    async with ComponentServer(
        {"mine": [InMemoryStateStore], "theirs": [InMemoryStateStore]}, folder=socket_folder
    ) as server:
        os.chown(theirs := server.sockets["theirs"], NOBODY, NOBODY)
        async with looking.watching() as discovery:
            await discovery.answered("mine")
            await discovery.answered("theirs")

            assert set(discovery.strangers) == {"state.mine"}
            assert f"belongs to user {NOBODY}" in discovery.silent[theirs]


async def test_named_folder_is_accepted_as_it_is(looking: Looking, socket_folder: Path) -> None:
    only_root_can_give_away()
    async with ComponentServer({"mine": [InMemoryStateStore]}, folder=socket_folder) as server:
        os.chown(server.sockets["mine"], NOBODY, NOBODY)
        async with looking.watching():
            await looking.found("state.mine")
