"""A peer that is stopped, with its connection left open, is noticed; one that waits is not taken for it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
from grpc import aio

from pluggable.transport import Code, Limits
from pluggable.transport.h2 import Bounds
from pluggable.transport.ngh2 import Ngh2Channel
from tests.transport.contract.bench import GUARD_SECONDS, soon, status
from tests.transport.contract.process import ECHO, WAIT, WAIT_STREAM
from tests.transport.contract.test_channel import line, process

#: Whoever is asked here takes questions as they come, as grpcio does with our settings.
HASTY = Bounds(silence_seconds=0.2, answer_seconds=0.3, quiet_seconds=0.2)


@pytest.mark.parametrize("server", ["ngh2", "grpcio"])
@pytest.mark.parametrize("kind", ["unix", "tcp"])
async def test_stopped_peer_is_noticed(socket_folder: Path, kind: str, server: str) -> None:
    free = f"unix:{socket_folder}/s" if kind == "unix" else "127.0.0.1:0"
    async with process(server, free) as (started, address), hasty(address, HASTY) as caller:
        assert await soon(caller.unary(ECHO, b"alive")) == b"alive"
        call = asyncio.create_task(status(caller.unary(WAIT, b"")))
        assert await line(started) == "a call has begun"
        started.send_signal(signal.SIGSTOP)
        error = await soon(call)
        started.send_signal(signal.SIGCONT)
        await caller.connect(GUARD_SECONDS)

        assert error.code is Code.UNAVAILABLE
        assert error.message == f"{address}, called for {WAIT}, was lost: it gave no sign of life for 0.3 s"
        assert await soon(caller.unary(ECHO, b"again")) == b"again"


@pytest.mark.slow
@pytest.mark.parametrize("server", ["ngh2", "grpcio"])
async def test_peer_at_work_is_not_taken_for_dead(socket_folder: Path, server: str) -> None:
    async with process(server, f"unix:{socket_folder}/s") as (_, address), hasty(address, HASTY) as caller:
        async with caller.stream(WAIT_STREAM, timeout=2) as stream:
            error = await status(stream.receive())

        assert error.code is Code.DEADLINE_EXCEEDED
        assert await soon(caller.unary(ECHO, b"still there")) == b"still there"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("quiet_seconds", "code"),
    [(310.0, Code.DEADLINE_EXCEEDED), (0.1, Code.UNAVAILABLE)],
    ids=["ours", "too hasty"],
)
async def test_core_takes_the_questions(socket_folder: Path, quiet_seconds: float, code: Code) -> None:
    bounds = Bounds(silence_seconds=0.1, answer_seconds=0.2, quiet_seconds=quiet_seconds)
    async with (
        core(f"unix:{socket_folder}/s") as address,
        hasty(address, bounds) as caller,
        caller.stream(WAIT_STREAM, timeout=2) as stream,
    ):
        assert (await status(stream.receive())).code is code


def hasty(address: str, bounds: Bounds) -> Ngh2Channel:
    return Ngh2Channel(address, limits=Limits(), bounds=bounds)


@asynccontextmanager
async def core(address: str) -> AsyncIterator[str]:
    """Serve by grpcio as it is without our settings: it counts PINGs, and a component may well be on it."""

    async def wait(_requests: object, _context: object) -> None:
        await asyncio.Event().wait()

    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.stream_stream_rpc_method_handler(wait)
    service, method = WAIT_STREAM[1:].split("/")
    server = aio.server()
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, {method: handler})])
    server.add_insecure_port(address)
    await server.start()
    try:
        yield address
    finally:
        await server.stop(None)
