"""``pluggable doctor`` and ``pluggable probe`` as processes: what they say, and what they leave with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.commands import pluggable
from tests.cli.test_run import component
from tests.doctor.situations import VARIABLE, bound
from tests.guards.test_imports import loaded


def run(*words: str, cwd: Path, environ: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("DAPR_")}
    return subprocess.run(
        [sys.executable, "-m", "pluggable.cli.main", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={
            **inherited,
            "HOME": str(cwd),
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            **(environ or {}),
        },
    )


async def examined(*words: str, cwd: Path) -> tuple[int, list[str]]:
    """Run the doctor while a component is served as ``state.mine``; return its exit code and lines."""
    serving = ("serve", "state.in-memory", "--folder", str(cwd / "shared"))
    async with pluggable(*serving, cwd=cwd) as served:
        await served.said("serving state.in-memory on")
        async with pluggable("doctor", "--folder", "shared", *words, cwd=cwd) as doctor:
            return await doctor.ended(), doctor.lines


async def test_all_well_leaves_with_0(socket_folder: Path) -> None:
    component(socket_folder / "resources", "store")
    status, lines = await examined("--resources-path", "resources", cwd=socket_folder)

    assert status == 0, lines
    assert f"ok       {socket_folder}/shared/in-memory.sock: serves state.in-memory" in lines
    assert any("store (state.in-memory/v1) is served by in-memory.sock" in line for line in lines)
    assert lines[-1].endswith(": a daprd could use everything")


async def test_trouble_leaves_with_1(socket_folder: Path) -> None:
    os.mkdir(socket_folder / "shared")
    async with bound(socket_folder / "shared" / "stale.sock", listening=False) as stale:
        status, lines = await examined(cwd=socket_folder)

    assert status == 1
    assert any(line.startswith(f"error    {stale}: nobody listens") for line in lines)


async def test_resources_of_dapr_init_are_read(socket_folder: Path) -> None:
    component(socket_folder / ".dapr" / "components", "store", "state.none")
    status, lines = await examined(cwd=socket_folder)

    assert status == 1
    assert any("couldn't find state store state.none/v1" in line for line in lines)


def test_report_in_json_is_nothing_else(socket_folder: Path) -> None:
    done = run("doctor", "--json", cwd=socket_folder, environ={VARIABLE: str(socket_folder / "nowhere")})

    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert report["folder"] == str(socket_folder / "nowhere")
    assert "folder-missing" in {finding["check"] for finding in report["findings"]}


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--as-user", "root"), 'pluggable doctor: argument --as-user: "root" is no user'),
        (("--no-such-option",), "unrecognized arguments: --no-such-option"),
    ],
)
def test_misuse_leaves_with_64(words: tuple[str, ...], text: str, socket_folder: Path) -> None:
    done = run("doctor", *words, cwd=socket_folder)

    assert done.returncode == 64
    assert text in done.stderr


@pytest.mark.slow
def test_pod_is_judged_as_the_image(socket_folder: Path) -> None:
    in_pod = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    users = [
        json.loads(run("doctor", "--json", *words, cwd=socket_folder, environ=in_pod).stdout)["user"]
        for words in ((), ("--as-user", "7:8"))
    ]

    assert users == ["65532:65532", "7:8"]


def test_without_yaml_the_rest_is_done(socket_folder: Path) -> None:
    component(socket_folder / "resources", "store")
    program = (
        "import sys; sys.modules['yaml'] = None; "
        "sys.argv[1:] = ['doctor', '--folder', '.', '--resources-path', 'resources']; "
        "from pluggable.cli.main import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=socket_folder
    )

    assert done.returncode == 0, done.stderr
    assert "note     resources: was not read, for yaml is not installed" in done.stdout
    assert "pip install 'pluggable-components[runtime]'" in done.stdout
    assert "has no sockets" in done.stdout


async def test_probe_asks_a_component(socket_folder: Path) -> None:
    serving = ("serve", "state.in-memory", "--folder", str(socket_folder))
    path = socket_folder / "in-memory.sock"
    async with pluggable(*serving, cwd=socket_folder) as served:
        await served.said("serving state.in-memory on")
        async with pluggable("probe", str(path), cwd=socket_folder) as probe:
            assert await probe.ended() == 0
        store = ("--service", "dapr.proto.components.v1.StateStore")
        async with pluggable("probe", f"unix:{path}", *store, cwd=socket_folder) as one:
            assert await one.ended() == 0
        broker = ("--service", "dapr.proto.components.v1.PubSub")
        async with pluggable("probe", "in-memory.sock", *broker, cwd=socket_folder) as other:
            assert await other.ended() == 1

    assert probe.lines == one.lines == [f"{path} says SERVING"]
    assert other.lines == [f'{path} has no service "dapr.proto.components.v1.PubSub"']


@pytest.mark.parametrize(
    ("name", "text"),
    [("nowhere", "is not there"), ("file", "is no socket"), ("stale", "has nobody who listens")],
)
async def test_probe_says_what_is_amiss(name: str, text: str, socket_folder: Path) -> None:
    (socket_folder / "file").touch()
    async with bound(socket_folder / "stale", listening=False):
        done = run("probe", name, cwd=socket_folder)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"{socket_folder}/{name} {text}\n"


async def test_probe_gives_up_in_time(socket_folder: Path) -> None:
    async with bound(socket_folder / "mute", listening=True) as path:
        done = run("probe", "mute", "--timeout", "0.1", cwd=socket_folder)

    assert (done.returncode, done.stderr) == (1, f"{path} gave no answer within 0.1 s\n")


@pytest.mark.parametrize("seconds", ["0", "-1", "soon", "nan", "inf"])
def test_probe_refuses_nonsense(seconds: str, socket_folder: Path) -> None:
    done = run("probe", "x.sock", "--timeout", seconds, cwd=socket_folder)

    assert done.returncode == 64
    assert "is no number of seconds above 0" in done.stderr


@pytest.mark.parametrize(
    "heavy", ["anyio", "yaml", "uvloop", "pluggable.remote", "pluggable.runtime", "sqlalchemy"]
)
def test_probe_loads_no_more_than_it_needs(heavy: str) -> None:
    assert heavy not in loaded("import pluggable.cli.probe, pluggable.transport.grpcio")
