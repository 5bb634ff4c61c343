"""What became of the checks."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from xml.etree import ElementTree

from .check import Check


class Outcome(Enum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One check's end: of a failure what was found and wanted, of what was skipped the reason."""

    check: Check
    outcome: Outcome
    text: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All results, in the order in which they came."""

    address: str
    claims: Sequence[str]
    """The services and features that decided which checks apply."""
    results: Sequence[Result]

    @property
    def failed(self) -> list[Result]:
        """The checks whose rule does not hold."""
        return [result for result in self.results if result.outcome is Outcome.FAILED]

    def text(self) -> str:
        """Return what a reader wants: a line a check, the rule under each that failed, and the sum."""
        lines = [self.address, f"claims: {', '.join(self.claims) or 'nothing'}", ""]
        for result in self.results:
            lines += _lines(result)
        return "\n".join([*lines, "", self.summary()])

    def summary(self) -> str:
        """Return how many there are of each outcome."""
        found = Counter(result.outcome for result in self.results)
        return ", ".join(f"{found[outcome]} {outcome.value}" for outcome in Outcome)

    def json(self) -> str:
        """Return the report as JSON: ``address``, ``claims``, ``summary`` and a list of ``checks``."""
        return json.dumps(
            {
                "address": self.address,
                "claims": list(self.claims),
                "summary": {outcome.value: self._count(outcome) for outcome in Outcome},
                "checks": [_as_dict(result) for result in self.results],
            },
            indent=2,
        )

    def junit(self) -> str:
        """Return the report as JUnit's XML, a suite a block."""
        root = ElementTree.Element("testsuites", name=self.address)
        for block, results in _by_block(self.results).items():
            suite = ElementTree.SubElement(root, "testsuite", name=block, tests=str(len(results)))
            for outcome, name in ((Outcome.FAILED, "failures"), (Outcome.SKIPPED, "skipped")):
                suite.set(name, str(sum(result.outcome is outcome for result in results)))
            for result in results:
                _add_case(suite, result)
        return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"

    def _count(self, outcome: Outcome) -> int:
        return sum(result.outcome is outcome for result in self.results)


_SIGNS = {Outcome.PASSED: "ok  ", Outcome.FAILED: "FAIL", Outcome.SKIPPED: "skip"}


def _lines(result: Result) -> list[str]:
    first = f"{_SIGNS[result.outcome]}  {result.check.id}"
    match result.outcome:
        case Outcome.PASSED:
            return [first]
        case Outcome.SKIPPED:
            return [f"{first}: {result.text}"]
        case Outcome.FAILED:
            return [first, f"      {result.text}", f"      rule: {result.check.rule}"]


def _as_dict(result: Result) -> dict[str, object]:
    return {
        "check": result.check.id,
        "outcome": result.outcome.value,
        "text": result.text,
        "rule": result.check.rule,
        "seconds": round(result.seconds, 3),
    }


def _by_block(results: Iterable[Result]) -> dict[str, list[Result]]:
    found: dict[str, list[Result]] = {}
    for result in results:
        found.setdefault(result.check.block, []).append(result)
    return found


def _add_case(suite: ElementTree.Element, result: Result) -> None:
    case = ElementTree.SubElement(
        suite, "testcase", classname=result.check.block, name=result.check.name, time=f"{result.seconds:.3f}"
    )
    if result.outcome is Outcome.FAILED:
        failure = ElementTree.SubElement(case, "failure", message=result.text)
        failure.text = result.check.rule
    elif result.outcome is Outcome.SKIPPED:
        ElementTree.SubElement(case, "skipped", message=result.text)
