"""A server in a process of its own, for tests that kill it: ``python -m … TRANSPORT ADDRESS``."""

from __future__ import annotations

import asyncio
import sys

from pluggable.transport import Handlers, Limits, Stream, Unary
from tests.transport.contract.bench import TRANSPORTS, Waiting, echo

ECHO, WAIT, WAIT_STREAM = "/test.Process/Echo", "/test.Process/Wait", "/test.Process/WaitStream"


async def main(transport: str, address: str) -> None:
    waiting = Waiting()
    handlers: Handlers = {ECHO: Unary(echo), WAIT: Unary(waiting.unary), WAIT_STREAM: Stream(waiting.stream)}
    async with TRANSPORTS[transport].server(handlers, unknown=None, limits=Limits()) as server:
        bound = await server.listen(address)
        await server.start()
        print(bound, flush=True)  # noqa: T201  this is how the test learns of it
        await waiting.begun.wait()
        print("a call has begun", flush=True)  # noqa: T201  as above
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
