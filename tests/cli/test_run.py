"""``pluggable run`` with real processes: what the application gets, and how everything ends."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commands import pluggable

#: Asks the sidecar for a path and prints the answer's body.
ASK = (
    "import os, sys, urllib.request; "
    "url = f'http://127.0.0.1:{os.environ[\"DAPR_HTTP_PORT\"]}' + sys.argv[1]; "
    "data = sys.argv[2].encode() if len(sys.argv) > 2 else None; "
    "head = {'Content-Type': 'application/json'}; "
    "print('answer', urllib.request.urlopen(urllib.request.Request(url, data, head)).read().decode())"
)


def ask(path: str, body: str | None = None) -> str:
    """Return a shell command that calls the sidecar."""
    return shlex.join([sys.executable, "-c", ASK, path, *([body] if body else [])])


def component(folder: Path, name: str, type_: str = "state.in-memory") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.yaml").write_text(
        f"apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {{name: {name}}}\n"
        f"spec: {{type: {type_}, version: v1}}\n"
    )


async def test_application_meets_its_sidecar(tmp_path: Path) -> None:
    words = 'echo "ports $DAPR_HTTP_PORT $DAPR_GRPC_PORT $DAPR_METRICS_PORT $APP_PORT of $APP_ID"'
    async with pluggable(
        "run", "--app-id", "hello", "--app-port", "8080", "--", "sh", "-c", words, cwd=tmp_path
    ) as run:
        assert await run.ended() == 0

        started = await run.said("starting hello: ")
        numbers = [word.strip(",") for word in started.split() if word.strip(",").isdigit()]
        assert await run.said("ports") == f"== APP == ports {' '.join(numbers)} 8080 of hello"
        assert all(line.startswith(("== APP == ", "== DAPR == ", "starting ")) for line in run.lines)


async def test_embedded_defaults_can_be_used(tmp_path: Path) -> None:
    save = ask("/v1.0/state/statestore", json.dumps([{"key": "k", "value": 5}]))
    script = f"{save} && {ask('/v1.0/state/statestore/k')} && {ask('/v1.0/publish/pubsub/topic', '{}')}"
    async with pluggable("run", "sh", "-c", script, cwd=tmp_path) as run:
        assert await run.ended() == 0, run.log()

        assert [line for line in run.lines if line.startswith("== APP == answer")] == [
            "== APP == answer ",
            "== APP == answer 5",
            "== APP == answer ",
        ]


@pytest.mark.slow
async def test_initialised_home_is_used(tmp_path: Path) -> None:
    component(tmp_path / ".dapr" / "components", "mine")
    async with pluggable("run", "sh", "-c", ask("/v1.0/metadata"), cwd=tmp_path) as run:
        assert await run.ended() == 0, run.log()

        metadata = json.loads((await run.said("== APP == answer")).partition("answer ")[2])
        assert [each["name"] for each in metadata["components"]] == ["mine"]
        assert metadata["id"] == tmp_path.name


@pytest.mark.parametrize(("script", "code"), [("exit 7", 7), ("kill -KILL $$", 137)])
async def test_exit_code_is_the_applications(tmp_path: Path, script: str, code: int) -> None:
    async with pluggable("run", "-a", "a", "--", "sh", "-c", script, cwd=tmp_path) as run:
        assert await run.ended() == code


async def test_interrupt_ends_application_then_sidecar(tmp_path: Path) -> None:
    script = "trap 'echo leaving; exit 5' INT; echo ready; while :; do sleep 0.1; done"
    async with pluggable("run", "-a", "a", "--", "sh", "-c", script, cwd=tmp_path) as run:
        await run.said("== APP == ready")

        assert await run.ended(signal.SIGINT) == 0
        assert run.index("== APP == leaving") < run.index("== DAPR ==", "shutdown gracefully")
        assert run.left() == []


async def test_terminating_is_passed_on(tmp_path: Path) -> None:
    script = "trap 'echo told to leave; exit' TERM; echo ready; while :; do sleep 0.1; done"
    async with pluggable("run", "-a", "a", "--", "sh", "-c", script, cwd=tmp_path) as run:
        await run.said("== APP == ready")

        assert await run.ended(signal.SIGTERM) == 0
        await run.said("== APP == told to leave")


@pytest.fixture
def heeded_hangup() -> Iterator[None]:
    """Processes started now heed SIGHUP, even if these tests run under ``nohup``."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.slow
@pytest.mark.usefixtures("heeded_hangup")
async def test_closed_terminal_ends_everything(tmp_path: Path) -> None:
    async with pluggable("run", "-a", "a", "--", "sh", "-c", "echo ready; sleep 60", cwd=tmp_path) as run:
        await run.said("== APP == ready")

        assert await run.ended(signal.SIGHUP) == 0
        assert run.left() == []


async def test_second_signal_ends_at_once(tmp_path: Path) -> None:
    script = "trap 'echo never' INT; echo ready; while :; do sleep 0.1; done"
    async with pluggable("run", "-a", "a", "--", "sh", "-c", script, cwd=tmp_path) as run:
        await run.said("== APP == ready")
        run.process.send_signal(signal.SIGINT)
        await run.said("== APP == never")

        async with asyncio.timeout(4):  # the application alone would be given 5
            assert await run.ended(signal.SIGINT) == 0
        assert run.left() == []


async def test_background_processes_end_too(tmp_path: Path) -> None:
    script = (
        "sh -c 'trap \"echo child leaves; exit\" TERM; echo up; while :; do sleep 0.1; done' & read x < fifo"
    )
    os.mkfifo(tmp_path / "fifo")
    async with pluggable("run", "-a", "a", "--", "sh", "-c", script, cwd=tmp_path) as run:
        await run.said("== APP == up")
        await asyncio.to_thread((tmp_path / "fifo").write_text, "go\n")

        assert await run.ended() == 0
        await run.said("== APP == child leaves")
        assert run.left() == []


async def test_sidecar_alone_runs_until_interrupted(tmp_path: Path) -> None:
    async with pluggable("run", "-a", "a", cwd=tmp_path) as run:
        await run.said("== DAPR ==", "Status: Running")

        assert await run.ended(signal.SIGINT) == 0


async def test_failing_component_starts_no_application(tmp_path: Path) -> None:
    component(tmp_path / "resources", "vault", "secretstores.local.file")
    async with pluggable("run", "-a", "a", "-d", "resources", "--", "echo", "never", cwd=tmp_path) as run:
        assert await run.ended() == 1

        await run.said("== DAPR ==", "level=fatal", "vault", "secretsFile")
        assert run.lines[-1] == "pluggable run: a: its sidecar ended with status 1; its log above says why"
        assert "== APP ==" not in run.log()


async def test_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        async with pluggable("run", "-a", "a", "-H", port, "--", "echo", "never", cwd=tmp_path) as run:
            assert await run.ended() == 1

            assert run.log() == (
                f"pluggable run: a: HTTP port {port} cannot be used: Address already in use; "
                "name another, or none for a free one"
            )


async def test_unknown_command_is_named(tmp_path: Path) -> None:
    async with pluggable("run", "-a", "a", "--", "no-such-command", cwd=tmp_path) as run:
        assert await run.ended() == 1

        assert run.lines[-1] == "pluggable run: a: cannot run no-such-command: No such file or directory"


async def test_dead_sidecar_ends_the_application(tmp_path: Path) -> None:
    script = f"trap 'echo leaving; exit' TERM; {ask('/v1.0/shutdown', '{}')}; while :; do sleep 0.1; done"
    async with pluggable("run", "-a", "a", "--", "sh", "-c", script, cwd=tmp_path) as run:
        assert await run.ended() == 0

        await run.said("the sidecar of a ended with status 0")
        await run.said("== APP == leaving")


async def test_end_of_reader_ends_everything(tmp_path: Path) -> None:
    words = ["run", "-a", "a", "--", "sh", "-c", "while :; do echo more; sleep 0.1; done"]
    async with pluggable(*words, cwd=tmp_path, reader="head -n 3") as run:
        await run.ended()

        assert len(run.lines) == 3


@pytest.mark.slow
async def test_two_applications_run_apart(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    (tmp_path / "dapr.yaml").write_text(
        """
version: 1
common: {env: {SHARED: both}}
apps:
  - {appID: one, appDirPath: one, command: [sh, -c, 'echo "$APP_ID $SHARED in $(pwd)"; exit 3']}
  - appID: two
    appDirPath: two
    env: {SHARED: own}
    command: [sh, -c, 'trap "echo leaving; exit" INT; echo "$APP_ID $SHARED"; while :; do sleep 0.1; done']
"""
    )
    async with pluggable("run", "-f", ".", cwd=tmp_path) as run:
        assert await run.said("== APP - one ==") == f"== APP - one == one both in {tmp_path}/one"
        await run.said("one ended with status 3")
        assert await run.said("== APP - two ==") == "== APP - two == two own"

        assert await run.ended(signal.SIGINT) == 0
        await run.said("== APP - two == leaving")
        await run.said("== DAPR - two ==", "shutdown gracefully")


@pytest.mark.slow
async def test_first_failure_is_the_exit_code(tmp_path: Path) -> None:
    (tmp_path / "dapr.yaml").write_text(
        """
apps:
  - {appID: one, appDirPath: ., command: [sh, -c, exit 0]}
  - {appID: two, appDirPath: ., command: [sh, -c, exit 4]}
"""
    )
    async with pluggable("run", "-f", "dapr.yaml", cwd=tmp_path) as run:
        assert await run.ended() == 4


async def test_run_file_leaves_no_room_for_a_command(tmp_path: Path) -> None:
    async with pluggable("run", "-f", ".", "--", "echo", cwd=tmp_path) as run:
        assert await run.ended() == 1

        assert run.lines[-1].startswith("pluggable run: . says what to run")


def test_run_loads_what_it_needs_alone() -> None:
    program = "import sys, pluggable.cli.main, pluggable.cli.run; print(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert not {"yaml", "grpc", "uvloop", "google.protobuf"} & set(loaded.stdout.split())
