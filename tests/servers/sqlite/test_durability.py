from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from pluggable.state import GetRequest
from pluggable_servers.sqlite.state import SQLiteStateStore
from tests.servers.running import state_store
from tests.servers.sqlite import writing

ENOUGH = 4000


async def killed_while_writing(path: str) -> list[str]:
    """Kill a process in the midst of its writes, and return the keys that were acknowledged."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(writing.__file__),
        path,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        acknowledged = [(await process.stdout.readline()).decode().strip() for _ in range(ENOUGH)]
        process.kill()
        rest = (await process.stdout.read()).decode()
        await process.wait()
    return acknowledged + rest[: rest.rfind("\n") + 1].split()


async def test_acknowledged_writes_survive_a_kill(tmp_path: Path) -> None:
    path = str(tmp_path / "orders.db")
    acknowledged = await killed_while_writing(path)

    async with state_store(SQLiteStateStore, {"connectionString": path}) as store:
        items = await store.bulk_get([GetRequest(key=key) for key in acknowledged])

    assert len(acknowledged) >= ENOUGH
    assert [item.key for item in items if item.value is None] == []
    assert all(item.value and item.key.endswith(f"-{item.value.data.decode()}") for item in items)
    with closing(sqlite3.connect(path)) as connection:
        keys = {key for (key,) in connection.execute("SELECT key FROM state")}
    left = {key.removeprefix("left-") for key in keys if key.startswith("left-")}
    right = {key.removeprefix("right-") for key in keys if key.startswith("right-")}
    assert left == right, "a transaction is there in part"
    assert not any(key.startswith("never-") for key in keys)
