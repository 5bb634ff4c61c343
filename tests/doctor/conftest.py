from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from pluggable.doctor.access import User
from pluggable.doctor.examination import Case, examine
from pluggable.doctor.findings import Finding, Report
from tests.doctor.situations import VARIABLE

Examined = Callable[..., Awaitable[Report]]


@pytest.fixture
def examined(socket_folder: Path) -> Examined:
    """Examine the folder as who runs the tests, in an environment that names it, unless told otherwise."""

    async def do(environ: Mapping[str, str] | None = None, **told: Any) -> Report:
        case: dict[str, Any] = {
            "environ": {VARIABLE: str(socket_folder)} if environ is None else environ,
            "user": User.here(),
            "platform": "linux",
        }
        return await examine(Case(**(case | told)))

    return do


def found(report: Report, check: str) -> Finding:
    """Return the one finding of a check."""
    findings = [finding for finding in report.findings if finding.check == check]
    assert len(findings) == 1, report.text()
    return findings[0]


def checks(report: Report) -> set[str]:
    return {finding.check for finding in report.findings}
