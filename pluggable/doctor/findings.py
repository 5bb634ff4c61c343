"""What was found, what a daprd does about it, and how it is mended; and all of it as a report."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """What a finding means for who wants to use the components."""

    ERROR = "error"
    """A daprd cannot use something, or does not start."""
    WARNING = "warning"
    """A daprd goes on, but perhaps not as was meant."""
    NOTE = "note"
    """Worth knowing; nothing has to be done."""
    OK = "ok"
    """It was looked at, and is as it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was found."""

    check: str
    """Which check found it: a word that stays the same, for scripts."""
    severity: Severity
    where: str
    """A path, a variable, or a place in a file."""
    found: str
    daprd: str = ""
    """What a daprd does about it, in its own words where it has some."""
    mend: str = ""


def error(check: str, where: object, found: str, *, daprd: str, mend: str) -> Finding:
    """Return what keeps a daprd from using something."""
    return Finding(
        check=check, severity=Severity.ERROR, where=str(where), found=found, daprd=daprd, mend=mend
    )


def warning(check: str, where: object, found: str, *, daprd: str, mend: str) -> Finding:
    """Return what a daprd puts up with, perhaps not as was meant."""
    return Finding(
        check=check, severity=Severity.WARNING, where=str(where), found=found, daprd=daprd, mend=mend
    )


def note(check: str, where: object, found: str, *, daprd: str = "", mend: str = "") -> Finding:
    """Return what is worth knowing."""
    return Finding(check=check, severity=Severity.NOTE, where=str(where), found=found, daprd=daprd, mend=mend)


def fine(check: str, where: object, found: str) -> Finding:
    """Return what is as it should be."""
    return Finding(check=check, severity=Severity.OK, where=str(where), found=found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All findings, in the order in which a daprd would come upon them."""

    folder: str
    """Where a daprd looks for sockets; empty if it looks nowhere."""
    user: str
    """As whom: ``1000``, or ``65532:65532``."""
    findings: Sequence[Finding]

    @property
    def usable(self) -> bool:
        """Whether a daprd could use everything."""
        return all(finding.severity is not Severity.ERROR for finding in self.findings)

    def text(self) -> str:
        """Return what a reader wants: a line a finding, what follows from it below, and the sum."""
        return "\n".join([*(line for each in self.findings for line in _lines(each)), "", self.summary()])

    def summary(self) -> str:
        """Return how many findings there are of each severity, and what that comes to."""
        counts = Counter(each.severity for each in self.findings)
        told = (Severity.ERROR, Severity.WARNING, Severity.NOTE)
        verdict = "a daprd could use everything" if self.usable else "a daprd could not use everything"
        return f"{', '.join(_counted(counts[each], each.value) for each in told)}: {verdict}"

    def json(self) -> str:
        """Return the report as JSON: ``folder``, ``user``, ``usable`` and a list of ``findings``."""
        return json.dumps(
            {
                "folder": self.folder,
                "user": self.user,
                "usable": self.usable,
                "findings": [_as_dict(finding) for finding in self.findings],
            },
            indent=2,
            ensure_ascii=False,
        )


def listed(names: Iterable[object], *, at_most: int = 5) -> str:
    """Return names for a sentence, the first few of many."""
    texts = [str(name) for name in names]
    rest = f" and {len(texts) - at_most} more" if len(texts) > at_most else ""
    return ", ".join(texts[:at_most]) + rest


def _lines(finding: Finding) -> list[str]:
    first = f"{finding.severity.value:7}  {finding.where}: {finding.found}"
    below = (("daprd", finding.daprd), ("mend", finding.mend))
    return [first, *(f"         {label + ':':6} {text}" for label, text in below if text)]


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _as_dict(finding: Finding) -> dict[str, str]:
    return {
        "check": finding.check,
        "severity": finding.severity.value,
        "where": finding.where,
        "found": finding.found,
        "daprd": finding.daprd,
        "mend": finding.mend,
    }
