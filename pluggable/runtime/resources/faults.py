"""What is wrong with the YAML files, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from .values import Origin


class Severity(Enum):
    """What follows from a fault, as it does in daprd."""

    FATAL = "fatal"
    """The sidecar does not start."""
    SKIPPED = "skipped"
    """The document is left out."""
    NOTED = "noted"
    """The document counts; what is faulty in it does not."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, with the place: what was found, and what was wanted."""

    origin: Origin
    text: str
    severity: Severity = Severity.SKIPPED
    headline: str = ""
    """daprd's own sentence for it, without the place; tools look for it."""

    def __str__(self) -> str:
        # Document 0 is no document: the file itself is the trouble.
        place = str(self.origin) if self.origin.document else self.origin.file
        return f"{place}: {self.text}"


class ManifestError(Exception):
    """The YAML files have faults that forbid to start: all faults of all files, daprd's sentences first."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults)
        self.headlines: tuple[str, ...] = tuple(fault.headline for fault in faults if fault.headline)
        super().__init__("\n".join([*self.headlines, *map(str, faults)]))
