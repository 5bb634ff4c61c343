"""
A sidecar under mixed load for a while: ``python -m tests.soak [--seconds N] [--report FILE]``.

At the end its memory must be within a tenth of what it was in the beginning, every message that it took must
have been delivered, and none that nobody published.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp

from tests.benchmarks.processes import descendants, pss
from tests.e2e.sidecars import Sidecar, component, sidecar
from tests.reporting import circumstances, write
from tests.soak.application import Application
from tests.soak.ledger import Ledger
from tests.soak.load import SECRETS, Load, Wrong

APP_ID = "soak"
WORKERS_EACH = 2
MOST_GROWTH = 0.10
#: Caches fill and allocators take what they need.
WARMING_SECONDS = 5.0
SETTLING_SECONDS = 20.0
MOST_FAILURES_TOLD = 20


def write_components(folder: Path) -> None:
    secrets = folder / "secrets.json"
    secrets.write_text(json.dumps(SECRETS))
    component(folder, "store", "state.sqlite", connectionString=f"file:{folder}/store.sqlite")
    component(folder, "events", "pubsub.in-memory")
    component(folder, "vault", "secretstores.local.file", secretsFile=str(secrets))
    component(folder, "files", "bindings.localstorage", rootPath=str(folder / "files"))
    component(folder, "clock", "bindings.cron", schedule="@every 1s", direction="input")


def memory(running: Sidecar) -> int:
    """Return what the sidecar and its components take together."""
    pid = running.process.pid
    return pss(pid) + sum(pss(each) for each in descendants(pid))


async def worked(load: Load, name: str, number: int, until: float) -> None:
    """Do one kind of work until it is time."""
    work = load.workers[name]
    while time.monotonic() < until:
        try:
            await work(number)
        except (Wrong, aiohttp.ClientError, TimeoutError) as error:
            load.failures.append(f"{name}: {error!r}")
        load.calls[name] += 1


async def sampled(running: Sidecar, until: float) -> list[int]:
    """Look at the memory every second."""
    samples = []
    while (left := until - time.monotonic()) > 0:
        await asyncio.sleep(min(1.0, left))
        samples.append(await asyncio.to_thread(memory, running))
    return samples


async def soak(seconds: float) -> dict[str, Any]:
    """Return what was seen."""
    ledger = Ledger()
    with tempfile.TemporaryDirectory(prefix="pl-soak-") as name:
        write_components(Path(name))
        async with (
            Application(ledger) as application,
            sidecar(Path(name), app_id=APP_ID, app_port=application.port) as running,
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(30)) as session,
        ):
            load = Load(session, f"http://127.0.0.1:{running.http_port}", ledger, APP_ID)
            until = time.monotonic() + WARMING_SECONDS + seconds
            async with asyncio.TaskGroup() as tasks:
                sampling = tasks.create_task(sampled(running, until))
                for kind in load.workers:
                    for number in range(WORKERS_EACH):
                        tasks.create_task(worked(load, kind, number, until))
            await ledger.settled(SETTLING_SECONDS)
            return told(seconds, load, ledger, application, sampling.result()[int(WARMING_SECONDS) :])


def told(
    seconds: float, load: Load, ledger: Ledger, application: Application, samples: list[int]
) -> dict[str, Any]:
    """Return the figures; the beginning and the end are a minute each, or a third of a shorter run."""
    window = max(1, min(60, len(samples) // 3))
    first, last = statistics.median(samples[:window]), statistics.median(samples[-window:])
    return {
        "seconds": seconds,
        "calls": dict(load.calls),
        "failures": load.failures[:MOST_FAILURES_TOLD],
        "failed": len(load.failures),
        "ticks": application.ticks,
        "published": len(ledger.taken),
        "lost": len(ledger.lost),
        "invented": len(ledger.invented),
        "repeated": ledger.repeated,
        "memory_first_mb": round(first / 1e6, 1),
        "memory_last_mb": round(last / 1e6, 1),
        "memory_most_mb": round(max(samples) / 1e6, 1),
        "growth": round(last / first - 1, 4),
    }


def faults(found: dict[str, Any]) -> list[str]:
    """Return what must not be."""
    said = [f"{found[name]} {name}" for name in ("failed", "lost", "invented", "repeated") if found[name]]
    if found["growth"] > MOST_GROWTH:
        said.append(f"memory grew by {found['growth']:.1%}")
    if not found["ticks"]:
        said.append("no tick of the input binding came")
    return said


def main() -> int:
    """Soak, write the report if one is wanted, and return 1 if anything is not as it must be."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long, after warming up; default: 60")
    parser.add_argument("--report", type=Path, help="a file for the figures as JSON")
    arguments = parser.parse_args()
    found = asyncio.run(soak(arguments.seconds))
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    if arguments.report:
        write(arguments.report, circumstances("soak") | found)
    for fault in faults(found):
        sys.stdout.write(f"FAULT: {fault}\n")
    return int(bool(faults(found)))


if __name__ == "__main__":
    sys.exit(main())
