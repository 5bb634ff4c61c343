"""
Fuzzes every method for a minute: ``python -m tests.fuzz.long [--seconds N] [--report FILE]``.

Several methods share the server at a time, each with inputs that differ from those of the gate.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
import tempfile
from pathlib import Path

from tests.fuzz.fuzzing import Found, fuzz, methods, served
from tests.reporting import circumstances, write

AT_A_TIME = 4


async def fuzz_all(seconds: float, seed: str) -> dict[str, Found]:
    """Return what became of each method's inputs."""
    found: dict[str, Found] = {}
    with tempfile.TemporaryDirectory(prefix="pl-") as folder:
        async with served(Path(folder)) as address:
            room = asyncio.Semaphore(AT_A_TIME)

            async def one(service: str, method: str) -> None:
                async with room:
                    name = f"{service}.{method}"
                    found[name] = await fuzz(address, service, method, seconds, seed)
                    faults = "".join(f"\n  {fault}" for fault in found[name].faults)
                    sys.stdout.write(f"{name}: {found[name].inputs} inputs{faults}\n")
                    sys.stdout.flush()

            async with asyncio.TaskGroup() as tasks:
                for service, method in methods():
                    tasks.create_task(one(service, method))
    return found


def main() -> int:
    """Fuzz, write the report if one is wanted, and return 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.long", description=__doc__)
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="how long each method is fed; default: 60"
    )
    parser.add_argument("--seed", default=secrets.token_hex(4), help="what the inputs follow from")
    parser.add_argument("--report", type=Path, help="a file for the figures as JSON")
    arguments = parser.parse_args()
    found = asyncio.run(fuzz_all(arguments.seconds, arguments.seed))
    if arguments.report:
        about = {
            name: {"inputs": each.inputs, "answers": dict(each.codes), "faults": each.faults}
            for name, each in sorted(found.items())
        }
        figures = {"seed": arguments.seed, "seconds_each": arguments.seconds, "methods": about}
        write(arguments.report, circumstances("fuzz") | figures)
    return int(any(each.faults for each in found.values()))


if __name__ == "__main__":
    sys.exit(main())
