"""
What a state store or a broker costs, beside the bare library of its server on the same server in the same
run: ``python -m tests.benchmarks.backends [--match TYPE] [--ops N] [--rounds N] [--report FILE]``.

Sides alternate, and of several rounds the median counts.
A component is called in process, as the services of its socket do; garbage is collected as in a process of
components, for both sides. The CPU is that of the calling process,
all threads together; the server's is not in it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from importlib.metadata import entry_points
from pathlib import Path

import uvloop

from pluggable._collecting import settle
from pluggable.component import ENTRY_POINT_GROUP
from tests.conformance.cases import CASES
from tests.reporting import circumstances, write
from tests.servers.running import broker, state_store

from ..sqlite import Row
from . import brokers, libraries, stores


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One kind of work on one type: the component's and the library's, if there is one to compare with."""

    type: str
    work: str
    ours: Row | None
    bare: Row | None

    @property
    def ratio(self) -> float | None:
        """How much of the library's rate the component reaches."""
        if self.ours is None or self.bare is None:
            return None
        return round(self.ours.ops_a_second / self.bare.ops_a_second, 2)


async def of_type(type_: str, ops: int, rounds: int, folder: Path) -> list[Figures]:
    """Measure one type, on a server of its own."""
    kind = next(point for point in entry_points(group=ENTRY_POINT_GROUP, name=type_)).load()
    rows: dict[str, list[Row]] = {"ours": [], "bare": []}
    async with CASES[type_].around(folder) as around, AsyncExitStack() as stack:
        sides: dict[str, Callable[[], AsyncIterator[Row]]]
        if type_.startswith("state."):
            found = stores.Ours(await stack.enter_async_context(state_store(kind, around.properties)))
            sides = {"ours": lambda: stores.measure(found, ops)}
            if (opened := stores.BARE.get(type_)) is not None:
                store = await stack.enter_async_context(opened(around.properties))
                sides["bare"] = lambda: stores.measure(store, ops)
        else:
            properties = {**around.properties, **brokers.KEPT.get(type_, {})}
            ours = brokers.Ours(lambda: broker(kind, properties))
            bare = libraries.BARE[type_](around.properties)
            sides = {"ours": lambda: brokers.measure(ours, ops), "bare": lambda: brokers.measure(bare, ops)}
        settle()
        for _ in range(rounds):
            for side, measure in sides.items():
                rows[side] += [row async for row in measure()]
    works = dict.fromkeys(row.name for row in rows["ours"])
    return [
        Figures(type=type_, work=work, ours=_median(rows["ours"], work), bare=_median(rows["bare"], work))
        for work in works
    ]


def _median(rows: Sequence[Row], work: str) -> Row | None:
    of_work = sorted((row for row in rows if row.name == work), key=lambda row: row.ops_a_second)
    return of_work[len(of_work) // 2] if of_work else None


def table(figures: list[Figures]) -> Iterator[str]:
    """Return the figures as a reader wants them."""
    yield f"{'':22}{'':10}{'ops/s':>12}{'CPU µs':>8}{'bare ops/s':>12}{'CPU µs':>8}{'rate':>7}"
    for each in figures:
        sides = (f"{row.ops_a_second:12,.0f}{row.cpu_us:8.1f}" for row in (each.ours, each.bare) if row)
        ratio = f"{each.ratio:7.0%}" if each.ratio else ""
        yield f"{each.type:22}{each.work:10}{''.join(sides)}{ratio}"


async def measured(types: list[str], ops: int, rounds: int) -> list[Figures]:
    """Measure these types, one after the other."""
    figures = []
    for type_ in types:
        with tempfile.TemporaryDirectory(prefix="pl-") as folder:
            figures += await of_type(type_, ops, rounds, Path(folder))
    return figures


def main() -> int:
    """Measure, print the table, write the report if one is wanted, and fail if an answer was wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.backends",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--match", default="", help="only types whose name contains this")
    parser.add_argument("--ops", type=int, default=5000, help="operations of a kind; default: 5000")
    parser.add_argument("--rounds", type=int, default=5, help="how often, the median counts; default: 5")
    parser.add_argument("--report", type=Path, help="a file for the figures as JSON")
    options = parser.parse_args()
    known = [type_ for type_ in CASES if type_.startswith("state.") or type_ in libraries.BARE]
    types = [type_ for type_ in known if options.match in type_]
    figures = uvloop.run(measured(types, options.ops, options.rounds))
    sys.stdout.write("\n".join(table(figures)) + "\n")
    if options.report:
        rows = [asdict(each) | {"ratio": each.ratio} for each in figures]
        write(options.report, circumstances("backends") | {"rows": rows})
    right = all(row.checked == row.ops for each in figures for row in (each.ours, each.bare) if row)
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
