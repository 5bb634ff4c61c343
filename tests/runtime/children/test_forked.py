"""Children that are forked: who they are, and what becomes of them when who forked them dies."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pluggable import remote
from pluggable.runtime.children.forkserver import ForkServer
from pluggable.runtime.children.processes import UNKNOWN_STATUS, Process
from pluggable.runtime.children.supervisor import Child, Supervisor
from pluggable.runtime.components.registry import Bundle, Registry
from tests.e2e.packages import package
from tests.e2e.processes import Ending

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")

STORE = "dapr.proto.components.v1.StateStore"


@pytest.fixture(autouse=True)
async def in_time() -> AsyncIterator[None]:
    async with asyncio.timeout(30):
        yield


@pytest.fixture
async def supervisor() -> AsyncIterator[Supervisor]:
    async with Supervisor(backoff_seconds=(0.01, 0.02), fork=True) as found:
        yield found


def in_memory() -> Bundle:
    bundle = Registry().bundle("state.in-memory", "v1")
    assert bundle is not None
    return bundle


async def answering(child: Child) -> Process:
    """Wait until it does, and return its process."""
    await child.answering(20)
    assert child.process is not None
    return child.process


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def command(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").split("\0")


async def test_what_comes_along_is_forked(supervisor: Supervisor) -> None:
    process = await answering(supervisor.child(in_memory()))

    server = parent(process.pid)
    assert command(server)[1:3] == ["-m", "pluggable.serving.forking"]
    assert parent(server) == os.getpid()
    assert len(os.listdir(f"/proc/{server}/task")) == 1


async def test_command_line_tells_who_it_is(supervisor: Supervisor) -> None:
    child = supervisor.child(in_memory())
    process = await answering(child)

    words = command(process.pid)
    assert words[1:5] == ["-m", "pluggable.serving.child", "--socket", str(child.socket)]
    assert words[-2:] == ["--type", "state.in-memory"]


async def test_strangers_code_is_executed(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    code = "from pluggable_servers.memory.state import InMemoryStateStore as Store"
    bundle = Registry(package(tmp_path, "mine", code, {"state.mine": "Store"})).bundle("state.mine", "v1")
    assert bundle is not None

    process = await answering(supervisor.child(bundle))
    assert parent(process.pid) == os.getpid()


async def test_process_leads_a_session_of_its_own(supervisor: Supervisor) -> None:
    process = await answering(supervisor.child(in_memory()))

    assert os.getsid(process.pid) == process.pid


async def test_children_outlive_who_forked_them(
    supervisor: Supervisor, caplog: pytest.LogCaptureFixture
) -> None:
    child = supervisor.child(in_memory())
    process = await answering(child)
    server = Ending(pid := parent(process.pid))
    os.kill(pid, signal.SIGKILL)
    await server.wait()

    assert STORE in await remote.list_services(child.address, 5)
    assert process.returncode is None
    assert child.process is process
    assert (
        "the process that forks components was killed by SIGKILL; those that it forked go on" in caplog.text
    )


async def test_child_is_forked_again_after_all(
    supervisor: Supervisor, caplog: pytest.LogCaptureFixture
) -> None:
    child = supervisor.child(in_memory())
    first = await answering(child)
    server = Ending(pid := parent(first.pid))
    os.kill(pid, signal.SIGKILL)
    await server.wait()
    first.kill()
    assert await first.wait() == UNKNOWN_STATUS

    second = await answering_anew(child, first)
    assert parent(second.pid) not in (pid, os.getpid())
    assert "component process in-memory ended, and how is not known; it is started again" in caplog.text


async def answering_anew(child: Child, first: Process) -> Process:
    """Wait for the process after the first."""
    while child.process is first:  # noqa: ASYNC110  a matter of milliseconds
        await asyncio.sleep(0.01)
    return await answering(child)


@pytest.mark.slow
async def test_components_are_executed_where_none_can_be_forked(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # A component makes do with asyncio's own loop; who forks imports what all of them should have.
    (tmp_path / "uvloop.py").write_text("raise ImportError('no uvloop')")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")

    process = await answering(supervisor.child(in_memory()))
    assert parent(process.pid) == os.getpid()
    assert "exited with status 1; they are executed instead" in caplog.text


@pytest.mark.slow
async def test_server_without_work_is_let_go() -> None:
    server = ForkServer()
    async with Supervisor(server=server, fork=True) as supervisor:
        await supervisor.settle()
        assert server.process.returncode is not None

        process = await answering(supervisor.child(in_memory()))
        assert parent(process.pid) != server.process.pid


@pytest.mark.slow
async def test_server_that_is_there_is_used(caplog: pytest.LogCaptureFixture) -> None:
    server = ForkServer()
    async with Supervisor(server=server, fork=True) as supervisor:
        child = supervisor.child(in_memory())
        await supervisor.settle()
        process = await answering(child)

        assert parent(process.pid) == server.process.pid
    assert server.process.returncode is not None
    assert "the process that forks components" not in caplog.text
