"""The commands themselves: their help, their version, and what they say to nonsense."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def run(module: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", f"pluggable.cli.{module}", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("module", ["main", "runtime"])
def test_version_is_printed(module: str) -> None:
    done = run(module, "--version")

    assert done.returncode == 0
    assert done.stdout.split()[-1][0].isdigit()


def test_help_names_every_command() -> None:
    done = run("main", "--help")

    assert done.returncode == 0
    for line in ("run an application with its sidecar", "serve bundled or importable", "show sockets"):
        assert line in done.stdout


@pytest.mark.parametrize("command", ["run", "serve", "list", "doctor", "probe"])
def test_command_explains_itself(command: str) -> None:
    done = run("main", command, "--help")

    assert done.returncode == 0
    assert f"pluggable {command}" in done.stdout


def test_no_command_is_a_misuse() -> None:
    done = run("main")

    assert done.returncode == 64
    assert "usage: pluggable" in done.stderr


def test_sidecar_explains_its_flags() -> None:
    done = run("runtime", "--help")

    assert done.returncode == 0
    assert "--resources-path" in done.stdout


def test_sidecar_names_every_fault() -> None:
    done = run("runtime", "--app-prot=8080", "--dapr-http-port=many")

    assert done.returncode == 64
    assert "there is no flag --app-prot; did you mean --app-port?" in done.stderr
    assert '--dapr-http-port is "many"' in done.stderr
    assert "--app-id is missing" in done.stderr


def test_sidecar_says_what_to_install(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['yaml'] = None; sys.argv[1:] = ['--app-id=a']; "
        "from pluggable.cli.runtime import main; sys.exit(main())"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)

    assert done.returncode == 1
    assert "pip install 'pluggable-components[runtime]'" in done.stderr
