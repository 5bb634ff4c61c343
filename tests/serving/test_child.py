from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from pluggable import transport
from pluggable.serving.socket import is_served
from tests.serving.calling import Caller
from tests.serving.processes import running

MODULE = """
import sys
import time
from pluggable import StateStore
from pluggable.state import GetResponse

print("imported")

class Store(StateStore):
    async def get(self, request):
        if request.key == "hang":
            print("hanging", file=sys.stderr, flush=True)
            time.sleep(60)
        return GetResponse(data=b"v")
    async def set(self, request): ...
    async def delete(self, request): ...
"""
ENTRY_POINTS = """
[pluggable.components]
state.fake = fake_store:Store
state.broken = fake_broken:Store
state.absent = fake_store:Absent
"""
METADATA = """Metadata-Version: 2.1
Name: fake-components
Version: 1.0
Requires-Dist: fake-driver>=2; extra == "fast"
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A folder with an installed package that announces components."""
    info = tmp_path / "fake_components-1.0.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    (info / "METADATA").write_text(METADATA)
    (tmp_path / "fake_store.py").write_text(MODULE)
    (tmp_path / "fake_broken.py").write_text("import fake_driver\n")
    return tmp_path


def arguments(path: Path, *types: str) -> list[str]:
    named = [word for type_ in types for word in ("--type", type_)]
    return ["-m", "pluggable.serving.child", "--socket", str(path), *named]


async def test_child_serves_until_told(package: Path, socket_folder: Path) -> None:
    path = socket_folder / "state.fake.sock"
    async with running(*arguments(path, "state.fake"), path=package) as child:
        await child.says("imported")
        await child.says(f"serving state.fake on {path}")
        assert await child.writes() == "ready\n"
        async with transport.channel(f"unix:{path}") as channel:
            await Caller(channel).init()

            assert await Caller(channel).get("k") == b"v"
        child.process.send_signal(signal.SIGTERM)
        assert await child.ends() == 0
    assert os.listdir(socket_folder) == []


async def test_child_leaves_with_its_parent(package: Path, socket_folder: Path) -> None:
    path = socket_folder / "state.fake.sock"
    lifeline, held = os.pipe()
    words = [*arguments(path, "state.fake"), "--lifeline", str(lifeline)]
    async with running(*words, path=package, pass_fds=(lifeline,)) as child:
        os.close(lifeline)
        await child.says("serving")
        async with transport.channel(f"unix:{path}") as channel:
            await Caller(channel).init()
            os.close(held)

            assert await child.ends() == 0
    assert not is_served(path)


@pytest.mark.slow
async def test_hung_child_leaves_with_its_parent(package: Path, socket_folder: Path) -> None:
    path = socket_folder / "state.fake.sock"
    lifeline, held = os.pipe()
    words = [*arguments(path, "state.fake"), "--lifeline", str(lifeline)]
    async with running(*words, path=package, pass_fds=(lifeline,)) as child:
        os.close(lifeline)
        await child.says("serving")
        async with transport.channel(f"unix:{path}") as channel:
            await Caller(channel).init()

            call = asyncio.create_task(Caller(channel).get("hang"))
            await child.says("hanging")
            os.close(held)

            assert await child.ends() == 1
            await asyncio.gather(call, return_exceptions=True)


async def test_missing_extra_is_named(package: Path, socket_folder: Path) -> None:
    async with running(*arguments(socket_folder / "s", "state.broken"), path=package) as child:
        line = await child.says("state.broken cannot be loaded")

        assert "No module named 'fake_driver'" in line
        assert "pip install 'fake-components[fast]'" in line
        assert await child.ends() == 3


@pytest.mark.parametrize(
    ("type_", "sentence"),
    [
        ("state.nobody", "type state.nobody is not installed; installed are "),
        ("state.absent", "type state.absent cannot be loaded from fake_store:Absent"),
    ],
)
async def test_unloadable_type_is_named(
    package: Path, socket_folder: Path, type_: str, sentence: str
) -> None:
    async with running(*arguments(socket_folder / "s", type_), path=package) as child:
        await child.says(sentence)

        assert await child.ends() == 3


async def test_served_socket_is_refused(package: Path, socket_folder: Path) -> None:
    path = socket_folder / "state.fake.sock"
    path.touch()
    async with running(*arguments(path, "state.fake"), path=package) as child:
        await child.says("is in the way, and is no socket")

        assert await child.ends() == 1
