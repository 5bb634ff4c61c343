"""What only the transport on grpcio has to get right."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pluggable.transport import Limits
from pluggable.transport.grpcio import GrpcioChannel
from pluggable.transport.grpcio.sockets import connected

SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"


@pytest.fixture
def listener(socket_folder: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(socket_folder / "s.sock"))
        listener.listen()
        yield listener


async def test_authority_of_a_socket_is_localhost(listener: socket.socket) -> None:
    listener.setblocking(False)
    loop = asyncio.get_running_loop()

    async with (
        asyncio.timeout(10),
        GrpcioChannel(f"unix:{listener.getsockname()}", limits=Limits()) as channel,
    ):
        stream = channel.stream("/test.Authority/Show")
        peer, _ = await loop.sock_accept(listener)
        with peer:
            await loop.sock_sendall(peer, SETTINGS)
            sent = b""
            while b"/test.Authority/Show" not in sent or b"localhost" not in sent:
                sent += await loop.sock_recv(peer, 4096)
            stream.cancel("seen")


def test_only_accepted_connections_count(listener: socket.socket) -> None:
    path = listener.getsockname()
    assert connected({path}) == 0

    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        peer, _ = listener.accept()
        with peer:
            assert connected({path}) == 1
            assert connected({"another", 1}) == 0

    assert connected({path}) == 0
