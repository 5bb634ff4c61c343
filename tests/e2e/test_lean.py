"""What running processes have loaded: the transport in use, and no library that nobody asked for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pluggable.remote import list_services
from pluggable.transport import TRANSPORT_VARIABLE
from tests.e2e.sidecars import Heard, component, heard, sidecar, started

NGH2, GRPCIO, SQLALCHEMY = "/ngh2/", "/grpc/_cython/", "/sqlalchemy/"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what a process has loaded is in /proc")


def loaded(pid: int) -> set[str]:
    """Return which of these libraries a process has loaded, by their compiled parts."""
    maps = Path(f"/proc/{pid}/maps").read_text()
    return {library for library in (NGH2, GRPCIO, SQLALCHEMY) if library in maps}


@pytest.mark.slow
@pytest.mark.parametrize(("transport", "library"), [("", NGH2), ("grpcio", GRPCIO)])
async def test_sidecar_and_children_have_one_transport(
    resources: Path, tmp_path: Path, transport: str, library: str
) -> None:
    component(resources, "memory", "state.in-memory")
    component(resources, "broker", "pubsub.in-memory")
    component(resources, "tables", "state.sqlite", connectionString=f"file:{tmp_path}/db.sqlite")
    environment = {TRANSPORT_VARIABLE: transport}
    async with sidecar(resources, environment=environment) as running:  # which makes the tables
        assert loaded(running.child("sqlite")) == {library, SQLALCHEMY}
    async with sidecar(resources, environment=environment) as running:
        for store in ("memory", "tables"):
            kept = await running.call("POST", f"/v1.0/state/{store}", b'[{"key": "k", "value": 1}]')
            assert kept.status == 204
        published = await running.call("POST", "/v1.0/publish/broker/topic", b"{}")
        assert published.status == 204

        assert loaded(running.process.pid) == {library}
        assert loaded(running.child("in-memory")) == {library}
        assert loaded(running.child("sqlite")) == {library}


async def test_component_server_has_one_transport(socket_folder: Path) -> None:
    command = ("-m", "pluggable.cli.main", "serve", "state.in-memory", "--folder", str(socket_folder))
    process = await started(*command, environment={TRANSPORT_VARIABLE: ""})
    async with heard(Heard(process)) as running:
        await running.said("serving state.in-memory")
        await list_services(f"unix:{socket_folder}/in-memory.sock", 10)

        assert loaded(process.pid) == {NGH2}
