"""``pluggable describe`` as a process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.cli.commands import pluggable
from tests.cli.test_run import ask

KEEPER = '''
from dataclasses import dataclass

from pluggable import About, InputBinding, setting


@dataclass(frozen=True)
class Settings:
    path: str = setting(description="Where it is.")


class Keeper(InputBinding):
    """Keeps."""

    about = About(settings=Settings)

    async def read(self, deliver): ...


class Odd(Keeper):
    about = About(settings=int)
'''


def run(*words: str, folder: Path, before: str = "pass") -> subprocess.CompletedProcess[str]:
    """Run the command in a folder; what is ``before`` it has been run by its interpreter."""
    program = f"import sys; {before}; from pluggable.cli.main import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", program, "describe", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )


def test_installed_type_is_described(tmp_path: Path) -> None:
    done = run("state.sqlite", folder=tmp_path)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("state.sqlite/v1: SQLite (alpha)\n")
    assert "    connectionString  string, required\n" in done.stdout


def test_imported_class_is_described(tmp_path: Path) -> None:
    (tmp_path / "keeper.py").write_text(KEEPER)
    done = run("bindings.mine=keeper:Keeper", folder=tmp_path)

    assert done.returncode == 0, done.stderr
    assert "bindings.mine/v1: mine (alpha)\n  Keeps.\n" in done.stdout
    assert "    path  string, required\n        Where it is.\n" in done.stdout


def test_several_types_are_several_documents(tmp_path: Path) -> None:
    for form in ("metadata", "component"):
        done = run("--format", form, "state.sqlite", "bindings.cron", folder=tmp_path)

        assert done.returncode == 0, done.stderr
        assert len(list(yaml.safe_load_all(done.stdout))) == 2


@pytest.mark.slow
def test_printing_needs_no_yaml(tmp_path: Path) -> None:
    for form in ("text", "metadata", "component", "markdown"):
        done = run("--format", form, "state.in-memory", folder=tmp_path, before="sys.modules['yaml'] = None")

        assert done.returncode == 0, done.stderr


def test_missing_library_is_named_with_its_extra(tmp_path: Path) -> None:
    done = run("state.redis", folder=tmp_path, before="sys.modules['redis'] = None")

    assert done.returncode == 1
    assert done.stderr.startswith("pluggable describe: type state.redis cannot be loaded: ")
    assert done.stderr.endswith("install it with: pip install 'pluggable-components[redis]'\n")


@pytest.mark.parametrize(
    ("word", "fault"),
    [
        ("state.no-such", "type state.no-such is not installed; installed are bindings."),
        ("in-memory", "in-memory is not a type"),
        ("bindings.odd=keeper:Odd", "int is not a dataclass; metadata is parsed into one"),
    ],
)
def test_what_cannot_be_described_is_said(tmp_path: Path, word: str, fault: str) -> None:
    (tmp_path / "keeper.py").write_text(KEEPER)
    done = run(word, folder=tmp_path)

    assert done.returncode == 1
    assert done.stderr.startswith("pluggable describe: ")
    assert fault in done.stderr
    assert done.stdout == ""


def test_unknown_form_is_a_misuse(tmp_path: Path) -> None:
    assert "invalid choice: 'html'" in run("--format", "html", "state.sqlite", folder=tmp_path).stderr


@pytest.mark.slow
async def test_printed_component_starts_with_a_sidecar(socket_folder: Path) -> None:
    resources = socket_folder / "resources"
    resources.mkdir()
    for name in ("state.sqlite", "bindings.cron", "secretstores.local.env"):
        printed = run("--format", "component", name, folder=socket_folder)
        (resources / f"{name}.yaml").write_text(printed.stdout)
    script = ask("/v1.0/metadata")
    words = ["run", "-d", "resources", "--", "sh", "-c", script]
    async with pluggable(*words, cwd=socket_folder) as command:
        assert await command.ended() == 0, command.log()
        for type_ in ("state.sqlite", "bindings.cron", "secretstores.local.env"):
            assert f'"type":"{type_}"' in command.log().replace(" ", ""), command.log()
    assert (socket_folder / "data.db").exists()
