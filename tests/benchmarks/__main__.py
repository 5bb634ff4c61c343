"""
What requests cost, ours beside the peer's: ``python -m tests.benchmarks``.

All sides are started once. What is measured has a core for itself, all else the other one; runs alternate
between the sides, every answer is checked, every value stored is a new one, and of several rounds the median
counts. CPU-µs a request is the figure to look at: it depends on the machine's load far less than time does,
and least as a ratio.

``DAPRD`` names the daprd to compare with, run with GOMAXPROCS=1; a component's server is compared with the Go
SDK's in any case. Metrics are on at both sides and tracing is off; SQLite is WAL with synchronous=FULL here,
and as daprd sets it there.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tests.programs import go_built
from tests.reporting import circumstances, write

from .figures import Figure, figures, table
from .running import Plan, component_samples, sidecar_samples, sidecars
from .scaling import component_growth, growth_samples
from .works import CALLED, WORKS

HERE = Path(__file__).parent
GO_COMPONENT = HERE.parent / "e2e" / "gocomponent"
#: A moment is enough to see that answers are right.
SHORT_SECONDS = 0.2


async def growing(plan: Plan, folder: Path) -> tuple[list[Figure], list[str]]:
    """Measure how cost grows."""
    async with sidecars(plan, folder) as sides:
        samples = await growth_samples(plan, sides)
    more, lines = await component_growth(plan, folder)
    return figures([*samples, *more]), lines


async def measured(plan: Plan, match: str, folder: Path) -> list[Figure]:
    """Measure the works whose names contain the text."""
    samples = []
    works = [work for work in WORKS if match in work.name]
    if works:
        async with sidecars(plan, folder) as sides:
            samples += await sidecar_samples(plan, sides, works)
    if match in CALLED:
        samples += await component_samples(plan, folder)
    return figures(samples)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, write what else is wanted, and return 1 if a request of ours failed."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--match", default="", help="only works whose name contains this")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured; default: 5")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long each time; default: 1")
    parser.add_argument("--short", action="store_true", help="once and for a moment: are all answers right?")
    parser.add_argument("--growth", action="store_true", help="how cost grows, in place of what it is")
    parser.add_argument("--report", type=Path, help="a file for the figures as JSON")
    parser.add_argument("--plot", type=Path, help="a file for a picture, such as figures.svg")
    options = parser.parse_args(arguments)
    daprd = os.environ.get("DAPRD")
    with tempfile.TemporaryDirectory(prefix="pl-") as name:
        folder = Path(name)
        plan = Plan(
            rounds=1 if options.short else options.rounds,
            seconds=SHORT_SECONDS if options.short else options.seconds,
            go_component=go_built(GO_COMPONENT, ".", folder / "gomem"),
            go_caller=go_built(HERE / "gocaller", ".", folder / "gocaller"),
            daprd=Path(daprd) if daprd else None,
        )
        lines: list[str] = []
        if options.growth:
            found, lines = asyncio.run(growing(plan, folder))
        else:
            found = asyncio.run(measured(plan, options.match, folder))
    sys.stdout.write("\n" + table(found) + "".join(f"{line}\n" for line in lines))
    if options.report:
        told = {"figures": [asdict(each) for each in found], "start": lines}
        write(options.report, circumstances("benchmarks") | told)
    if options.plot:
        from .plotting import plot

        plot(found, options.plot)
    return int(any(each.failed for each in found if each.side == "ours"))


if __name__ == "__main__":
    sys.exit(main())
