"""Resources that change under a running sidecar."""

from __future__ import annotations

import json
import signal
from pathlib import Path

from tests.e2e.sidecars import Sidecar, component, sidecar


async def reload(running: Sidecar, *words: str) -> None:
    """Have the resources read again, and wait until the sidecar says what it made of them."""
    since = len(running.lines)
    running.process.send_signal(signal.SIGHUP)
    await running.said(*words, since=since)


async def test_components_follow_their_files(resources: Path, tmp_path: Path) -> None:
    kept = component(resources, "kept", "state.in-memory")
    async with sidecar(resources) as running:
        pid = running.process.pid
        added = component(resources, "added", "state.sqlite", connectionString=str(tmp_path / "one.db"))
        await reload(running, "Component loaded: added")
        assert await running.components() == {"kept": "state.in-memory", "added": "state.sqlite"}
        body = b'[{"key": "k", "value": 1}]'
        for store in ("kept", "added"):
            assert (await running.call("POST", f"/v1.0/state/{store}", body)).status == 204

        component(resources, "added", "state.sqlite", connectionString=str(tmp_path / "two.db"))
        await reload(running, "Component loaded: added")
        assert (await running.call("GET", "/v1.0/state/added/k")).status == 204
        assert (await running.call("GET", "/v1.0/state/kept/k")).body == b"1"

        added.unlink()
        await reload(running, "Component unloaded: added")
        assert (await running.call("GET", "/v1.0/state/added/k")).status == 400

        kept.touch()
        await reload(running, "nothing has changed")
        assert await running.components() == {"kept": "state.in-memory"}
        assert (await running.call("GET", "/v1.0/healthz")).status == 204
        assert running.process.pid == pid


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


async def test_unreadable_change_ends_the_sidecar(resources: Path) -> None:
    component(resources, "one", "state.in-memory")
    async with sidecar(resources) as running:
        (resources / "two.yaml").write_text((resources / "one.yaml").read_text())
        running.process.send_signal(signal.SIGHUP)

        assert await running.ended() == 1
        await running.said(
            "level=fatal",
            "Fatal error from runtime: failed to load resources from disk: duplicate definition",
        )


async def test_failing_change_ends_the_sidecar(resources: Path, tmp_path: Path) -> None:
    file = component(resources, "db", "state.sqlite", connectionString=str(tmp_path / "one.db"))
    async with sidecar(resources) as running:
        component(resources, "db", "state.sqlite")
        running.process.send_signal(signal.SIGHUP)

        assert await running.ended() == 1
        await running.said("level=fatal", "process component db error: ", f"[{file}, document 1, line 1]")
