from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from pluggable import ComponentServer, transport
from pluggable._wire import names
from pluggable.serving.instances import Offered
from pluggable.serving.socket import is_served
from pluggable.sockets import SocketError, SocketsFolder
from tests.serving.calling import Caller
from tests.serving.test_acks import Broker
from tests.serving.test_services import Both, Store


async def test_each_name_has_a_socket(socket_folder: Path) -> None:
    offered: dict[str, Offered] = {"redis": [Store, Broker], "http": partial(Both, [])}
    async with ComponentServer(offered, folder=socket_folder) as server:
        assert server.sockets == {"redis": socket_folder / "redis.sock", "http": socket_folder / "http.sock"}
        assert all(is_served(path) for path in server.sockets.values())
        assert {path.stat().st_mode & 0o777 for path in server.sockets.values()} == {0o666}
    assert os.listdir(socket_folder) == []


async def test_default_folder_is_for_its_owner(socket_folder: Path) -> None:
    folder = SocketsFolder(socket_folder / "default", explicit=False)
    async with ComponentServer({"mine": Store}, folder=folder) as server:
        assert server.sockets["mine"].stat().st_mode & 0o777 == 0o600


async def test_one_bad_socket_serves_nothing(socket_folder: Path) -> None:
    (socket_folder / "b.sock").touch()

    with pytest.raises(SocketError, match=r"b\.sock is in the way"):
        async with ComponentServer({"a": Store, "b": Store}, folder=socket_folder):
            pass
    assert os.listdir(socket_folder) == ["b.sock"]


async def test_names_differ_in_more_than_case(socket_folder: Path) -> None:
    with pytest.raises(SocketError, match='"mine" and "Mine" are one name to a sidecar'):
        async with ComponentServer({"mine": Store, "Mine": Store}, folder=socket_folder):
            pass


async def test_nothing_to_serve_is_an_error(socket_folder: Path) -> None:
    with pytest.raises(SocketError, match="nothing to serve"):
        async with ComponentServer({}, folder=socket_folder):
            pass


async def test_drained_server_delivers_nothing_new(socket_folder: Path) -> None:
    broker = Broker()
    async with (
        ComponentServer({"mine": lambda: broker}, folder=socket_folder) as server,
        transport.channel(f"unix:{server.sockets['mine']}") as channel,
    ):
        caller = Caller(channel)
        await caller.init(names.PUBSUB)
        puller = await caller.pull("quiet")
        await puller.stream.headers()
        broker.queue.put_nowait(b"1")
        message = await puller.receive()
        await server.drain(0)
        broker.queue.put_nowait(b"2")
        await puller.answer(message.id)

        outcome = await broker.next()
        assert (outcome[0], type(outcome[1]).__name__) == (b"1", "Accepted")
        await puller.stream.half_close()
        outcome = await broker.next()
        assert (outcome[0], type(outcome[1]).__name__) == (b"2", "Unanswered")
        assert not is_served(server.sockets["mine"])
