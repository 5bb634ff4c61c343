"""A process that writes until it is killed and says what was acknowledged: ``writing.py DATABASE``."""

from __future__ import annotations

import asyncio
import itertools
import os
import sys

from pluggable import Metadata
from pluggable.state import SetRequest
from pluggable_servers.sqlite.state import SQLiteStateStore


async def main(path: str) -> None:
    store = SQLiteStateStore()
    await store.init(Metadata({"connectionString": path}, "orders"))

    async def write(writer: int) -> None:
        for number in itertools.count():
            await store.set(SetRequest(key=f"{writer}-{number}", value=str(number).encode()))
            os.write(1, f"{writer}-{number}\n".encode())

    await asyncio.gather(*(write(writer) for writer in range(16)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
