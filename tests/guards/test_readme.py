"""
The README is true: its files are written, its commands are run, and each line of output it shows is said.

A block behind ``<!-- file: NAME -->`` is a file. In a ``console`` block ``$ `` begins a command; one that
ends in ``&`` goes on until the end. An ``…`` stands for anything, alone on a line for any lines.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.readme import BLOCKS, README, ROOT

COMMAND_SECONDS = 60.0


class Shell:
    """Runs the commands of the README in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._background: list[subprocess.Popen[str]] = []
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("DAPR_")},
            "HOME": str(folder),
            "PATH": f"{_commands(folder)}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join([*(path for path in sys.path if path)]),
        }

    def run(self, command: str, expected: Sequence[str]) -> None:
        """Run a command and see that it says what is expected."""
        if command.endswith("&"):
            self._start(command.removesuffix("&"), expected)
            return
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        missing = first_missing(expected, done.stdout.splitlines())
        assert missing is None, f"$ {command}\nnever said: {missing}\nbut:\n{done.stdout}"

    def _start(self, command: str, expected: Sequence[str]) -> None:
        """Start a command that goes on, and wait until it has said what is expected."""
        process = subprocess.Popen(
            ["sh", "-c", f"exec {command}"],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._background.append(process)
        lines: list[str] = []
        said = Event()

        def hear() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line.rstrip("\n"))
                if first_missing(expected, lines) is None:
                    said.set()

        Thread(target=hear, daemon=True).start()
        assert said.wait(COMMAND_SECONDS), f"$ {command} &\nsaid only:\n" + "\n".join(lines)

    def close(self) -> None:
        for process in self._background:
            process.terminate()
        for process in self._background:
            process.wait(COMMAND_SECONDS)
            assert process.stdout is not None
            process.stdout.close()


def _commands(folder: Path) -> Path:
    """Make the commands that an installation has, for this interpreter."""
    path = folder / ".bin"
    path.mkdir()
    for name, words in {"pluggable": "-m pluggable.cli.main", "python": ""}.items():
        script = path / name
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {words} "$@"\n')
        script.chmod(0o755)
    return path


def first_missing(expected: Sequence[str], lines: Sequence[str]) -> str | None:
    """Return the first line that is expected and does not come in its turn."""
    rest = iter(lines)
    for line in expected:
        pattern = ".*".join(re.escape(part) for part in line.split("…"))
        if line != "…" and not any(re.fullmatch(pattern, said) for said in rest):
            return line
    return None


def commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each command of a block with the output shown for it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *output = part.splitlines()
        yield command, output


@pytest.mark.skipif(
    subprocess.run(["which", "curl"], capture_output=True, check=False).returncode != 0
    and os.environ.get("CI") != "true",
    reason="the README's commands need curl",
)
def test_commands_do_what_is_shown(socket_folder: Path) -> None:
    shell = Shell(socket_folder)
    try:
        for block in BLOCKS:
            if block.file is not None:
                block.write(socket_folder)
            elif block.language == "console":
                for command, output in commands(block.text):
                    shell.run(command, output)
    finally:
        shell.close()


def test_a_missing_line_is_found() -> None:
    assert first_missing(["one", "…", "port …, other …"], ["zero", "one", "two", "port 1, other 2"]) is None
    assert first_missing(["one", "zero"], ["zero", "one"]) == "zero"
    assert first_missing(["port …"], ["import 1"]) == "port …"


def test_python_is_type_checked_too() -> None:
    checked = (ROOT / "tests" / "typing" / "api.py").read_text()
    python = [block for block in BLOCKS if block.language == "python"]

    assert python
    for block in python:
        _, _, behind_imports = block.text.partition("\n\n\n")
        assert behind_imports in checked, f"{block.file} is not in tests/typing/api.py"


def test_every_bundled_type_is_named() -> None:
    ours = [
        point for point in entry_points(group="pluggable.components") if "pluggable_servers" in point.value
    ]

    assert ours
    for point in ours:
        assert f"`{point.name}`" in README, point.name


@pytest.mark.skipif(not (ROOT / "Makefile").exists(), reason="an installed wheel is tested without the tree")
def test_links_and_targets_are_there() -> None:
    for target in re.findall(r"\]\(([^):]+)\)", README):
        assert (ROOT / target).exists(), target
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"make ([a-z]+)", README):
        assert f"\n{target}:" in makefile, target
