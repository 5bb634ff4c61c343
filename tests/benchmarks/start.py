"""
How long a sidecar with three bundled components takes to start, and how much memory all processes have.

``python -m tests.benchmarks.start [--rounds N] [--report FILE]``: a table, and a report in JSON. Answers are
checked; times are only shown.
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

from tests.e2e.sidecars import Sidecar, component, sidecar
from tests.reporting import circumstances, write

MEBIBYTE = 1024 * 1024
#: An installed package has its bytecode, whatever this shell says of writing it.
INSTALLED = {"PYTHONDONTWRITEBYTECODE": ""}


@dataclass(frozen=True, slots=True)
class Round:
    """One start: seconds until ``healthz``, and bytes by process (PSS: shared pages count in part)."""

    seconds: float
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


async def measure(folder: Path) -> Round:
    """Start a sidecar, see that its components answer, and stop it."""
    path = resources(folder)
    began = time.perf_counter()
    async with sidecar(path, environment=INSTALLED) as running:
        seconds = time.perf_counter() - began
        await check(running)
        pids = {"sidecar": running.process.pid}
        pids |= {_name(command): pid for pid, command in running.processes().items()}
        assert {"sqlite", "in-memory", "local.file"} < pids.keys(), pids
        return Round(seconds, {name: pss(pid) for name, pid in pids.items()})


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


def pss(pid: int) -> int:
    """Return the proportional set size of a process in bytes."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss: +(\d+) kB$", text, re.MULTILINE)
    assert found is not None, text
    return int(found[1]) * 1024


def report(rounds: Sequence[Round]) -> dict[str, object]:
    """Return the figures as what the JSON report says."""
    seconds = [each.seconds for each in rounds]
    return {
        **circumstances("start"),
        "rounds": len(rounds),
        "seconds_to_healthz": {"median": round(statistics.median(seconds), 3), "max": round(max(seconds), 3)},
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
    lines = [
        f"{'':28}{'median':>9}{'max':>9}",
        f"{'start to healthz, seconds':28}{statistics.median(seconds):9.2f}{max(seconds):9.2f}",
        f"{'all processes, PSS in MiB':28}{statistics.median(sizes):9.1f}{max(sizes):9.1f}",
    ]
    for name in rounds[0].bytes_by_process:
        own = [each.bytes_by_process[name] / MEBIBYTE for each in rounds]
        lines.append(f"  {name:26}{statistics.median(own):9.1f}{max(own):9.1f}")
    return "\n".join(lines)


async def measure_all(number: int) -> list[Round]:
    """Measure so many starts, each in a fresh folder, after one that does not count."""
    rounds = []
    for _ in range(number + 1):
        with tempfile.TemporaryDirectory(prefix="pl-") as folder:
            rounds.append(await measure(Path(folder)))
    return rounds[1:]


def main() -> int:
    """Measure, print the table, and write the report if one is wanted."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.start", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how many starts are measured; default: 5")
    parser.add_argument("--report", type=Path, help="a file for the figures as JSON")
    arguments = parser.parse_args()
    rounds = asyncio.run(measure_all(arguments.rounds))
    sys.stdout.write(table(rounds) + "\n")
    if arguments.report:
        write(arguments.report, report(rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
