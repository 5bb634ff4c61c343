from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path

import pytest

from pluggable import transport
from pluggable.serving.socket import PublishedSocket, is_served, publish, remove_leftovers
from pluggable.sockets import SocketError


def server() -> transport.Server:
    return transport.server({})


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def bound(path: Path) -> socket.socket:
    found = socket.socket(socket.AF_UNIX)
    found.bind(str(path))
    return found


async def test_published_socket_answers(socket_folder: Path) -> None:
    path = socket_folder / "mine.sock"
    async with server() as one:
        await publish(one, path, mode=0o666)

        assert is_served(path)
        assert path.stat().st_mode & 0o777 == 0o666
        assert files(socket_folder) == [path]


async def test_stale_socket_is_replaced(socket_folder: Path) -> None:
    path = socket_folder / "mine.sock"
    bound(path).close()
    async with server() as one:
        await publish(one, path, mode=0o600)

        assert is_served(path)


async def test_live_socket_is_refused(socket_folder: Path) -> None:
    path = socket_folder / "mine.sock"
    async with server() as one, server() as two:
        published = await publish(one, path, mode=0o600)

        with pytest.raises(SocketError, match=r"mine\.sock is served by another process"):
            await publish(two, path, mode=0o600)
        assert (path.stat().st_dev, path.stat().st_ino) == published.identity


async def test_full_queue_counts_as_served(socket_folder: Path) -> None:
    path = socket_folder / "mine.sock"
    with bound(path) as listening:
        listening.listen(0)
        with socket.socket(socket.AF_UNIX) as first, socket.socket(socket.AF_UNIX) as second:
            for each in (first, second):
                each.setblocking(False)
                each.connect_ex(str(path))

            assert is_served(path)


async def test_other_file_is_left_alone(socket_folder: Path) -> None:
    path = socket_folder / "mine.sock"
    path.write_text("precious")
    async with server() as one:
        with pytest.raises(SocketError, match="is in the way, and is no socket"):
            await publish(one, path, mode=0o600)

    assert path.read_text() == "precious"


async def test_missing_folder_is_an_error(socket_folder: Path) -> None:
    async with server() as one:
        with pytest.raises(SocketError, match=r"mine\.sock cannot be made: No such file"):
            await publish(one, socket_folder / "gone" / "mine.sock", mode=0o600)


async def test_staging_path_counts_for_the_length(socket_folder: Path) -> None:
    folder = socket_folder / ("f" * (105 - len(str(socket_folder)) - 1))
    folder.mkdir()
    path = folder / "s"
    async with server() as one:
        with pytest.raises(SocketError, match=r"\.bind-\w+/s has \d+ bytes"):
            await publish(one, path, mode=0o600)

    assert files(folder) == []


async def test_withdrawn_socket_is_gone(socket_folder: Path) -> None:
    path = socket_folder / "mine.sock"
    async with server() as one:
        published = await publish(one, path, mode=0o600)
        published.withdraw()
        published.withdraw()

        assert files(socket_folder) == []


async def test_successors_socket_is_not_withdrawn(socket_folder: Path) -> None:
    path = socket_folder / "mine.sock"
    async with server() as one, server() as two:
        published = await publish(one, path, mode=0o600)
        path.rename(socket_folder / "away")
        await publish(two, path, mode=0o600)
        published.withdraw()

        assert is_served(path)


async def test_vanished_folder_withdraws_nothing(socket_folder: Path) -> None:
    PublishedSocket(socket_folder / "gone" / "mine.sock", (0, 0)).withdraw()


async def test_leftovers_of_the_dead_are_removed(socket_folder: Path) -> None:
    dead = socket_folder / ".bind-0a1b2c3d"
    dead.mkdir()
    bound(dead / "s").close()
    living = socket_folder / ".bind-11111111"
    living.mkdir()
    handle = os.open(living, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        remove_leftovers(socket_folder)
    finally:
        os.close(handle)

    assert files(socket_folder) == [living]
