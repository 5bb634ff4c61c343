"""
A process that writes until it is killed and says what was acknowledged: ``writing.py DATABASE``.

Each of its writers sets a value, then two in a transaction, then tries what must fail.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import sys

from pluggable import ETagMismatchError, Metadata
from pluggable.state import SetRequest
from pluggable_servers.sqlite.state import SQLiteStateStore

WRITERS = 64


async def main(path: str) -> None:
    store = SQLiteStateStore()
    await store.init(Metadata({"connectionString": path}, "orders"))

    async def write(writer: int) -> None:
        for number in itertools.count():
            name, value = f"{writer}-{number}", str(number).encode()
            await store.set(SetRequest(key=name, value=value))
            os.write(1, f"{name}\n".encode())
            both = [SetRequest(key=f"{half}-{name}", value=value) for half in ("left", "right")]
            await store.transact(both)
            os.write(1, f"left-{name}\nright-{name}\n".encode())
            with contextlib.suppress(ETagMismatchError):
                await store.set(SetRequest(key=f"never-{name}", value=value, etag="stale"))

    await asyncio.gather(*(write(writer) for writer in range(WRITERS)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
