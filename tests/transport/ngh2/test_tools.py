"""nghttp and h2load, libnghttp2's own clients in C, call a server."""

from __future__ import annotations

import asyncio
import re
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pluggable.transport import Limits, Unary
from pluggable.transport.ngh2 import Ngh2Server
from pluggable.transport.ngh2.messages import prefix
from tests.programs import needed
from tests.transport.contract.bench import echo

METHOD = "/test.Tools/Echo"
SECONDS = 60


@pytest.fixture
async def served(socket_folder: Path) -> AsyncIterator[tuple[Ngh2Server, str]]:
    async with Ngh2Server({METHOD: Unary(echo)}, unknown=None, limits=Limits()) as server:
        await server.listen(f"unix:{socket_folder}/s")
        address = await server.listen("127.0.0.1:0")
        await server.start()
        yield server, f"http://{address}{METHOD}"


async def said(folder: Path, program: str, *arguments: str, message: bytes) -> str:
    """Return what a program says that sends a message of gRPC's."""
    sent = folder / "message"
    sent.write_bytes(prefix(message) + message)
    fields = ("-H", "content-type: application/grpc", "-H", "te: trailers")
    command = (needed(program), "-d", str(sent), *fields, *arguments)
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
    async with asyncio.timeout(SECONDS):
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode("utf-8", "replace")


async def test_nghttp_is_answered(tmp_path: Path, served: tuple[Ngh2Server, str]) -> None:
    _, url = served
    shown = await said(tmp_path, "nghttp", "-v", "--no-dep", url, message=b"hello, nghttp")

    assert "hello, nghttp" in shown
    assert re.search(r"recv .*:status: 200", shown)
    assert re.search(r"recv .*grpc-status: 0", shown)


@pytest.mark.parametrize(
    "options",
    [("-c", "1"), ("-c", "8", "-m", "100"), ("-c", "2", "-m", "20", "-w", "10", "-W", "12")],
    ids=["one by one", "many at once", "through small windows"],
)
@pytest.mark.parametrize("kind", ["unix", "tcp"])
async def test_h2load_is_answered(
    tmp_path: Path, socket_folder: Path, served: tuple[Ngh2Server, str], kind: str, options: tuple[str, ...]
) -> None:
    server, url = served
    base = () if kind == "tcp" else (f"--base-uri=unix:{socket_folder}/s",)
    shown = await said(tmp_path, "h2load", "-n", "500", *options, *base, url, message=b"x" * 5000)

    assert "500 total, 500 started, 500 done, 500 succeeded, 0 failed, 0 errored, 0 timeout" in shown
    assert f"({500 * 5005}) data" in shown
    await server.drain(SECONDS)
    assert server.connections == 0
