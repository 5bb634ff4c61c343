"""State in one PostgreSQL or MariaDB that a daprd and ours share: each reads and changes what is there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.backends.mariadb import MariaDB
from tests.backends.postgresql import PostgreSQL
from tests.e2e.daprds import daprd, needs_daprd
from tests.e2e.sidecars import Sidecar, sidecar

pytestmark = [needs_daprd, pytest.mark.slow]

COMPONENT = """\
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {{name: store}}
spec:
  type: {type}
  version: {version}
  metadata:
  - {{name: connectionString, value: "{text}"}}
"""
#: Type and version, as both are told them.
KINDS = {
    "postgresql v1": ("state.postgresql", "v1"),
    "postgresql v2": ("state.postgresql", "v2"),
    "mysql": ("state.mysql", "v1"),
}


@contextmanager
def server(kind: str) -> Iterator[str]:
    if kind == "mysql":
        with MariaDB.running() as mariadb:
            yield mariadb.dsn()
    else:
        with PostgreSQL.running() as postgresql:
            yield postgresql.url()


async def save(running: Sidecar, **item: object) -> int:
    return (await running.call("POST", "/v1.0/state/store", json.dumps([item]).encode())).status


async def passed_on(first: Sidecar, second: Sidecar) -> None:
    lives = {"metadata": {"ttlInSeconds": "3600"}}
    assert await save(first, key="object", value={"b": [1, "ä"], "a": None}) == 204
    assert await save(first, key="lasting", value="x", **lives) == 204
    for key in ("object", "lasting"):
        wanted = await first.call("GET", f"/v1.0/state/store/{key}")
        found = await second.call("GET", f"/v1.0/state/store/{key}")
        assert found.json() == wanted.json()
        assert found.headers["Etag"] == wanted.headers["Etag"]
    stale = found.headers["Etag"]
    assert await save(second, key="lasting", value="y", etag=stale) == 204
    assert await save(first, key="lasting", value="z", etag=stale) == 409
    assert (await first.call("GET", "/v1.0/state/store/lasting")).json() == "y"


@pytest.mark.parametrize("daprd_is_first", [True, False], ids=["daprd first", "ours first"])
@pytest.mark.parametrize("kind", KINDS)
async def test_each_reads_and_changes_what_the_other_wrote(
    kind: str, daprd_is_first: bool, tmp_path: Path
) -> None:
    with server(kind) as text:
        type_, version = KINDS[kind]
        (tmp_path / "store.yaml").write_text(COMPONENT.format(type=type_, version=version, text=text))
        starts = [daprd(tmp_path, "app"), sidecar(tmp_path, app_id="app")]
        order = starts if daprd_is_first else starts[::-1]
        async with order[0] as first, order[1] as second:
            await passed_on(first, second)
            await passed_on(second, first)
