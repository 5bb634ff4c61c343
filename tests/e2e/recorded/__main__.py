"""
Records what a daprd writes into SQLite: ``DAPRD=/path/to/daprd python -m tests.e2e.recorded VERSION``.

One store keeps values as they are, one encrypts them; the keys are those of ``tests.e2e.recorded``.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from tests.e2e.daprds import daprd
from tests.e2e.recorded import APP_ID, FILE, OBJECT, YEARS, stores
from tests.e2e.sidecars import Sidecar


async def record(folder: Path) -> str:
    """Let a daprd write, and return the statements that write the same."""
    database = folder / "orders.db"
    resources = folder / "resources"
    resources.mkdir()
    stores(resources, database)
    async with daprd(resources, APP_ID) as running:
        items: list[dict[str, object]] = [
            {"key": "text", "value": "hello"},
            {"key": "object", "value": OBJECT},
            {"key": "lasting", "value": "x", "metadata": {"ttlInSeconds": str(YEARS)}},
        ]
        await save(running, "plain", items)
        await save(running, "plain", [{"key": "again", "value": 1}])
        await save(running, "plain", [{"key": "again", "value": 2}])
        await save(running, "secret", [items[0], items[2]])
        await save(running, "retired", [{"key": "before", "value": "old"}])
    with closing(sqlite3.connect(database)) as connection:
        return "\n".join(connection.iterdump()) + "\n"


async def save(running: Sidecar, store: str, items: list[dict[str, object]]) -> None:
    answer = await running.call("POST", f"/v1.0/state/{store}", json.dumps(items).encode())
    assert answer.status == 204, answer.body


def main() -> None:
    """Write the file, and into it by whom and how it was written."""
    with tempfile.TemporaryDirectory() as folder:
        statements = asyncio.run(record(Path(folder)))
    head = f"-- Written by daprd {sys.argv[1]}, over its HTTP API: python -m tests.e2e.recorded\n"
    FILE.write_text(head + statements)


if __name__ == "__main__":
    main()
