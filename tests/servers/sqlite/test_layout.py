from __future__ import annotations

import base64
import re
import sqlite3
import uuid
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pluggable import InitError
from pluggable.state import DeleteRequest, GetRequest, SetRequest
from pluggable_servers.sqlite.state import SQLiteStateStore
from tests.servers.running import state_store

#: As daprd lays it out: name, type, NOT NULL, default, primary key.
COLUMNS = [
    ("key", "TEXT", 1, None, 1),
    ("value", "TEXT", 1, None, 0),
    ("is_binary", "BOOLEAN", 1, None, 0),
    ("etag", "TEXT", 1, None, 0),
    ("expiration_time", "TIMESTAMP", 0, "NULL", 0),
    ("update_time", "TIMESTAMP", 1, "CURRENT_TIMESTAMP", 0),
]
#: The statements by which a daprd makes its tables.
DAPRS = """
CREATE TABLE metadata (key text NOT NULL PRIMARY KEY, value text NOT NULL);
CREATE TABLE state (
  key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL, is_binary BOOLEAN NOT NULL, etag TEXT NOT NULL,
  expiration_time TIMESTAMP DEFAULT NULL, update_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);
INSERT INTO metadata VALUES ('migrations', '1');
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "orders.db")


def asked(path: str, query: str, *parameters: Any) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(query, parameters).fetchall()


async def test_tables_are_daprs(path: str) -> None:
    async with state_store(SQLiteStateStore, {"connectionString": path}):
        pass

    assert [row[1:] for row in asked(path, "PRAGMA table_info(state)")] == COLUMNS
    assert asked(path, "SELECT * FROM metadata") == [("migrations", "1")]
    assert asked(path, "PRAGMA journal_mode") == [("wal",)]


async def test_bytes_are_written_as_base64(path: str) -> None:
    async with state_store(SQLiteStateStore, {"connectionString": path}) as store:
        await store.set(SetRequest(key="app||k", value=b"\x00\x01"))

    [(key, value, is_binary, etag, expires, updated)] = asked(path, "SELECT * FROM state")
    assert (key, value, is_binary, expires) == ("app||k", base64.b64encode(b"\x00\x01").decode(), 1, None)
    assert uuid.UUID(etag).version == 4
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", updated)


@pytest.mark.parametrize(
    "how",
    [
        {"content_type": "application/json"},
        {"content_type": "application/json; charset=utf-8"},
        {"metadata": {"contentType": "application/json"}},
    ],
)
async def test_json_is_written_as_text(path: str, how: dict[str, Any]) -> None:
    async with state_store(SQLiteStateStore, {"connectionString": path}) as store:
        await store.set(SetRequest(key="k", value=b'{"a":"\xc3\xbc"}', **how))

    assert asked(path, "SELECT value, is_binary FROM state") == [('{"a":"ü"}', 0)]


async def test_expiry_is_written_in_utc(path: str) -> None:
    async with state_store(SQLiteStateStore, {"connectionString": path}) as store:
        await store.set(SetRequest(key="k", value=b"1", metadata={"ttlInSeconds": "100"}))

    [(expires, seconds)] = asked(
        path, "SELECT expiration_time, (julianday(expiration_time) - julianday('now')) * 86400 FROM state"
    )
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}", expires)
    assert 90 < seconds <= 100


async def test_rows_of_a_daprd_are_read(path: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(DAPRS)
        connection.executemany(
            "INSERT INTO state (key, value, is_binary, etag, expiration_time) VALUES (?, ?, ?, ?, ?)",
            [
                ("json", '{"a":1}', 0, "e1", None),
                ("bytes", "AAE=", 1, "e2", "2099-01-31 10:00:00"),
                ("gone", "1", 0, "e3", "2020-01-31 10:00:00"),
            ],
        )
        connection.commit()

    async with state_store(SQLiteStateStore, {"connectionString": path}) as store:
        json, binary, gone = [await store.get(GetRequest(key=key)) for key in ("json", "bytes", "gone")]
        await store.delete(DeleteRequest(key="json", etag="e1"))

    assert json is not None
    assert (json.data, json.etag, dict(json.metadata)) == (b'{"a":1}', "e1", {})
    assert binary is not None
    assert (binary.data, dict(binary.metadata)) == (b"\x00\x01", {"ttlExpireTime": "2099-01-31T10:00:00Z"})
    assert gone is None
    assert asked(path, "SELECT key FROM state ORDER BY key") == [("bytes",), ("gone",)]


async def test_tables_have_the_names_given(path: str) -> None:
    names = {"connectionString": path, "tableName": "order", "metadataTableName": "about"}
    async with state_store(SQLiteStateStore, names) as store:
        await store.set(SetRequest(key="k", value=b"1"))

    assert asked(path, 'SELECT key FROM "order"') == [("k",)]
    assert asked(path, "SELECT * FROM about") == [("migrations", "1")]


async def test_another_table_name_gets_its_table(path: str) -> None:
    async with state_store(SQLiteStateStore, {"connectionString": path}):
        pass
    async with state_store(SQLiteStateStore, {"connectionString": path, "tableName": "bills"}) as store:
        await store.set(SetRequest(key="k", value=b"1"))

    assert asked(path, "SELECT key FROM bills") == [("k",)]


async def test_a_table_of_another_shape_is_refused(path: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE state (id INTEGER)")

    with pytest.raises(InitError, match=r'state\.sqlite "orders": .*no such column'):
        async with state_store(SQLiteStateStore, {"connectionString": path}):
            pass


async def test_a_later_level_is_read_as_it_is(path: str, caplog: pytest.LogCaptureFixture) -> None:
    async with state_store(SQLiteStateStore, {"connectionString": path}):
        pass
    asked(path, "UPDATE metadata SET value = '7'")

    async with state_store(SQLiteStateStore, {"connectionString": path}):
        pass

    assert "at level 7, later than 1" in caplog.text


async def test_damaged_base64_fails_its_key_alone(path: str) -> None:
    async with state_store(SQLiteStateStore, {"connectionString": path}) as store:
        await store.set(SetRequest(key="good", value=b"1"))
        asked(path, "INSERT INTO state (key, value, is_binary, etag) VALUES ('bad', '!', 1, 'e')")
        good, bad = await store.bulk_get([GetRequest(key="good"), GetRequest(key="bad")])

    assert good.value is not None
    assert bad.error == 'the row "bad" has is_binary 1, but its value is not base64'
