"""Resources that change under a running sidecar."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.e2e.sidecars import Sidecar, component, sidecar


@asynccontextmanager
async def reloaded(running: Sidecar, *words: str) -> AsyncIterator[None]:
    """Wait, after what changes files, until the sidecar says what it made of them."""
    since = len(running.lines)
    yield
    await running.said(*words, since=since)


@pytest.mark.slow
async def test_components_follow_their_files(resources: Path, tmp_path: Path) -> None:
    kept = component(resources, "kept", "state.in-memory")
    async with sidecar(resources) as running:
        pid = running.process.pid
        async with reloaded(running, "Component loaded: added"):
            added = component(resources, "added", "state.sqlite", connectionString=str(tmp_path / "one.db"))
        assert await running.components() == {"kept": "state.in-memory", "added": "state.sqlite"}
        body = b'[{"key": "k", "value": 1}]'
        for store in ("kept", "added"):
            assert (await running.call("POST", f"/v1.0/state/{store}", body)).status == 204

        async with reloaded(running, "Component loaded: added"):
            component(resources, "added", "state.sqlite", connectionString=str(tmp_path / "two.db"))
        assert (await running.call("GET", "/v1.0/state/added/k")).status == 204
        assert (await running.call("GET", "/v1.0/state/kept/k")).body == b"1"

        async with reloaded(running, "Component unloaded: added"):
            added.unlink()
        assert (await running.call("GET", "/v1.0/state/added/k")).status == 400

        async with reloaded(running, "nothing has changed"):
            kept.touch()
        assert await running.components() == {"kept": "state.in-memory"}
        assert (await running.call("GET", "/v1.0/healthz")).status == 204
        assert running.process.pid == pid


@pytest.mark.slow
async def test_store_may_be_defined_after_its_user(resources: Path, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.json"
    secrets.write_text(json.dumps({"db": str(tmp_path / "orders.db")}))
    (resources / "a.yaml").write_text(
        "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: orders\n"
        "spec:\n  type: state.sqlite\n  version: v1\n  metadata:\n"
        "  - name: connectionString\n    secretKeyRef: {name: db, key: db}\nauth:\n  secretStore: vault\n"
    )
    component(resources, "vault", "secretstores.local.file", secretsFile=str(secrets))
    async with sidecar(resources) as running:
        assert set(await running.components()) == {"orders", "vault"}
        assert (tmp_path / "orders.db").exists()


@pytest.mark.slow
async def test_name_given_twice_ends_the_sidecar(resources: Path) -> None:
    component(resources, "one", "state.in-memory")
    async with sidecar(resources) as running:
        (resources / "two.yaml").write_text((resources / "one.yaml").read_text())

        assert await running.ended() == 1
        await running.said(
            "level=fatal",
            "Fatal error from runtime: failed to load resources from disk: duplicate definition",
        )


@pytest.mark.slow
async def test_failing_change_ends_the_sidecar(resources: Path, tmp_path: Path) -> None:
    file = component(resources, "db", "state.sqlite", connectionString=str(tmp_path / "one.db"))
    async with sidecar(resources) as running:
        component(resources, "db", "state.sqlite")

        assert await running.ended() == 1
        await running.said("level=fatal", "process component db error: ", f"[{file}, document 1, line 1]")
