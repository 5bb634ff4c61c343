"""Resources of other kinds beside the sockets: policies that cannot be read, MCP servers that may not be."""

from __future__ import annotations

from pathlib import Path

import pytest

from pluggable.doctor.findings import Severity
from tests.doctor.conftest import Examined

DOCUMENT = "apiVersion: dapr.io/v1alpha1\nkind: {kind}\nmetadata: {{name: one}}\nspec: {spec}\n"


@pytest.mark.parametrize(
    ("kind", "spec", "severity", "text"),
    [
        (
            "Resiliency",
            "{policies: {timeouts: {a: soon}}}",
            Severity.WARNING,
            'one: invalid duration "a", soon',
        ),
        ("MCPServer", "{endpoint: {}}", Severity.ERROR, 'MCPServer "one" failed validation'),
        ("MCPServer", "{ignoreErrors: true, endpoint: {}}", Severity.WARNING, 'MCPServer "one" failed'),
    ],
)
async def test_what_a_daprd_cannot_use_is_told(
    examined: Examined, tmp_path: Path, kind: str, spec: str, severity: Severity, text: str
) -> None:
    file = tmp_path / "one.yaml"
    file.write_text(DOCUMENT.format(kind=kind, spec=spec))

    report = await examined(resources_paths=(file,))

    (told,) = (finding for finding in report.findings if finding.where.startswith(str(file)))
    assert told.severity is severity
    assert text in told.found


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("Resiliency", "{policies: {timeouts: {a: 5s}}}"),
        ("MCPServer", "{endpoint: {sse: {url: 'http://x'}}}"),
        ("HTTPEndpoint", "{baseUrl: 'http://x'}"),
        ("WorkflowAccessPolicy", "{}"),
        ("Configuration", "{}"),
    ],
)
async def test_other_kinds_are_known(examined: Examined, tmp_path: Path, kind: str, spec: str) -> None:
    file = tmp_path / "one.yaml"
    file.write_text(DOCUMENT.format(kind=kind, spec=spec))

    report = await examined(resources_paths=(file,))

    assert not any(finding.where.startswith(str(file)) for finding in report.findings), report.text()
