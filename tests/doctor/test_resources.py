"""The YAML beside the sockets: who serves each component, and what a daprd says where nobody does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pluggable._wire import names
from pluggable.doctor.findings import Finding, Report, Severity
from tests.doctor.conftest import Examined, checks, found
from tests.doctor.situations import bound, component

YAML = """\
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {{name: {name}}}
spec: {{type: {type}, version: {version}, ignoreErrors: {ignore}}}
scopes: [{scopes}]
---
"""


def write(path: Path, type_: str, *, name: str = "orders", version: str = "v1", **more: Any) -> None:
    """Add a component to the file."""
    given = {"ignore": "false", "scopes": ""} | more
    with path.open("a") as file:
        file.write(YAML.format(name=name, type=type_, version=version, **given))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "components.yaml"


async def beside(
    folder: Path, examined: Examined, file: Path, services: Sequence[str] = (), **told: Any
) -> Report:
    """Examine the file beside a socket ``shelf.sock``."""
    async with component(folder / "shelf.sock", *services):
        return await examined(resources_paths=(file,), **told)


def of(report: Report, file: Path) -> Finding:
    """Return the one finding for the file."""
    findings = [finding for finding in report.findings if finding.where.startswith(str(file))]
    assert len(findings) == 1, report.text()
    return findings[0]


@pytest.mark.parametrize(
    ("type_", "version", "text"),
    [
        ("state.shelf", "v1", "is served by shelf.sock"),
        ("state.Shelf", '""', "is served by shelf.sock"),
        ("state.shelf", "v0", "is served by shelf.sock"),
        ("state.redis", "v1", "is built into daprd"),
        ("state.postgresql", "v2", "is built into daprd"),
        ("bindings.kafka", "v1", "is built into daprd"),
    ],
)
async def test_component_has_somebody(
    type_: str, version: str, text: str, socket_folder: Path, file: Path, examined: Examined
) -> None:
    write(file, type_, version=version)
    report = await beside(socket_folder, examined, file)

    finding = of(report, file)
    assert finding.severity is Severity.OK
    assert text in finding.found


@pytest.mark.parametrize(
    ("type_", "version", "check", "text", "daprd"),
    [
        (
            "state.shell",
            "v1",
            "component-unserved",
            "did you mean state.shelf?",
            "couldn't find state store state.shell/v1",
        ),
        (
            "pubsub.shelf",
            "v1",
            "component-unserved",
            "shelf.sock serves state.shelf",
            "couldn't find message bus pubsub.shelf/v1",
        ),
        (
            "bindings.thing",
            "v1",
            "component-unserved",
            "no socket serves bindings.thing",
            "couldn't find binding orders (bindings.thing/v1)",
        ),
        (
            "state.shelf",
            "v2",
            "component-version",
            "has no versions",
            "couldn't find state store state.shelf/v2",
        ),
        (
            "state.redis",
            "v3",
            "component-version",
            "in version v0, v1",
            "couldn't find state store state.redis/v3",
        ),
        ("State.shelf", "v1", "component-block", "did you mean state.shelf?", "incorrect type State.shelf"),
        (
            "secretstore.shelf",
            "v1",
            "component-block",
            "did you mean secretstores.shelf?",
            "incorrect type secretstore.shelf",
        ),
    ],
)
async def test_component_has_nobody(
    type_: str,
    version: str,
    check: str,
    text: str,
    daprd: str,
    socket_folder: Path,
    file: Path,
    examined: Examined,
) -> None:
    write(file, type_, version=version)
    report = await beside(socket_folder, examined, file)

    finding = of(report, file)
    assert (finding.check, finding.severity) == (check, Severity.ERROR)
    assert text in finding.found
    assert finding.daprd == f'says "{daprd}", and exits'


async def test_stale_socket_is_why_nobody_serves(socket_folder: Path, file: Path, examined: Examined) -> None:
    write(file, "state.orders")
    async with bound(socket_folder / "orders.sock", listening=False):
        report = await examined(resources_paths=(file,))

    assert "orders.sock does not answer" in of(report, file).found


async def test_ignored_errors_are_a_warning(socket_folder: Path, file: Path, examined: Examined) -> None:
    write(file, "state.none", ignore="true")
    report = await beside(socket_folder, examined, file)

    finding = of(report, file)
    assert finding.severity is Severity.WARNING
    assert "until it is restarted, for ignoreErrors is true" in finding.daprd
    assert report.usable


async def test_versioned_built_in_goes_before_a_socket(
    socket_folder: Path, file: Path, examined: Examined
) -> None:
    write(file, "state.etcd")
    async with component(socket_folder / "etcd.sock"):
        report = await examined(resources_paths=(file,))

    assert "is built into daprd" in of(report, file).found
    assert "only for spec.version v0" in found(report, "type-built-in").daprd


async def test_lock_is_no_block_for_sockets(socket_folder: Path, file: Path, examined: Examined) -> None:
    write(file, "lock.shelf")
    report = await beside(socket_folder, examined, file)

    assert of(report, file).check == "component-block"


async def test_scopes_may_leave_an_application_out(
    socket_folder: Path, file: Path, examined: Examined
) -> None:
    write(file, "state.shelf", scopes="one, two")
    theirs = await beside(socket_folder, examined, file, app_id="three")
    ours = await beside(socket_folder, examined, file, app_id="two")

    assert found(theirs, "scope").found == "orders (state.shelf/v1) is for one, two alone"
    assert of(ours, file).severity is Severity.OK


async def test_name_given_twice_is_fatal(socket_folder: Path, file: Path, examined: Examined) -> None:
    write(file, "state.shelf")
    write(file, "state.shelf")
    report = await beside(socket_folder, examined, file)

    finding = found(report, "yaml")
    assert "document 2" in finding.where
    assert "duplicate definition of Component name orders" in finding.daprd
    assert not report.usable


async def test_broken_document_is_left_out(socket_folder: Path, file: Path, examined: Examined) -> None:
    with file.open("w") as stream:
        stream.write("kind: [\n")
    report = await beside(socket_folder, examined, file)

    assert found(report, "yaml").daprd == "leaves the document out"


async def test_missing_folder_of_resources_is_fatal(
    socket_folder: Path, tmp_path: Path, examined: Examined
) -> None:
    report = await beside(socket_folder, examined, tmp_path / "nowhere")

    assert "cannot be read" in found(report, "yaml").found
    assert not report.usable


async def test_socket_that_nobody_names_is_a_note(
    socket_folder: Path, file: Path, examined: Examined
) -> None:
    write(file, "state.redis")
    both = (names.STATE_STORE, names.PUBSUB)
    report = await beside(socket_folder, examined, file, both)

    assert (
        found(report, "socket-unnamed").found
        == "no component in the YAML has the type pubsub.shelf or state.shelf"
    )


async def test_without_yaml_no_socket_is_missed(socket_folder: Path, examined: Examined) -> None:
    async with component(socket_folder / "shelf.sock"):
        report = await examined()

    assert "socket-unnamed" not in checks(report)
