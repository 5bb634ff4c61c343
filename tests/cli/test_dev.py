"""``pluggable dev`` with real processes: files are edited, and what is served follows."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pluggable.metadata import Metadata
from pluggable.remote import Connection, RemoteStateStore
from pluggable.state import GetRequest
from tests.cli.commands import Command, pluggable
from tests.cli.test_run import ask

SHELF = """
from pluggable import StateStore
from pluggable.state import GetResponse
from stock import WORD


class Shelf(StateStore):
    async def get(self, request):
        return GetResponse(data=WORD.encode())

    async def set(self, request):
        pass

    async def delete(self, request):
        pass
"""
TYPE = "state.shelf=shelf:Shelf"


def stock(folder: Path, text: str) -> None:
    (folder / "stock.py").write_text(text)


@asynccontextmanager
async def developing(folder: Path, *words: str) -> AsyncIterator[Command]:
    """Develop a store whose values are the word in ``stock.py``."""
    (folder / "shelf.py").write_text(SHELF)
    stock(folder, 'WORD = "one"\n')
    async with pluggable("dev", TYPE, "--folder", "sockets", *words, cwd=folder) as command:
        await command.said(f"serving state.shelf on {folder}/sockets/shelf.sock")
        yield command


async def word(folder: Path) -> str:
    """Return what the store that is served now answers."""
    async with Connection(f"unix:{folder}/sockets/shelf.sock", instance="shelf", client="dev") as connection:
        store = RemoteStateStore(connection)
        await store.init(Metadata({}, "shelf"))
        found = await store.get(GetRequest(key="k"))
    assert found is not None
    return found.data.decode()


async def test_changed_source_is_served(socket_folder: Path) -> None:
    async with developing(socket_folder) as dev:
        assert await word(socket_folder) == "one"

        stock(socket_folder, 'WORD = "three"\n')
        again = await dev.said("stock.py changed: serving again after ")
        assert 0 < float(again.split()[-2]) < 20
        assert await word(socket_folder) == "three"
        assert await dev.ended(signal.SIGTERM) == 0
    assert list((socket_folder / "sockets").iterdir()) == []


@pytest.mark.slow
async def test_broken_source_leaves_what_is_served(socket_folder: Path) -> None:
    async with developing(socket_folder) as dev:
        stock(socket_folder, "WORD = three\n")
        await dev.said("stock.py changed: the source cannot be served, the component as it was goes on:")
        await dev.said("NameError: name 'three' is not defined")
        trace = dev.lines[dev.index("Traceback") + 1 : dev.index("NameError")]
        assert [line.strip() for line in trace] == [
            f'File "{socket_folder}/shelf.py", line 4, in <module>',
            "from stock import WORD",
            f'File "{socket_folder}/stock.py", line 1, in <module>',
            "WORD = three",
            "^^^^^",
        ]
        assert await word(socket_folder) == "one"

        stock(socket_folder, 'WORD = "four"\n')
        await dev.said("stock.py changed: serving again after ")
        assert await word(socket_folder) == "four"


@pytest.mark.slow
async def test_source_may_be_broken_at_first(socket_folder: Path) -> None:
    async with pluggable("dev", TYPE, "--folder", "sockets", cwd=socket_folder) as dev:
        await dev.said("the source cannot be served, it is tried again when that changes:")
        await dev.said("type state.shelf cannot be loaded from shelf:Shelf: No module named 'shelf'")

        (socket_folder / "shelf.py").write_text(SHELF)
        await dev.said("shelf.py changed: the source cannot be served")
        await dev.said("ModuleNotFoundError: No module named 'stock'")

        stock(socket_folder, 'WORD = "late"\n')
        await dev.said("serving state.shelf on ")
        assert await word(socket_folder) == "late"
        assert await dev.ended(signal.SIGINT) == 0


@pytest.mark.slow
async def test_process_that_ends_is_started_at_the_next_change(socket_folder: Path) -> None:
    async with developing(socket_folder) as dev:
        stock(socket_folder, "import os\nWORD = str(os.getpid())\n")
        await dev.said("stock.py changed: serving again after ")
        os.kill(int(await word(socket_folder)), signal.SIGKILL)
        await dev.said("the component is not served any more: its process ended with status 137")

        (socket_folder / "shelf.py").write_text(f"{SHELF}# mended")
        await dev.said("shelf.py changed: serving again after ")
        assert int(await word(socket_folder)) > 0


@pytest.mark.slow
async def test_other_files_restart_nothing(socket_folder: Path) -> None:
    async with developing(socket_folder) as dev:
        (socket_folder / "test_shelf.py").write_text("# not a part of it\n")
        stock(socket_folder, 'WORD = "five"\n')
        await dev.said("stock.py changed: ")

        assert not [line for line in dev.lines if "test_shelf" in line]


@pytest.mark.slow
async def test_application_and_sidecar_outlive_restarts(socket_folder: Path) -> None:
    get = ask("/v1.0/state/shelf/k")
    script = f"{get}; echo waiting; until {get} 2>/dev/null | grep two; do sleep 0.1; done; exit 3"
    async with developing(socket_folder, "--", "sh", "-c", script) as dev:
        await dev.said("== APP == answer one")
        await dev.said("== APP == waiting")
        stock(socket_folder, 'WORD = "two"\n')

        await dev.said("== APP == answer two")
        assert await dev.ended() == 3
        assert len([line for line in dev.lines if line.startswith("starting ")]) == 1


async def test_word_that_is_no_type_is_refused(tmp_path: Path) -> None:
    async with pluggable("dev", "shelf:Shelf", cwd=tmp_path) as dev:
        assert await dev.ended() == 64
        assert dev.log() == "pluggable dev: shelf:Shelf is no type; wanted is one such as state.mine"


@pytest.mark.slow
async def test_socket_that_is_taken_is_said(socket_folder: Path) -> None:
    async with (
        developing(socket_folder),
        pluggable("dev", TYPE, "--folder", "sockets", cwd=socket_folder) as other,
    ):
        await other.said("shelf.sock is served by another process")
