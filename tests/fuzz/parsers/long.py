"""
Fuzzes every parser for ten minutes: ``python -m tests.fuzz.parsers.long [--seconds N] [--report FILE]``.

Several run at a time, each in a process of its own, with inputs that differ from those of the gate.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
from pathlib import Path

from tests.fuzz.parsers.targets import TARGETS
from tests.fuzz.parsers.watching import Found, watched
from tests.reporting import circumstances, write


async def fuzz_all(names: list[str], seconds: float, seed: str, at_a_time: int) -> dict[str, Found]:
    """Return what became of each target's inputs."""
    found: dict[str, Found] = {}
    room = asyncio.Semaphore(at_a_time)

    async def one(name: str) -> None:
        async with room:
            found[name] = await watched(name, seconds, seed)
            faults = "".join(f"\n  {fault}" for fault in found[name].faults)
            grown = found[name].grown_bytes
            sys.stdout.write(f"{name}: {found[name].inputs} inputs, grown by {grown} bytes{faults}\n")
            sys.stdout.flush()

    async with asyncio.TaskGroup() as tasks:
        for name in names:
            tasks.create_task(one(name))
    return found


def main() -> int:
    """Fuzz, write the report if one is wanted, and return 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.parsers.long", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="how long each is fed; default: 600")
    parser.add_argument("--at-a-time", type=int, default=2, help="how many are fed at once; default: 2")
    parser.add_argument("--seed", default=secrets.token_hex(4), help="what the inputs follow from")
    parser.add_argument("--report", type=Path, help="a file for the figures as JSON")
    parser.add_argument("names", nargs="*", help=f"which ones; default: all of {', '.join(TARGETS)}")
    arguments = parser.parse_args()
    names = arguments.names or list(TARGETS)
    found = asyncio.run(fuzz_all(names, arguments.seconds, arguments.seed, arguments.at_a_time))
    if arguments.report:
        about = {
            name: {
                "inputs": each.inputs,
                "crashes": each.crashes,
                "hangs": each.hangs,
                "grown_bytes": each.grown_bytes,
            }
            for name, each in sorted(found.items())
        }
        figures = {"seed": arguments.seed, "seconds_each": arguments.seconds, "targets": about}
        write(arguments.report, circumstances("parsers") | figures)
    return int(any(each.faults for each in found.values()))


if __name__ == "__main__":
    sys.exit(main())
