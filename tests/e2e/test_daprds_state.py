"""What a daprd stored is read here, and the other way round: ETags, lifetimes and encryption with it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.e2e.daprds import daprd, needs_daprd
from tests.e2e.recorded import APP_ID, FILE, OBJECT, YEARS, stores, turned
from tests.e2e.sidecars import Answer, Sidecar, component, sidecar
from tests.servers.running import redis_server


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "orders.db"


@dataclass(frozen=True, slots=True)
class Row:
    """A value as it is kept."""

    value: str
    binary: int
    etag: str = field(compare=False)


def rows(database: Path, store: str) -> dict[str, Row]:
    """Return what is kept by key."""
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute(f"SELECT key, value, is_binary, etag FROM {store}").fetchall()
    return {key.removeprefix(f"{APP_ID}||"): Row(*kept) for key, *kept in found}


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
    recorded = rows(database, "plain")

    async with sidecar(resources, app_id=APP_ID) as running:
        found = {key: await get(running, "plain", key) for key in ("text", "object", "again", "lasting")}
        assert {key: answer.json() for key, answer in found.items()} == {
            "text": "hello",
            "object": OBJECT,
            "again": 2,
            "lasting": "x",
        }
        assert {key: answer.headers["Etag"] for key, answer in found.items()} == {
            key: row.etag for key, row in recorded.items()
        }
        assert expiry(found["lasting"]) in FILE.read_text().replace(" ", "T")

        assert (await get(running, "secret", "text")).body == b"hello"
        assert (await get(running, "retired", "before")).body == b"old"
        await save(running, "retired", {"key": "before", "value": "new"})
        assert (await get(running, "retired", "before")).body == b"new"
        for key, answer in found.items():
            item = {"key": key, "value": answer.json(), "etag": answer.headers["Etag"]}
            await save(running, "plain", item)

    now = rows(database, "plain")
    assert now == recorded
    assert all(row.etag != recorded[key].etag for key, row in now.items())


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


@needs_daprd
async def test_keys_are_the_same_under_every_strategy(resources: Path, tmp_path: Path) -> None:
    strategies = (None, "", "appid", "name", "namespace", "none", "Shared")
    environment = {"NAMESPACE": "shop"}
    found = []
    for start in (daprd, sidecar):
        database = tmp_path / f"{start.__name__}.db"
        for number, strategy in enumerate(strategies):
            name = f"Store{number}"
            component(
                resources,
                name,
                "state.sqlite",
                connectionString=str(database),
                tableName=name,
                metadataTableName=f"{name}_metadata",
                **({} if strategy is None else {"keyPrefix": strategy}),
            )
        async with start(resources, app_id=APP_ID, environment=environment) as running:
            for number in range(len(strategies)):
                await save(running, f"Store{number}", {"key": "k", "value": 1})
        with closing(sqlite3.connect(database)) as connection:
            found.append(
                [
                    connection.execute(f"SELECT key FROM Store{number}").fetchall()
                    for number in range(len(strategies))
                ]
            )

    theirs, ours = found
    assert ours == theirs


@needs_daprd
async def test_redis_is_shared_with_a_daprd(resources: Path) -> None:
    with redis_server() as port:
        component(resources, "plain", "state.redis", redisHost=f"127.0.0.1:{port}", redisPassword="")
        async with daprd(resources, APP_ID) as theirs, sidecar(resources, app_id=APP_ID) as ours:
            for writer, reader in ((ours, theirs), (theirs, ours)):
                await save(
                    writer,
                    "plain",
                    {"key": "object", "value": OBJECT},
                    {"key": "lasting", "value": "x", "metadata": {"ttlInSeconds": "100"}},
                )
                written, found = [await get(each, "plain", "object") for each in (writer, reader)]
                assert (found.body, found.headers["Etag"]) == (written.body, written.headers["Etag"])
                item = {"key": "object", "value": 2, "etag": written.headers["Etag"]}
                await save(reader, "plain", item)
                body = json.dumps([item]).encode()
                assert (await writer.call("POST", "/v1.0/state/plain", body)).status == 409
                assert (await get(reader, "plain", "lasting")).json() == "x"
                assert (await writer.call("DELETE", "/v1.0/state/plain/object")).status == 204
