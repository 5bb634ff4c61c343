"""State in one etcd that a daprd and ours share: each reads and changes what is there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.backends.etcd import Etcd
from tests.e2e.daprds import daprd, needs_daprd
from tests.e2e.sidecars import Answer, Sidecar, sidecar

COMPONENT = """\
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {{name: store}}
spec:
  type: state.etcd
  version: {version}
  metadata:
  - {{name: endpoints, value: "{endpoint}"}}
  - {{name: keyPrefixPath, value: "shared"}}
"""
VERSIONS = pytest.mark.parametrize("version", ["v1", "v2"])
#: The first byte of version 2's envelope: its field 1, bytes.
ENVELOPE = b"\n"

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("etcd")]


async def save(running: Sidecar, **item: object) -> int:
    return (await running.call("POST", "/v1.0/state/store", json.dumps([item]).encode())).status


def end(answer: Answer) -> str | None:
    """When the value expires, if the answer tells."""
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return headers.get("metadata.ttlexpiretime")


async def passed_on(first: Sidecar, second: Sidecar) -> None:
    lives = {"metadata": {"ttlInSeconds": "3600"}}
    assert await save(first, key="object", value={"b": [1, "ä<"], "a": None}) == 204
    assert await save(first, key="lasting", value="x", **lives) == 204
    for key in ("object", "lasting"):
        wanted = await first.call("GET", f"/v1.0/state/store/{key}")
        found = await second.call("GET", f"/v1.0/state/store/{key}")
        assert found.json() == wanted.json()
        assert found.headers["Etag"] == wanted.headers["Etag"]
    assert end(found) == end(wanted)
    stale = found.headers["Etag"]
    assert await save(second, key="lasting", value="y", etag=stale) == 204
    assert await save(first, key="lasting", value="z", etag=stale) == 409
    assert (await first.call("GET", "/v1.0/state/store/lasting")).json() == "y"
    operations = [
        {"operation": "upsert", "request": {"key": "more", "value": 1}},
        {"operation": "delete", "request": {"key": "lasting"}},
    ]
    body = json.dumps({"operations": operations}).encode()
    assert (await second.call("POST", "/v1.0/state/store/transaction", body)).status == 204
    assert (await first.call("GET", "/v1.0/state/store/more")).json() == 1
    assert (await first.call("GET", "/v1.0/state/store/lasting")).status == 204


def configured(folder: Path, etcd: Etcd, version: str) -> None:
    (folder / "store.yaml").write_text(COMPONENT.format(version=version, endpoint=etcd.endpoint))


@needs_daprd
@pytest.mark.parametrize("daprd_is_first", [True, False], ids=["daprd first", "ours first"])
@VERSIONS
async def test_each_reads_and_changes_what_the_other_wrote(
    version: str, daprd_is_first: bool, tmp_path: Path
) -> None:
    with Etcd.running() as etcd:
        configured(tmp_path, etcd, version)
        starts = [daprd(tmp_path, "app"), sidecar(tmp_path, app_id="app")]
        order = starts if daprd_is_first else starts[::-1]
        async with order[0] as first, order[1] as second:
            await passed_on(first, second)
            await passed_on(second, first)


@VERSIONS
async def test_version_of_the_component_chooses_what_is_kept(version: str, tmp_path: Path) -> None:
    with Etcd.running() as etcd:
        configured(tmp_path, etcd, version)
        async with sidecar(tmp_path, app_id="app") as running:
            assert await save(running, key="k", value=7) == 204

        stored = etcd.value("shared/app||k")
        assert (stored == b"7") is (version == "v1")
        assert stored.startswith(ENVELOPE) is (version == "v2")
