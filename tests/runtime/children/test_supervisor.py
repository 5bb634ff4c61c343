"""Bundled components as children: started, given up, and gone with their sidecar."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pluggable import Metadata, remote
from pluggable.errors import UnavailableError
from pluggable.runtime.children.supervisor import NoFolderError, Supervisor
from pluggable.runtime.components.registry import Bundle, Registry
from tests.e2e.packages import package
from tests.e2e.processes import Ending

Announce = Callable[..., Bundle]


@pytest.fixture(autouse=True)
async def in_time() -> AsyncIterator[None]:
    async with asyncio.timeout(30):
        yield


@pytest.fixture(params=["forked", "executed"])
def forked(request: pytest.FixtureRequest) -> bool:
    """How processes come about; what holds for one way holds for the other."""
    if request.param == "forked" and sys.platform != "linux":
        pytest.skip("processes are forked on Linux alone")
    return bool(request.param == "forked")


@pytest.fixture
def announce(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forked: bool) -> Announce:
    """Install a package whose module is the code, for child processes to find."""
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")

    def announced(code: str, extras: dict[str, str] | None = None) -> Bundle:
        points = package(tmp_path, "mine", code, {"state.mine": "Store"}, extras)
        bundle = Registry(points).bundle("state.mine", "v1")
        assert bundle is not None
        return replace(bundle, comes_along=forked)

    return announced


@pytest.fixture
async def supervisor(forked: bool) -> AsyncIterator[Supervisor]:
    async with Supervisor(backoff_seconds=(0.01, 0.02), fork=forked) as found:
        yield found


def in_memory() -> Bundle:
    bundle = Registry().bundle("state.in-memory", "v1")
    assert bundle is not None
    return bundle


async def test_child_answers_on_a_private_socket(supervisor: Supervisor) -> None:
    child = supervisor.child(in_memory())
    await child.answering(20)

    assert "dapr.proto.components.v1.StateStore" in await remote.list_services(child.address, 5)
    assert child.socket.parent.stat().st_mode & 0o777 == 0o700


async def test_child_is_shared() -> None:
    async with Supervisor() as supervisor:
        assert supervisor.child(in_memory()) is supervisor.child(in_memory())


async def test_children_end_with_the_supervisor(forked: bool) -> None:
    async with Supervisor(fork=forked) as supervisor:
        child = supervisor.child(in_memory())
        await child.answering(20)
        assert child.process is not None
        ending = Ending(child.process.pid)

    await ending.wait()
    assert not child.socket.parent.exists()


async def test_without_children_nothing_is_written(
    socket_folder: Path, monkeypatch: pytest.MonkeyPatch, forked: bool
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(socket_folder))
    async with Supervisor(fork=forked) as supervisor:
        assert os.listdir(socket_folder) == []

        child = supervisor.child(in_memory())
        await child.answering(20)
        assert os.listdir(socket_folder) == [child.socket.parent.name]

    assert os.listdir(socket_folder) == []


async def test_missing_place_for_sockets_is_explained(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))

    with pytest.raises(NoFolderError, match=r"No such file or directory; make /tmp writable.* in \$TMPDIR"):
        supervisor.child(in_memory())


async def test_crash_loop_is_given_up_by_name(
    supervisor: Supervisor, announce: Announce, caplog: pytest.LogCaptureFixture
) -> None:
    child = supervisor.child(announce('raise SystemExit("the disk is full")'))

    with pytest.raises(UnavailableError) as raised:
        await child.answering(20)

    said = str(raised.value)
    assert "component process mine (state.mine) exited with status 1, 3 times in a row" in said
    assert "is not started again; its last words: " in said
    assert "the disk is full" in said
    assert said in caplog.text


async def test_missing_extra_is_given_up_at_once(supervisor: Supervisor, announce: Announce) -> None:
    child = supervisor.child(announce("import warp_drive", {"warp": "warp-drive>=9"}))

    with pytest.raises(UnavailableError) as raised:
        await child.answering(20)

    said = str(raised.value)
    assert "exited with status 3 and is not started again" in said
    assert "install it with: pip install 'mine[warp]'" in said


async def test_lines_of_a_child_keep_level_and_origin(
    supervisor: Supervisor, announce: Announce, caplog: pytest.LogCaptureFixture
) -> None:
    code = """
import logging
logging.getLogger("shelf").error("the shelf is dusty")
print("a word by the way")
raise SystemExit("enough")
"""
    caplog.set_level(logging.INFO)
    with pytest.raises(UnavailableError) as raised:
        await supervisor.child(announce(code)).answering(20)

    said = [(record.name, record.levelname, record.getMessage()) for record in caplog.records]
    assert ("shelf", "ERROR", "mine: the shelf is dusty") in said
    assert ("pluggable.runtime.children.supervisor", "INFO", "mine: a word by the way") in said
    assert "the shelf is dusty" in str(raised.value)


class Hearing(logging.Handler):
    """Waits for a record, which comes by a pipe and maybe after the answer to its call."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self._words = words
        self.record: asyncio.Future[logging.LogRecord] = asyncio.get_running_loop().create_future()

    def emit(self, record: logging.LogRecord) -> None:
        if self._words in record.getMessage() and not self.record.done():
            self.record.set_result(record)


async def test_line_of_a_call_names_the_instance(
    supervisor: Supervisor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    hearing = Hearing("is initialised")
    logging.getLogger().addHandler(hearing)
    try:
        child = supervisor.child(in_memory())
        await child.answering(20)
        async with remote.Connection(child.address, instance="orders", client="test") as connection:
            await remote.RemoteStateStore(connection).init(Metadata(name="orders"))
            record = await hearing.record
    finally:
        logging.getLogger().removeHandler(hearing)

    assert (record.name, record.levelname) == ("pluggable.serving.calls", "INFO")
    assert record.__dict__["component"] == "state.in-memory"
    assert record.__dict__["component_instance"] == "orders"
    assert record.__dict__["method"] == "Init"


async def test_child_given_up_is_tried_anew(supervisor: Supervisor, announce: Announce) -> None:
    bundle = announce("import warp_drive")
    given_up = supervisor.child(bundle)
    with pytest.raises(UnavailableError):
        await given_up.answering(20)

    assert supervisor.child(bundle) is not given_up


async def test_late_child_is_reported(announce: Announce, forked: bool) -> None:
    async with Supervisor(fork=forked) as supervisor:
        child = supervisor.child(announce("import threading; threading.Event().wait()"))

        with pytest.raises(UnavailableError, match=r"component process mine does not answer after 0\.1 s"):
            await child.answering(0.1)
