"""Init on demand: with the YAML's properties, for an instance of its own, and within bounds."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from pluggable import InitError, Metadata, OutputBinding
from pluggable.bindings import InvokeRequest, InvokeResponse
from pluggable.doctor.findings import Severity
from pluggable.serving import ComponentServer
from pluggable_servers.memory.state import InMemoryStateStore
from tests.doctor.conftest import Examined, checks, found

HEAD = "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {name: orders}\n"


@dataclass(frozen=True)
class Settings:
    table: str


class Strict(InMemoryStateStore):
    """Wants a table."""

    async def init(self, metadata: Metadata) -> None:
        metadata.parse(Settings)


class Hanging(InMemoryStateStore):
    async def init(self, metadata: Metadata) -> None:
        await asyncio.Event().wait()
        self.settings = metadata.parse(Settings)


class Refusing(InMemoryStateStore):
    async def init(self, metadata: Metadata) -> None:
        raise InitError(f"no backend for {metadata.name}")


class Caller(OutputBinding):
    operations = ("call", "hang-up")

    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        return InvokeResponse(data=request.data)


def described(folder: Path, spec: str) -> Path:
    file = folder / "orders.yaml"
    file.write_text(f"{HEAD}spec:\n  type: state.shelf\n{spec}")
    return file


async def test_init_tells_features(socket_folder: Path, examined: Examined) -> None:
    async with ComponentServer({"shelf": InMemoryStateStore}, folder=socket_folder):
        report = await examined(init=True)

    assert found(report, "init").found == "StateStore answered Init without properties"
    assert found(report, "features").found == (
        "StateStore has features: ETAG, TRANSACTIONAL, TTL, DELETE_WITH_PREFIX, KEYS_LIKE, NATIVE_BULK"
    )
    assert "init-not-tried" not in checks(report)


async def test_init_tells_operations(socket_folder: Path, examined: Examined) -> None:
    async with ComponentServer({"caller": Caller}, folder=socket_folder):
        report = await examined(init=True)

    assert found(report, "features").found == "OutputBinding has operations: call, hang-up"


async def test_properties_are_the_yamls(socket_folder: Path, tmp_path: Path, examined: Examined) -> None:
    file = described(tmp_path, "  metadata: [{name: table, envRef: TABLE}]\n")
    async with ComponentServer({"shelf": Strict}, folder=socket_folder):
        environ = {"DAPR_COMPONENTS_SOCKETS_FOLDER": str(socket_folder), "TABLE": "orders"}
        given = await examined(environ, init=True, resources_paths=(file,))
        bare = await examined(init=True)

    assert found(given, "init").found == 'StateStore answered Init with the properties of "orders"'
    assert found(bare, "init-refused").severity is Severity.NOTE
    assert "table" in found(bare, "init-refused").found


async def test_refusal_is_fatal(socket_folder: Path, tmp_path: Path, examined: Examined) -> None:
    file = described(tmp_path, "")
    async with ComponentServer({"shelf": Refusing}, folder=socket_folder):
        report = await examined(init=True, resources_paths=(file,))

    finding = found(report, "init-refused")
    assert finding.severity is Severity.ERROR
    assert finding.found.endswith("no backend for pluggable-doctor-orders")


async def test_hung_init_is_given_up(socket_folder: Path, tmp_path: Path, examined: Examined) -> None:
    file = described(tmp_path, "  initTimeout: 500ms\n")
    async with ComponentServer({"shelf": Hanging}, folder=socket_folder):
        report = await examined(init=True, resources_paths=(file,))

    assert "within 0.5 s" in found(report, "init-hangs").found


async def test_secrets_are_not_asked_for(socket_folder: Path, tmp_path: Path, examined: Examined) -> None:
    file = described(tmp_path, "  metadata: [{name: password, secretKeyRef: {name: p, key: p}}]\n")
    async with ComponentServer({"shelf": Strict}, folder=socket_folder):
        report = await examined(init=True, resources_paths=(file,))

    note = found(report, "init-not-tried")
    assert "gets password from a secret store" in note.found
