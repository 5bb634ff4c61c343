"""Every kind of project works: built, installed elsewhere, tested, checked, run, and as its README says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from pluggable.scaffold import KINDS
from tests.guards.test_readme import Shell, commands
from tests.ports import free_port
from tests.scaffold.projects import made

ROOT = Path(__file__).parents[2]
SECONDS = 300
#: As long as a name may be; its letters end up in many lines.
LONG = "a-name-of-forty-letters-that-is-so-long"

pytestmark = pytest.mark.slow
#: In one process, which has one installation.
installed = pytest.mark.xdist_group("installation")


def output(command: Sequence[object], cwd: Path, **environment: str) -> str:
    """Run a command, which must succeed, and return what it says."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The executables of an environment with our wheel, and what a project needs to be built and tested."""
    folder = tmp_path_factory.mktemp("installation")
    source = folder / "source"
    leave_out = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in ("pluggable", "servers"):
        shutil.copytree(ROOT / name, source / name, ignore=leave_out)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    output([sys.executable, "-m", "venv", folder / "venv"], folder)
    executables = folder / "venv" / "bin"
    pip = [executables / "python", "-m", "pip", "--quiet", "--disable-pip-version-check"]
    output([*pip, "wheel", "--no-deps", "--wheel-dir", folder / "dist", source], folder)
    (wheel,) = (folder / "dist").glob("*.whl")
    output([*pip, "install", f"{wheel}[runtime]", "pytest", "pytest-asyncio", "setuptools>=77"], folder)
    return executables


@installed
@pytest.mark.parametrize("kind", KINDS)
def test_installed_project_is_tested_and_run(kind: str, installation: Path, socket_folder: Path) -> None:
    project, naming = made(socket_folder, kind, f"my-{kind}")
    pip = [installation / "python", "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", socket_folder / "dist", project]
    output([*pip, *build], socket_folder)
    output([*pip, "install", "--no-deps", *(socket_folder / "dist").glob("*.whl")], socket_folder)
    shutil.rmtree(project / naming.package)  # so that it is the wheel that is tested

    said = output([installation / "python", "-m", "pytest", "-q"], project)
    assert re.search(r"^\d+ passed", said, re.MULTILINE), said

    port = free_port() if KINDS[kind].app_port else 0
    run = ["run", "--app-id", "example", "--app-port", port, "--resources-path", "resources", "--"]
    example = [installation / "pluggable", *run, installation / "python", "examples/app.py"]
    assert f"== APP == {KINDS[kind].says}" in output(example, project, HOME=str(socket_folder)).splitlines()


@pytest.mark.parametrize("kind", KINDS)
def test_readme_of_a_project_is_true(kind: str, socket_folder: Path) -> None:
    project, _ = made(socket_folder, kind, "mine")
    readme = (project / "README.md").read_text().replace("6001", str(free_port()))
    blocks = re.findall(r"```console\n(.*?)```", readme, re.DOTALL)
    shell = Shell(project)
    try:
        for block in blocks:
            for command, expected in commands(block):
                shell.run(command, expected)
    finally:
        shell.close()
    assert len(blocks) == 4


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["my-store", LONG])
def test_code_is_as_ours_must_be(kind: str, name: str, tmp_path: Path) -> None:
    project, _ = made(tmp_path, kind, name)
    ruff = [sys.executable, "-m", "ruff"]
    ours = ["--no-cache", "--config", ROOT / "pyproject.toml", "."]

    output([*ruff, "check", *ours], project)
    output([*ruff, "format", "--check", *ours], project)


@installed
@pytest.mark.parametrize("kind", KINDS)
def test_types_are_as_ours_must_be(kind: str, installation: Path, tmp_path: Path) -> None:
    project, _ = made(tmp_path, kind)
    mypy = [sys.executable, "-m", "mypy", "--config-file", ROOT / "pyproject.toml"]
    where = ["--python-executable", installation / "python", "--cache-dir", tmp_path.parent / "mypy", "."]

    output([*mypy, *where], project)
