"""
Drives the sidecar with upstream's own cases: ``python -m tests.integration [--tier 1] [--rounds 3]``.

``INTEGRATION_TEST`` names the compiled integration tests of dapr 1.18.3, which are no part of this project.
Each case is a process of its own, for some hang when an answer is missing. ``cases.tsv`` lists those that
need nothing but a sidecar: tier 1 is the core, tier 2 the rest.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.reporting import ROOT, circumstances, write

CASES = Path(__file__).with_name("cases.tsv")
BINARY_VARIABLE = "INTEGRATION_TEST"
#: The cases end themselves after 45 s; what does not is hung.
CASE_SECONDS = 100.0
#: Programs that the framework builds where it is told of none; the cases listed use none of these.
OTHERS = (
    *("PLACEMENT", "SCHEDULER", "SENTRY", "OPERATOR", "INJECTOR"),
    *("HELMTEMPLATE", "CONTROLLERGEN", "MCPSTDIOSERVER"),
)
#: Variables that would reach the sidecars and change what they do.
MEDDLING = ("DAPR_HOST_IP", "DAPR_COMPONENTS_SOCKETS_FOLDER")


#: Gives a case a network of its own: those that run beside each other all take their ports from 40000 on.
APART = (
    *("unshare", "--net", "sh", "-c"),
    'ip link set lo up && ip link set lo multicast on && ip route add 224.0.0.0/4 dev lo && exec "$@"',
    "case",
)


@dataclass(frozen=True, slots=True)
class Case:
    """One of upstream's cases, by its name, and the building block that it is about."""

    name: str
    block: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a case: ``pass``, ``fail`` or ``hang``."""

    case: Case
    verdict: str
    seconds: float
    output: str


def cases(tiers: Sequence[str], match: str) -> list[Case]:
    """Return the cases of these tiers whose names match."""
    with CASES.open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return [
        Case(row["case"], row["block"])
        for row in rows
        if row["tier"] in tiers and re.search(match, row["case"])
    ]


def environment(sidecar: Path) -> dict[str, str]:
    """Return the variables by which the framework finds the sidecar, and builds nothing."""
    kept = {name: value for name, value in os.environ.items() if name not in MEDDLING}
    others = {f"DAPR_INTEGRATION_{name}_PATH": "/bin/true" for name in OTHERS}
    return {**others, **kept, "DAPR_INTEGRATION_DAPRD_PATH": str(sidecar)}


def apart() -> tuple[str, ...]:
    """Return what a command is run by to have a network of its own; nothing where that cannot be had."""
    try:
        done = subprocess.run([*APART, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        return ()
    return APART if done.returncode == 0 else ()


def run(case: Case, binary: Path, sidecar: Path, wrapper: Sequence[str]) -> Outcome:
    """Run one case."""
    began = time.monotonic()
    process = subprocess.Popen(
        [*wrapper, binary, "-test.v", "-test.timeout=95s", "-focus", f"^{re.escape(case.name)}$"],
        env=environment(sidecar),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=CASE_SECONDS)
        passed = process.returncode == 0 and f"--- PASS: Test_Integration/{case.name}" in output
        verdict = "pass" if passed else "fail"
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        verdict = "hang"
    return Outcome(case, verdict, time.monotonic() - began, output)


def round_of(chosen: Sequence[Case], binary: Path, sidecar: Path, jobs: int) -> list[Outcome]:
    """Run every case once, so many at a time, and say which do not pass, and why."""
    outcomes: list[Outcome] = []
    wrapper = apart()
    if jobs > 1 and not wrapper:
        sys.stdout.write("cases share a network, and may take each other's ports; --jobs 1 is sure\n")
    with ThreadPoolExecutor(jobs) as pool:
        for outcome in pool.map(lambda case: run(case, binary, sidecar, wrapper), chosen):
            outcomes.append(outcome)
            if outcome.verdict != "pass":
                sys.stdout.write(f"{outcome.case.name}: {outcome.verdict}\n{outcome.output}\n")
                sys.stdout.flush()
    passed = Counter(each.case.block for each in outcomes if each.verdict == "pass")
    for block, number in sorted(Counter(case.block for case in chosen).items()):
        sys.stdout.write(f"{block:24s} {passed[block]:4d} of {number}\n")
    sys.stdout.write(f"{passed.total()} of {len(chosen)} pass\n")
    return outcomes


def figures(rounds: Sequence[Sequence[Outcome]]) -> dict[str, object]:
    """Return what a report tells of the rounds."""
    return {
        "cases": len(rounds[0]),
        "rounds": [
            {
                "passed": sum(each.verdict == "pass" for each in outcomes),
                "seconds": round(sum(each.seconds for each in outcomes), 1),
                "not_passed": {each.case.name: each.verdict for each in outcomes if each.verdict != "pass"},
            }
            for outcomes in rounds
        ],
    }


def main() -> int:
    """Run the rounds, write the report if one is wanted, and return 1 if a case did not pass."""
    parser = argparse.ArgumentParser(prog="python -m tests.integration", description=__doc__)
    sidecar = ROOT / ".venv/bin/pluggable-runtime"
    parser.add_argument("--sidecar", type=Path, default=sidecar, help="what takes daprd's flags")
    parser.add_argument("--tier", default="1,2")
    parser.add_argument("--match", default="", help="an expression for the names of the cases")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="how many cases at a time")
    parser.add_argument("--report", type=Path, help="a file for the figures as JSON")
    arguments = parser.parse_args()
    if not (binary := os.environ.get(BINARY_VARIABLE)):
        parser.error(f"{BINARY_VARIABLE} is not set; it names the compiled integration tests of dapr 1.18.3")
    chosen = cases(arguments.tier.split(","), arguments.match)
    if not chosen:
        parser.error(f"no case of tier {arguments.tier} matches {arguments.match!r}")
    rounds = [
        round_of(chosen, Path(binary).resolve(), arguments.sidecar.absolute(), arguments.jobs)
        for _ in range(arguments.rounds)
    ]
    if arguments.report:
        about = {"tier": arguments.tier, "match": arguments.match, "upstream": "1.18.3"}
        write(arguments.report, circumstances("integration") | about | figures(rounds))
    return int(any(each.verdict != "pass" for outcomes in rounds for each in outcomes))


if __name__ == "__main__":
    sys.exit(main())
