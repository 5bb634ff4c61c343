"""What a daprd stored is read here, and the other way round: ETags, lifetimes and encryption with it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.daprds import daprd, needs_daprd
from tests.e2e.recorded import APP_ID, FILE, OBJECT, YEARS, stores, turned
from tests.e2e.sidecars import Answer, Sidecar, sidecar


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "orders.db"


def rows(database: Path, store: str) -> dict[str, tuple[str, str]]:
    """Return value and ETag of each key of a store."""
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute(f"SELECT key, value, etag FROM {store}").fetchall()
    return {key: (value, etag) for key, value, etag in found}


async def save(running: Sidecar, store: str, *items: dict[str, object]) -> None:
    answer = await running.call("POST", f"/v1.0/state/{store}", json.dumps(items).encode())
    assert answer.status == 204, answer.body


async def get(running: Sidecar, store: str, key: str) -> Answer:
    answer = await running.call("GET", f"/v1.0/state/{store}/{key}")
    assert answer.status == 200, answer.body
    return answer


def expiry(answer: Answer) -> str:
    """Return when a value expires, without its zone, which is UTC."""
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return headers["metadata.ttlexpiretime"].removesuffix("Z")


async def test_what_a_daprd_recorded_is_read(resources: Path, database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(FILE.read_text())
    stores(resources, database)
    turned(resources, database)
    etags = {key: etag for key, (_, etag) in rows(database, "plain").items()}

    async with sidecar(resources, app_id=APP_ID) as running:
        found = {key: await get(running, "plain", key) for key in ("text", "object", "again", "lasting")}
        assert {key: answer.json() for key, answer in found.items()} == {
            "text": "hello",
            "object": OBJECT,
            "again": 2,
            "lasting": "x",
        }
        assert {f"{APP_ID}||{key}": answer.headers["Etag"] for key, answer in found.items()} == etags
        assert expiry(found["lasting"]) in FILE.read_text().replace(" ", "T")

        assert (await get(running, "secret", "text")).body == b"hello"
        assert (await get(running, "retired", "before")).body == b"old"
        await save(running, "retired", {"key": "before", "value": "new"})
        assert (await get(running, "retired", "before")).body == b"new"
        await save(running, "plain", {"key": "again", "value": 3, "etag": etags[f"{APP_ID}||again"]})

    assert rows(database, "plain")[f"{APP_ID}||again"][1] != etags[f"{APP_ID}||again"]


@needs_daprd
async def test_a_daprd_reads_what_is_written_here(resources: Path, database: Path) -> None:
    stores(resources, database)
    async with sidecar(resources, app_id=APP_ID) as ours:
        for store in ("plain", "secret"):
            await save(
                ours,
                store,
                {"key": "text", "value": "hello"},
                {"key": "object", "value": OBJECT},
                {"key": "lasting", "value": "x", "metadata": {"ttlInSeconds": str(YEARS)}},
            )
        before = {key: await get(ours, "plain", key) for key in ("text", "object", "lasting")}

    async with daprd(resources, APP_ID) as theirs:
        for key, answer in before.items():
            found = await get(theirs, "plain", key)
            assert (found.body, found.headers["Etag"]) == (answer.body, answer.headers["Etag"])
        assert expiry(await get(theirs, "plain", "lasting")) == expiry(before["lasting"])
        assert (await get(theirs, "secret", "text")).body == b"hello"
        assert (await get(theirs, "secret", "object")).json() == OBJECT
        await save(theirs, "plain", {"key": "text", "value": 1, "etag": before["text"].headers["Etag"]})
        await save(theirs, "secret", {"key": "text", "value": "theirs"})

    turned(resources, database)
    async with sidecar(resources, app_id=APP_ID) as ours:
        assert (await get(ours, "plain", "text")).json() == 1
        assert (await get(ours, "secret", "text")).body == b"theirs"
