"""What was garbage before a fork is left to the parent, where gRPC is in the process."""

from __future__ import annotations

import subprocess
import sys

import pytest

#: Spawns a child on uvloop's own fork with garbage that is collected at the next chance, and prints by whom.
PROGRAM = """
import asyncio, gc, os, uvloop
{imported}

class Garbage:
    def __init__(self):
        self.itself = self

    def __del__(self):
        os.write(1, b"parent " if os.getpid() == parent else b"child ")

async def main():
    gc.collect()
    gc.set_threshold(100_000)
    Garbage()
    os.register_at_fork(before=lambda: gc.set_threshold(1))
    child = await asyncio.create_subprocess_exec("true")
    await child.wait()

parent = os.getpid()
uvloop.run(main())
"""


def collectors(imported: str) -> list[str]:
    """Return who has collected the garbage, in a process with this import."""
    program = [sys.executable, "-c", PROGRAM.format(imported=imported)]
    return subprocess.run(program, stdout=subprocess.PIPE, text=True, timeout=60, check=True).stdout.split()


@pytest.mark.parametrize(
    ("imported", "who"),
    [
        pytest.param("import pluggable.transport.grpcio", ["parent"], id="with gRPC"),
        pytest.param("", ["child", "parent"], id="without, which shows that the test can fail"),
    ],
)
def test_child_of_a_fork_collects_nothing_of_before(imported: str, who: list[str]) -> None:
    assert collectors(imported) == who
