"""
How long a sidecar with three bundled components takes to start, and how much memory all processes have after
some load.

``python -m tests.benchmarks.start [--rounds N] [--load N] [--report FILE]``: a table, and a report in JSON.
Answers are checked; times are only shown.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.benchmarks.processes import MEBIBYTE, cpu_us, pss
from tests.e2e.sidecars import Sidecar, component, sidecar
from tests.reporting import circumstances, write

AT_ONCE = 32
#: An installed package has its bytecode, whatever this shell says of writing it.
INSTALLED = {"PYTHONDONTWRITEBYTECODE": ""}


@dataclass(frozen=True, slots=True)
class Round:
    """
    One start: seconds until ``healthz``, CPU of all processes until then, and bytes by process.

    The CPU says more on a machine that has other things to do. Bytes are PSS: shared pages count in part.
    """

    seconds: float
    cpu_seconds: float
    bytes_by_process: Mapping[str, int]

    @property
    def bytes(self) -> int:
        """All processes together."""
        return sum(self.bytes_by_process.values())


def resources(folder: Path) -> Path:
    """Write three components, each of which is a process of its own."""
    (folder / "secrets.json").write_text('{"key": "value"}')
    path = folder / "resources"
    path.mkdir()
    component(path, "orders-db", "state.sqlite", connectionString=str(folder / "orders.db"))
    component(path, "events", "pubsub.in-memory")
    component(path, "vault", "secretstores.local.file", secretsFile=str(folder / "secrets.json"))
    return path


async def measure(path: Path, load: int) -> Round:
    """Start a sidecar, see that its components answer, under load too, and stop it."""
    began = time.perf_counter()
    async with sidecar(path, environment=INSTALLED) as running:
        seconds = time.perf_counter() - began
        pids = {"sidecar": running.process.pid}
        pids |= {_name(command): pid for pid, command in running.processes().items()}
        assert {"sqlite", "in-memory", "local.file"} < pids.keys(), pids
        cpu = sum(cpu_us(pid) for pid in pids.values()) / 1e6
        await check(running)
        await work(running, load)
        return Round(seconds, cpu, {name: pss(pid) for name, pid in pids.items()})


def _name(command: str) -> str:
    """Return what a process is called in the table: the bundle that it serves, or the module that it runs."""
    found = re.search(r"/([^/ ]+)\.sock", command) or re.search(r"-m ([\w.]+)", command)
    assert found is not None, command
    return found[1]


async def check(running: Sidecar) -> None:
    """See that each component does its work."""
    body = b'[{"key": "k", "value": 5}]'
    assert (await running.call("POST", "/v1.0/state/orders-db", body)).status == 204
    assert (await running.call("GET", "/v1.0/state/orders-db/k")).json() == 5
    assert (await running.call("POST", "/v1.0/publish/events/topic", b"{}")).status == 204
    assert (await running.call("GET", "/v1.0/secrets/vault/key")).json() == {"key": "value"}


async def work(running: Sidecar, load: int) -> None:
    """Save and read so many values, some at once, and publish as many messages."""
    base = f"http://127.0.0.1:{running.http_port}/v1.0"
    left = iter(range(load))

    async def worker(session: aiohttp.ClientSession) -> None:
        for number in left:
            body = [{"key": f"k{number}", "value": number}]
            async with session.post(f"{base}/state/orders-db", json=body) as answer:
                assert answer.status == 204, await answer.text()
            async with session.get(f"{base}/state/orders-db/k{number}") as answer:
                assert await answer.json(content_type=None) == number
            async with session.post(f"{base}/publish/events/topic", json=body) as answer:
                assert answer.status == 204, await answer.text()

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(worker(session) for _ in range(AT_ONCE)))


def report(rounds: Sequence[Round]) -> dict[str, object]:
    """Return the figures as what the JSON report says."""
    seconds = [each.seconds for each in rounds]
    return {
        **circumstances("start"),
        "rounds": len(rounds),
        "seconds_to_healthz": {
            "min": round(min(seconds), 3),
            "median": round(statistics.median(seconds), 3),
            "max": round(max(seconds), 3),
        },
        "cpu_seconds_to_healthz": round(statistics.median(each.cpu_seconds for each in rounds), 3),
        "pss_mib": {
            "median": _mib(statistics.median(each.bytes for each in rounds)),
            "max": _mib(max(each.bytes for each in rounds)),
            **{
                name: _mib(statistics.median(each.bytes_by_process[name] for each in rounds))
                for name in rounds[0].bytes_by_process
            },
        },
    }


def _mib(size: float) -> float:
    return round(size / MEBIBYTE, 1)


def table(rounds: Sequence[Round]) -> str:
    """Return the figures as a reader wants them."""
    seconds = [each.seconds for each in rounds]
    sizes = [each.bytes / MEBIBYTE for each in rounds]
    cpu = [each.cpu_seconds for each in rounds]
    lines = [
        f"{'':28}{'min':>9}{'median':>9}{'max':>9}",
        _line("start to healthz, seconds", seconds, 2),
        _line("CPU of all until then", cpu, 2),
        _line("all processes, PSS in MiB", sizes, 1),
    ]
    lines += [
        _line(f"  {name}", [each.bytes_by_process[name] / MEBIBYTE for each in rounds], 1)
        for name in rounds[0].bytes_by_process
    ]
    return "\n".join(lines)


def _line(name: str, figures: Sequence[float], digits: int) -> str:
    shown = (min(figures), statistics.median(figures), max(figures))
    return f"{name:28}" + "".join(f"{figure:9.{digits}f}" for figure in shown)


async def measure_all(number: int, load: int) -> list[Round]:
    """Measure so many starts in one folder, after one that makes the tables and does not count."""
    with tempfile.TemporaryDirectory(prefix="pl-") as folder:
        path = resources(Path(folder))
        return [await measure(path, load) for _ in range(number + 1)][1:]


def main() -> int:
    """Measure, print the table, and write the report if one is wanted."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.start", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how many starts are measured; default: 5")
    parser.add_argument("--load", type=int, default=2000, help="how many values are saved; default: 2000")
    parser.add_argument("--report", type=Path, help="a file for the figures as JSON")
    arguments = parser.parse_args()
    rounds = asyncio.run(measure_all(arguments.rounds, arguments.load))
    sys.stdout.write(table(rounds) + "\n")
    if arguments.report:
        write(arguments.report, report(rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
