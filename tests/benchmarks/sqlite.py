"""
What state.sqlite costs in process, beside the bare driver: sets, gets and bulk gets; a commit is on the disk.

``python -m tests.benchmarks.sqlite [--ops N] [--report FILE]``: a table in µs of CPU an operation, and a
report in JSON. Values change with every write, since SQLite skips a page that it would write as it is.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import uvloop

from pluggable.state import GetRequest, SetRequest, StateStore
from pluggable_servers.sqlite.state import SQLiteStateStore
from tests.reporting import circumstances, write
from tests.servers.running import state_store

KEYS = 5000
AT_ONCE = 64
PUT = (
    "INSERT INTO state (key, value, is_binary, etag) VALUES (?, ?, 1, ?)"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value, etag = excluded.etag"
)
GET = "SELECT value, is_binary, etag, expiration_time FROM state WHERE key = ?"
TABLE = (
    "CREATE TABLE state (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL, is_binary BOOLEAN NOT NULL,"
    " etag TEXT NOT NULL, expiration_time TIMESTAMP)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One kind of work: what was done, how long it took, and the CPU of all threads together."""

    name: str
    ops: int
    seconds: float
    cpu_us: float
    """Of one operation."""
    checked: int
    """Answers that were what they should be; the rest failed."""

    @property
    def ops_a_second(self) -> float:
        """How many operations a second."""
        return self.ops / self.seconds


def key(number: int) -> str:
    """Return one of the keys, in an order that jumps."""
    return f"orders||{number * 2633 % KEYS:05}"


def value(number: int) -> bytes:
    """Return a hundred bytes that no other number has."""
    return f"{number:0100}".encode()


class Measured:
    """Counts and times what is done while it is open."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.ops = 0
        self.checked = 0

    def __enter__(self) -> Measured:
        self._began = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self._seconds = time.perf_counter() - self._began[0]
        self._cpu = time.process_time() - self._began[1]

    def answered(self, *, well: bool) -> None:
        """Count an answer."""
        self.ops += 1
        self.checked += well

    def row(self) -> Row:
        """Return what it was."""
        return Row(
            name=self.name,
            ops=self.ops,
            seconds=round(self._seconds, 4),
            cpu_us=round(self._cpu / self.ops * 1e6, 1),
            checked=self.checked,
        )


def driver(folder: Path, ops: int) -> Iterator[Row]:
    """Measure the driver alone, in one thread: the floor."""
    with closing(sqlite3.connect(folder / "driver.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(TABLE)
        _driver_sets(connection, range(KEYS), Measured("fill"))
        numbers = range(KEYS, KEYS + ops)
        with (sets := Measured("driver: set, 64 a commit")):
            _driver_sets(connection, numbers, sets)
        yield sets.row()
        written = {key(number): value(number) for number in range(KEYS + ops)}
        with (gets := Measured("driver: get")):
            for number in numbers:
                row = connection.execute(GET, (key(number),)).fetchone()
                gets.answered(well=row[0].encode() == written[key(number)])
        yield gets.row()


def _driver_sets(connection: sqlite3.Connection, numbers: range, sets: Measured) -> None:
    for group in range(numbers.start, numbers.stop, AT_ONCE):
        connection.execute("BEGIN IMMEDIATE")
        for number in range(group, min(group + AT_ONCE, numbers.stop)):
            changed = connection.execute(PUT, (key(number), value(number).decode(), str(number))).rowcount
            sets.answered(well=changed == 1)
        connection.execute("COMMIT")


async def shared(numbers: Sequence[int], work: Callable[[int], Awaitable[None]], at_once: int) -> None:
    """Do the work for each number, so many at once."""
    left = iter(numbers)

    async def worker() -> None:
        for number in left:
            await work(number)

    await asyncio.gather(*(worker() for _ in range(at_once)))


async def store(folder: Path, ops: int) -> list[Row]:
    """Measure the store, as the component's services call it."""
    async with state_store(SQLiteStateStore, {"connectionString": str(folder / "store.db")}) as found:
        await found.bulk_set([SetRequest(key=key(number), value=value(number)) for number in range(KEYS)])
        written = {key(number): value(number) for number in range(KEYS + ops)}
        return [
            await _sets(found, ops),
            await _gets(found, ops // 4, 1, written),
            await _gets(found, ops, AT_ONCE, written),
            await _bulk_gets(found, ops, written),
        ]


async def _sets(found: StateStore, ops: int) -> Row:
    async def one(number: int) -> None:
        await found.set(SetRequest(key=key(number), value=value(number)))
        sets.answered(well=True)

    with (sets := Measured(f"store: set, {AT_ONCE} at once")):
        await shared(range(KEYS, KEYS + ops), one, AT_ONCE)
    return sets.row()


async def _gets(found: StateStore, ops: int, at_once: int, written: dict[str, bytes]) -> Row:
    async def one(number: int) -> None:
        await asyncio.sleep(0)  # no more comes from one caller in one turn of the loop
        answer = await found.get(GetRequest(key=key(number)))
        gets.answered(well=answer is not None and answer.data == written[key(number)])

    with (gets := Measured(f"store: get, {at_once} at once")):
        await shared(range(ops), one, at_once)
    return gets.row()


async def _bulk_gets(found: StateStore, ops: int, written: dict[str, bytes]) -> Row:
    with (gets := Measured(f"store: get, {AT_ONCE} in bulk")):
        for first in range(0, ops, AT_ONCE):
            numbers = range(first, min(first + AT_ONCE, ops))
            for item in await found.bulk_get([GetRequest(key=key(number)) for number in numbers]):
                gets.answered(well=item.value is not None and item.value.data == written[item.key])
    return gets.row()


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pl-") as name:
        yield Path(name)


def measure(ops: int) -> list[Row]:
    """Measure everything once, with so many operations of a kind, on a database of its own."""
    with _folder() as folder:
        return [*driver(folder, ops), *uvloop.run(store(folder, ops))]


def table(rows: Sequence[Row]) -> str:
    """Return the figures as a reader wants them."""
    lines = [f"{'':28}{'ops/s':>10}{'CPU µs':>9}{'right':>15}"]
    for row in rows:
        right = f"{row.checked}/{row.ops}"
        lines.append(f"{row.name:28}{row.ops_a_second:10,.0f}{row.cpu_us:9.1f}{right:>15}")
    return "\n".join(lines)


def main() -> int:
    """Measure, print the table, and write the report if one is wanted; fail if an answer was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.sqlite", description=__doc__)
    parser.add_argument("--ops", type=int, default=40_000, help="operations of a kind; default: 40000")
    parser.add_argument("--report", type=Path, help="a file for the figures as JSON")
    arguments = parser.parse_args()
    rows = measure(arguments.ops)
    sys.stdout.write(table(rows) + "\n")
    if arguments.report:
        write(arguments.report, circumstances("sqlite") | {"rows": [asdict(row) for row in rows]})
    return 0 if all(row.checked == row.ops for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
