from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from pluggable import transport
from pluggable.serving.socket import is_served
from pluggable.transport import StatusError
from tests.serving.calling import Caller
from tests.serving.processes import running

AUTHORS_PROGRAM = """
from pluggable import StateStore, serve
from pluggable.state import GetResponse

class MyStore(StateStore):
    async def init(self, metadata):
        self.values = {"k": b"v"}

    async def get(self, request):
        value = self.values.get(request.key)
        return None if value is None else GetResponse(data=value)

    async def set(self, request):
        self.values[request.key] = request.value

    async def delete(self, request):
        self.values.pop(request.key, None)

serve({"my-store": MyStore})
"""


@pytest.fixture
def program(tmp_path: Path) -> str:
    path = tmp_path / "author.py"
    path.write_text(AUTHORS_PROGRAM)
    assert len(AUTHORS_PROGRAM.strip().splitlines()) < 20
    return str(path)


@pytest.fixture
def path(socket_folder: Path) -> Path:
    return socket_folder / "my-store.sock"


async def test_connected_are_served_until_they_leave(program: str, path: Path) -> None:
    async with running(program, DAPR_COMPONENTS_SOCKETS_FOLDER=str(path.parent)) as server:
        await server.says(f"serving state.my-store on {path}")
        async with transport.channel(f"unix:{path}") as channel:
            caller = Caller(channel)
            await caller.init()
            server.process.send_signal(signal.SIGTERM)
            await server.says("stopping")

            async with asyncio.timeout(10):
                while is_served(path):  # it is moved away a moment later
                    assert await caller.get("k") == b"v"
            assert await caller.get("k") == b"v"
            assert server.process.returncode is None
        assert await server.ends() == 0


async def test_second_signal_ends_at_once(program: str, path: Path) -> None:
    async with running(program, DAPR_COMPONENTS_SOCKETS_FOLDER=str(path.parent)) as server:
        await server.says("serving")
        async with transport.channel(f"unix:{path}") as channel:
            await Caller(channel).init()
            server.process.send_signal(signal.SIGINT)
            await server.says("stopping")
            server.process.send_signal(signal.SIGINT)

            assert await server.ends() == 0
            with pytest.raises(StatusError):
                await Caller(channel).get("k")


async def test_killed_server_leaves_a_usable_name(program: str, path: Path) -> None:
    async with running(program, DAPR_COMPONENTS_SOCKETS_FOLDER=str(path.parent)) as server:
        await server.says("serving")
        server.process.kill()
        await server.ends()
    async with running(program, DAPR_COMPONENTS_SOCKETS_FOLDER=str(path.parent)) as server:
        await server.says("serving")

        assert is_served(path)


async def test_second_server_of_a_name_is_refused(program: str, path: Path) -> None:
    async with running(program, DAPR_COMPONENTS_SOCKETS_FOLDER=str(path.parent)) as first:
        await first.says("serving")
        async with running(program, DAPR_COMPONENTS_SOCKETS_FOLDER=str(path.parent)) as second:
            await second.says("is served by another process; stop that one, or choose another name")

            assert await second.ends() == 1
        assert is_served(path)
