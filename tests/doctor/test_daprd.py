"""The situations by daprd's own code for discovery: what the doctor says of a daprd is what one does."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pluggable.doctor.builtin import types_of
from pluggable.sockets import FOLDER_VARIABLES
from tests.doctor.conftest import Examined, found
from tests.doctor.situations import SITUATIONS, VARIABLE, bound, component
from tests.programs import go_built, needed

SINGULAR = FOLDER_VARIABLES[1]
MODULE = Path(__file__).parents[1] / "conformance" / "upstream"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def discover() -> Iterator[Path]:
    """daprd's discovery as a program, in a folder from which another user may run it too."""
    with tempfile.TemporaryDirectory(prefix="pl-") as folder:
        os.chmod(folder, 0o755)
        yield go_built(MODULE, "./discover", Path(folder, "discover"))


async def discovered(
    program: Path, environ: Mapping[str, str], *, user: int | None = None, cwd: Path | None = None
) -> list[str]:
    """Return what a daprd with this environment says of its components, at the end how it went."""
    process = await asyncio.create_subprocess_exec(
        program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=dict(environ), user=user, cwd=cwd
    )
    said, _ = await process.communicate()
    return [line for line in said.decode().splitlines() if not line.startswith("time=")]


@pytest.mark.parametrize("name", SITUATIONS)
async def test_daprd_does_so(name: str, socket_folder: Path, discover: Path) -> None:
    situation = SITUATIONS[name]
    user = situation.user.uid if situation.user else None
    if user is not None and os.geteuid() != 0:
        pytest.skip("only root can be another user")
    os.chmod(socket_folder, 0o755)
    async with component(socket_folder / "good.sock"), situation.make(socket_folder):
        lines = await discovered(discover, {VARIABLE: str(socket_folder)}, user=user)

    verdict, _, detail = situation.daprd.partition(" ")
    registered = [line.rpartition(" ")[2] for line in lines if line.startswith("registered")]
    match verdict:
        case "registers":
            assert lines[-1] == "discovered"
            assert detail in registered
            if detail == "twin":
                assert registered[-1] == "twin", "the last one counts"
        case "ignores":
            assert lines[-1] == "discovered"
            assert registered == ["good"]
        case "hangs":
            assert lines == ["hangs"]
        case "disabled":
            assert any(line.startswith("disabled") for line in lines)
            assert detail in "\n".join(lines)
            assert registered == []


async def test_long_path_hangs(socket_folder: Path, discover: Path) -> None:
    deep = socket_folder / ("d" * 60) / ("e" * 60)
    await asyncio.to_thread(deep.mkdir, parents=True)
    async with bound(deep / "x.sock", listening=True):
        assert await discovered(discover, {VARIABLE: str(deep)}) == ["hangs"]


async def test_relative_folder_disables(socket_folder: Path, discover: Path) -> None:
    async with component(socket_folder / "x.sock"):
        lines = await discovered(discover, {VARIABLE: socket_folder.name}, cwd=socket_folder.parent)

    assert lines[-1].startswith("disabled")
    assert "invalid (non-empty) authority" in lines[-1]


@pytest.mark.parametrize("variable", FOLDER_VARIABLES[1:])
async def test_other_variables_are_not_read(variable: str, socket_folder: Path, discover: Path) -> None:
    async with component(socket_folder / "x.sock"):
        assert await discovered(discover, {variable: str(socket_folder), VARIABLE: ""}) == ["discovered"]


async def test_go_component_is_missed_and_then_found(
    go_component: Path, socket_folder: Path, discover: Path, examined: Examined
) -> None:
    environ = {SINGULAR: str(socket_folder)}
    process = await asyncio.create_subprocess_exec(
        go_component, env={**os.environ, **environ}, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    try:
        while not (socket_folder / "gomem.sock").is_socket():
            assert process.returncode is None
            await asyncio.sleep(0.02)
        missed = await examined({**environ, VARIABLE: str(socket_folder / "elsewhere")})
        seen = await examined(environ | {VARIABLE: str(socket_folder)}, init=True)
        lines = await discovered(discover, {VARIABLE: str(socket_folder)})
    finally:
        process.kill()
        await process.communicate()

    assert "there are gomem.sock" in found(missed, "variable-not-read").found
    assert seen.usable, seen.text()
    assert found(seen, "init").found == "StateStore answered Init without properties"
    assert lines == ["registered StateStore gomem", "discovered"]


#: Of daprd's own tests: built in only with their build tag.
PROBES = {"spiffeprobe"}


def test_built_in_types_are_daprds() -> None:
    listed = subprocess.run(
        [needed("go"), "list", "-m", "-f", "{{.Dir}}", "github.com/dapr/dapr"],
        cwd=MODULE,
        capture_output=True,
        text=True,
        check=True,
    )
    sources = Path(listed.stdout.strip(), "cmd", "daprd", "components")

    for block in ("state", "pubsub", "bindings", "secretstores"):
        found = {
            f"{block}.{name}"
            for file in sources.glob(f"{block}_*.go")
            for name in registered_in(file.read_text())
            if not file.stem.endswith("_test")
        }
        assert {f"{block}.{name}" for name in PROBES} | set(types_of(block)) >= found
        assert set(types_of(block)) <= found, block


def registered_in(source: str) -> Iterator[str]:
    """Yield the names that a file of daprd's gives to its registry, at the beginning or the end of a call."""
    for call in source.split("DefaultRegistry.Register")[1:]:
        kind, _, rest = call.partition("(")
        if kind == "ComponentWithVersions":
            yield rest.split('"')[1]
        else:
            names = re.search(r'((?:, "[\w.-]+")+)\)', rest)
            assert names, call
            yield from re.findall(r'"([\w.-]+)"', names[1])
