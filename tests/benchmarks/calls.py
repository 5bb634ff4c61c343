"""
What a unary call costs on a unix socket, on either side, by each transport.

``python -m tests.benchmarks.calls [--calls N] [--report FILE]``: a table in µs of CPU a call, and a report in
JSON. CPU time hardly moves with the load of the machine; compare what one run says. Linux only.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from asyncio.subprocess import PIPE
from dataclasses import asdict, dataclass
from pathlib import Path

import uvloop

from pluggable import transport
from pluggable.transport import TRANSPORT_VARIABLE, Unary
from tests.benchmarks.processes import cpu_us
from tests.reporting import circumstances, write

ECHO = "/test.Benchmark/Echo"
METADATA = (("x-component-instance", "orders"), ("x-pluggable-client", "benchmark"))
MESSAGE = b"x" * 77
AT_ONCE = (1, 16, 64)
PAIRS = (("grpcio", "grpcio"), ("ngh2", "ngh2"), ("grpcio", "ngh2"), ("ngh2", "grpcio"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """CPU of one call, in µs."""

    caller: str
    server: str
    at_once: int
    caller_us: float
    server_us: float


async def serve(address: str) -> None:
    """Answer until killed."""

    async def echo(message: bytes, _call: object) -> bytes:
        return message

    async with transport.server({ECHO: Unary(echo)}) as server:
        await server.listen(address)
        await server.start()
        print("serving", flush=True)  # noqa: T201  this is how the benchmark learns of it
        await asyncio.Event().wait()


async def call(address: str, server: int, calls: int) -> None:
    """Call, so many at once, and print the cost of each."""
    async with transport.channel(address) as channel:
        await channel.connect(10)

        async def work(number: int) -> None:
            for _ in range(number):
                assert await channel.unary(ECHO, MESSAGE, metadata=METADATA) == MESSAGE

        for at_once in AT_ONCE:
            await work(100)
            before = cpu_us(os.getpid()), cpu_us(server)
            await asyncio.gather(*(work(calls // at_once) for _ in range(at_once)))
            made = calls // at_once * at_once
            ours, theirs = cpu_us(os.getpid()) - before[0], cpu_us(server) - before[1]
            print(at_once, ours / made, theirs / made, flush=True)  # noqa: T201  as above


async def measure(caller: str, server: str, calls: int) -> list[Cost]:
    """Run a server and a caller, each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        address = f"unix:{folder}/s"
        serving = await _spawn(server, "serve", address)
        try:
            assert serving.stdout is not None
            await serving.stdout.readline()
            calling = await _spawn(caller, "call", address, str(serving.pid), str(calls))
            told, _ = await calling.communicate()
        finally:
            serving.kill()
            await serving.wait()
    costs = []
    for line in told.decode().splitlines():
        at_once, ours, theirs = line.split()
        cost = Cost(
            caller=caller,
            server=server,
            at_once=int(at_once),
            caller_us=round(float(ours), 1),
            server_us=round(float(theirs), 1),
        )
        costs.append(cost)
    return costs


async def _spawn(kind: str, *arguments: str) -> asyncio.subprocess.Process:
    program = (sys.executable, "-m", "tests.benchmarks.calls", *arguments)
    environment = os.environ | {TRANSPORT_VARIABLE: kind}
    return await asyncio.create_subprocess_exec(*program, stdout=PIPE, env=environment)


async def compare(calls: int, report: Path | None) -> None:
    """Measure every pair and show the table."""
    costs = []
    print("caller   server   at once   caller µs   server µs")  # noqa: T201  a benchmark talks to its reader
    for caller, server in PAIRS:
        for cost in await measure(caller, server, calls):
            costs.append(cost)
            print(  # noqa: T201  as above
                f"{caller:8} {server:8} {cost.at_once:7} {cost.caller_us:11.1f} {cost.server_us:11.1f}"
            )
    if report is not None:
        write(report, circumstances("calls") | {"costs": [asdict(cost) for cost in costs]})


def main() -> None:
    """Run as the arguments say: the benchmark, or one of its processes."""
    match sys.argv[1:]:
        case ["serve", address]:
            uvloop.run(serve(address))
        case ["call", address, server, calls]:
            uvloop.run(call(address, int(server), int(calls)))
        case _:
            parser = argparse.ArgumentParser(description=__doc__)
            parser.add_argument("--calls", type=int, default=6400)
            parser.add_argument("--report", type=Path)
            options = parser.parse_args()
            asyncio.run(compare(options.calls, options.report))


if __name__ == "__main__":
    main()
