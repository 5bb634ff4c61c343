"""
What a request costs in the HTTP front: connection, router and metrics, over a block that answers at once.

``python -m tests.benchmarks.front [--requests N] [--report FILE]``: CPU in µs a request of a process that
serves nothing else, with 64 connections that each wait for their answer. "nothing" is what the loop and its
sockets cost alone; compare what one run says. Linux only.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from asyncio.subprocess import PIPE
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import uvloop

from pluggable.runtime import blocks
from pluggable.runtime.api import http
from pluggable.runtime.config import RuntimeConfig
from pluggable.runtime.telemetry import Telemetry
from pluggable.state import GetRequest, GetResponse
from tests.benchmarks.processes import cpu_us
from tests.reporting import circumstances, write
from tests.runtime.blocks.inmemory import Components, PlainStore, loaded

CONNECTIONS = 64
FIELDS = b"Host: 127.0.0.1\r\nUser-Agent: benchmark\r\nAccept: */*\r\nContent-Type: application/json\r\n"
REQUESTS = {
    "nothing": b"GET /v1.0/healthz HTTP/1.1\r\n" + FIELDS + b"\r\n",
    "health": b"GET /v1.0/healthz HTTP/1.1\r\n" + FIELDS + b"\r\n",
    "front alone": b"GET /v1.0/state/none/orders-4711 HTTP/1.1\r\n" + FIELDS + b"\r\n",
    "get state": b"GET /v1.0/state/store/orders-4711 HTTP/1.1\r\n" + FIELDS + b"\r\n",
    "save state": b"POST /v1.0/state/store HTTP/1.1\r\n" + FIELDS + b"Content-Length: 31\r\n\r\n"
    b'[{"key":"k","value":"0123456"}]',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """CPU of one request, in µs."""

    work: str
    server_us: float


class Store(PlainStore):
    """Has one answer and keeps nothing."""

    answer = GetResponse(data=b"x" * 77, etag="1")

    async def get(self, request: GetRequest) -> GetResponse | None:  # noqa: ARG002  one answer for all
        return self.answer

    async def set(self, request: object) -> None:
        pass


async def serve() -> None:
    """Answer until killed."""
    components = Components()
    components.catalog.state = {"store": loaded("store", "state.memory", Store())}
    config, telemetry = RuntimeConfig(app_id="app"), Telemetry("app")
    made = blocks.build(components.catalog, config, configuration=None, subscriptions=list)
    made.health.outbound.open()
    made.health.inbound.open()
    router = http.routes(made, config, telemetry, shutdown=lambda _: None)
    assert isinstance(router, http.Router)
    router.add("GET", "/v1.0/state/none/{key}", static)
    async with http.server(router, config) as server:
        _, port = await server.listen("127.0.0.1", 0)
        nothing = await asyncio.get_running_loop().create_server(Nothing, "127.0.0.1", 0)
        print(port, nothing.sockets[0].getsockname()[1], flush=True)  # noqa: T201  this is how the benchmark learns of it
        await asyncio.Event().wait()


class Nothing(asyncio.Protocol):
    """Answers whatever comes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one by what it can do only

    def data_received(self, data: bytes) -> None:  # noqa: ARG002  it is not read
        self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")


async def static(_request: http.Request, _key: str) -> http.Response:
    """Answer as a block does, without one."""
    return http.Response(200, Store.answer.data, headers=[("Etag", "1")])


class Asking(asyncio.Protocol):
    """Sends a request, again when its answer is there."""

    def __init__(self, request: bytes, number: int) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._request = request
        self._left = number

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one by what it can do only
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        assert data.startswith(b"HTTP/1.1 20"), data
        self._left -= 1
        if self._left:
            self._transport.write(self._request)
        else:
            self._transport.close()
            self.done.set_result(None)


async def ask(port: int, request: bytes, requests: int) -> None:
    """Make so many requests, on all connections together."""
    loop = asyncio.get_running_loop()
    number = requests // CONNECTIONS
    made = [
        await loop.create_connection(lambda: Asking(request, number), "127.0.0.1", port)
        for _ in range(CONNECTIONS)
    ]
    await asyncio.gather(*(asking.done for _, asking in made))


async def measure(requests: int) -> list[Cost]:
    """Measure every kind of request."""
    program = (sys.executable, "-m", "tests.benchmarks.front", "serve")
    serving = await asyncio.create_subprocess_exec(*program, stdout=PIPE)
    costs = []
    try:
        assert serving.stdout is not None
        real, nothing = map(int, (await serving.stdout.readline()).split())
        for work, request in REQUESTS.items():
            port = nothing if work == "nothing" else real
            await ask(port, request, 10 * CONNECTIONS)
            before = cpu_us(serving.pid)
            await ask(port, request, requests)
            made = requests // CONNECTIONS * CONNECTIONS
            costs.append(Cost(work=work, server_us=round((cpu_us(serving.pid) - before) / made, 1)))
    finally:
        serving.kill()
        await serving.wait()
    return costs


def main() -> None:
    """Run as the arguments say: the benchmark, or its server."""
    if sys.argv[1:] == ["serve"]:
        uvloop.run(serve())
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=32_000)
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    costs = uvloop.run(measure(options.requests))
    for cost in costs:
        print(f"{cost.work:12} {cost.server_us:6.1f} µs")  # noqa: T201  a benchmark talks to its reader
    if options.report is not None:
        write(options.report, circumstances("front") | {"costs": [asdict(cost) for cost in costs]})


if __name__ == "__main__":
    main()
