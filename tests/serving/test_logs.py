"""What a component's process logs, and what its sidecar makes of it."""

from __future__ import annotations

import json
import logging
import signal
from pathlib import Path

import pytest

from pluggable import transport
from pluggable._records import record_of
from pluggable.transport import StatusError
from tests.serving.calling import Caller
from tests.serving.processes import running

SHELF = """
import asyncio, logging
from pluggable import StateStore

logger = logging.getLogger("shelf")

class Shelf(StateStore):
    async def init(self, metadata):
        self.woken = asyncio.Event()
        self.worker = asyncio.create_task(self.work())
    async def work(self):
        await self.woken.wait()
        logger.info("worked")
    async def get(self, request):
        if request.key == "secret":
            raise RuntimeError("no such shelf")
        await asyncio.to_thread(logger.info, "looked")
        self.woken.set()
    async def set(self, request): ...
    async def delete(self, request): ...
    async def close(self):
        logger.info("closed")
"""
PROGRAM = f"""{SHELF}
from pluggable import serve
serve({{"shelf": Shelf}})
"""


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    (tmp_path / "shelf.py").write_text(SHELF)
    (tmp_path / "program.py").write_text(PROGRAM)
    return tmp_path


async def test_lines_say_for_whom_they_are(shelf: Path, socket_folder: Path) -> None:
    path = socket_folder / "shelf.sock"
    program = str(shelf / "program.py")
    async with running(program, path=shelf, DAPR_COMPONENTS_SOCKETS_FOLDER=str(socket_folder)) as server:
        await server.says("serving")
        async with transport.channel(f"unix:{path}") as channel:
            caller = Caller(channel)
            await caller.init()
            await caller.get("k")
            with pytest.raises(StatusError):
                await caller.get("secret")
        server.process.send_signal(signal.SIGTERM)
        line = await server.says("closed")

        assert line == 'INFO shelf: state.shelf "orders" close: closed\n'
        assert 'INFO shelf: state.shelf "orders" Get: looked\n' in server.said
        assert 'INFO shelf: state.shelf "orders": worked\n' in server.said
        failed = server.said.index('ERROR pluggable.serving.calls: state.shelf "orders" Get: Get failed\n')
        assert server.said[failed + 1].startswith("Traceback")
        assert "secret" not in "".join(line for line in server.said if not line.startswith(" "))


async def test_json_lines_have_fields(shelf: Path, socket_folder: Path) -> None:
    path = socket_folder / "shelf.sock"
    words = ["-m", "pluggable.cli.main", "serve", "state.shelf=shelf:Shelf", "--folder", str(socket_folder)]
    async with running(*words, "--log-as-json", "--log-level", "debug", path=shelf) as server:
        await server.says("serving")
        async with transport.channel(f"unix:{path}") as channel:
            await Caller(channel).init()
            await Caller(channel).get("k")
        fields = json.loads(await server.says("looked"))

        assert (fields["level"], fields["scope"], fields["msg"]) == ("info", "shelf", "looked")
        assert (fields["component"], fields["component_instance"]) == ("state.shelf", "orders")
        assert fields["method"] == "Get"
        assert all(json.loads(line)["scope"] != "asyncio" for line in server.said)


async def test_level_of_a_child_is_given(socket_folder: Path) -> None:
    words = ["--socket", str(socket_folder / "s"), "--type", "state.in-memory", "--log-level", "30"]
    async with running("-m", "pluggable.serving.child", *words) as child:
        assert await child.writes() == "ready\n"
        async with transport.channel(f"unix:{socket_folder}/s") as channel:
            await Caller(channel).init()
        child.process.send_signal(signal.SIGTERM)
        await child.ends()
        assert child.process.stderr is not None
        lines = (await child.process.stderr.read()).decode().splitlines()

    records = [record_of(line) for line in lines]
    assert {record.levelno for record in records if record is not None} <= {logging.WARNING}
    assert not [line for line in lines if "serving" in line]
