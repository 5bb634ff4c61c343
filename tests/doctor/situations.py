"""
Folders as one meets them, good and bad, with what the doctor finds and what a daprd does about each.

``test_situations`` holds the doctor to this table, ``test_daprd`` holds the table to daprd's own code.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pluggable import transport
from pluggable._proto.grpc.reflection.v1 import reflection_pb2 as pb
from pluggable._wire import names
from pluggable.doctor.access import IMAGE_USER, User
from pluggable.sockets import FOLDER_VARIABLES
from pluggable.transport import Code, Handler, ServerCall, ServerStream, StatusError, Stream, Unary

VARIABLE: Final = FOLDER_VARIABLES[0]
STATE: Final = (names.STATE_STORE,)
CALLS: Final = ("Ping", "Init", "Features", "ListOperations")

Make = Callable[[Path], AbstractAsyncContextManager[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A folder, what is found there, and what comes of it; ``good.sock`` is a component in each."""

    make: Make
    check: str
    daprd: str
    """``registers NAME``, ``ignores``, ``hangs``, ``disabled`` and a part of its sentence."""
    user: User | None = None


async def empty(_: bytes, __: ServerCall) -> bytes:
    return b""


@asynccontextmanager
async def reflecting(
    path: Path,
    *versions: str,
    services: Sequence[str] = STATE,
    handlers: dict[str, Handler] | None = None,
    refusal: str = "",
) -> AsyncIterator[Path]:
    """Serve these versions of reflection, services that answer with nothing, and the handlers given."""

    async def handle(stream: ServerStream) -> None:
        while await stream.receive() is not None:
            if refusal:
                raise StatusError(Code.PERMISSION_DENIED, refusal)
            listed = [pb.ServiceResponse(name=name) for name in services]
            answer = pb.ServerReflectionResponse(
                list_services_response=pb.ListServiceResponse(service=listed)
            )
            await stream.send(answer.SerializeToString())

    served: dict[str, Handler] = {
        names.path(each, "ServerReflectionInfo"): Stream(handle) for each in versions
    }
    served |= {names.path(each, method): Unary(empty) for each in services for method in CALLS}
    async with transport.server(served | (handlers or {})) as server:
        await server.listen(f"unix:{path}")
        await server.start()
        os.chmod(path, 0o666)
        yield path


def component(path: Path, *services: str) -> AbstractAsyncContextManager[Path]:
    """Serve a component that a daprd finds."""
    return reflecting(path, names.REFLECTION_V1ALPHA, services=services or STATE)


@asynccontextmanager
async def bound(path: Path, *, listening: bool) -> AsyncIterator[Path]:
    """Bind a socket on which nobody says anything; the folder's path may be too long for one."""
    with socket.socket(socket.AF_UNIX) as mute:
        here = os.open(".", os.O_RDONLY)
        os.chdir(path.parent)  # a path from here is short
        try:
            mute.bind(path.name)
        finally:
            os.chdir(here)
            os.close(here)
        if listening:
            mute.listen()
        os.chmod(path, 0o666)
        yield path


@asynccontextmanager
async def http(path: Path) -> AsyncIterator[Path]:
    """Serve HTTP/1.1, which is not gRPC."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_unix_server(refuse, path):
        os.chmod(path, 0o666)
        yield path


@asynccontextmanager
async def alone(_: Path) -> AsyncIterator[None]:
    yield None


@asynccontextmanager
async def renamed(folder: Path, name: str) -> AsyncIterator[None]:
    async with component(folder / "x.sock") as path:
        os.rename(path, folder / name)
        yield
        os.rename(folder / name, path)


@asynccontextmanager
async def moded(folder: Path, mode: int, *, socket_mode: int = 0o666) -> AsyncIterator[None]:
    async with component(folder / "theirs.sock") as path:
        os.chmod(path, socket_mode)
        os.chmod(folder, mode)
        yield
        os.chmod(folder, 0o755)


@asynccontextmanager
async def with_file(folder: Path) -> AsyncIterator[None]:
    await asyncio.to_thread((folder / "theirs.lock").touch)
    yield


@asynccontextmanager
async def with_link(folder: Path) -> AsyncIterator[None]:
    os.symlink(folder / "good.sock", folder / "theirs.sock")
    yield


@asynccontextmanager
async def with_nested(folder: Path) -> AsyncIterator[None]:
    os.mkdir(folder / "inner")
    async with component(folder / "inner" / "theirs.sock"):
        yield


@asynccontextmanager
async def with_two(folder: Path, one: str, other: str) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(component(folder / one))
        await stack.enter_async_context(component(folder / other))
        yield


_SILENT: Final = "socket-silent"
SITUATIONS: Final = {
    "a component": Situation(make=alone, check="socket", daprd="registers good"),
    "a stale socket": Situation(
        make=lambda f: bound(f / "stale.sock", listening=False), check="socket-stale", daprd="hangs"
    ),
    "a silent socket": Situation(
        make=lambda f: bound(f / "mute.sock", listening=True), check=_SILENT, daprd="hangs"
    ),
    "a server of HTTP/1.1": Situation(
        make=lambda f: http(f / "web.sock"), check="socket-no-grpc", daprd="hangs"
    ),
    "no reflection": Situation(
        make=lambda f: reflecting(f / "x.sock"),
        check="reflection-missing",
        daprd="disabled unable to list services",
    ),
    "reflection v1 alone": Situation(
        make=lambda f: reflecting(f / "x.sock", names.REFLECTION_V1),
        check="reflection-version",
        daprd="disabled unable to list services",
    ),
    "reflection that refuses": Situation(
        make=lambda f: reflecting(f / "x.sock", names.REFLECTION_V1ALPHA, refusal="not for you"),
        check="reflection-refused",
        daprd="disabled unable to list services",
    ),
    "a misspelled service": Situation(
        make=lambda f: component(f / "x.sock", "dapr.proto.components.v1.Statestore"),
        check="services-unknown",
        daprd="ignores",
    ),
    "a service that makes no component": Situation(
        make=lambda f: component(f / "x.sock", names.TRANSACTIONAL_STATE_STORE),
        check="services-unknown",
        daprd="ignores",
    ),
    "a name in two cases": Situation(
        make=lambda f: with_two(f, "Twin.sock", "twin.uds"), check="type-twice", daprd="registers twin"
    ),
    "a name that is an extension": Situation(
        make=lambda f: renamed(f, ".sock"), check="socket-name", daprd="registers "
    ),
    "a question mark": Situation(make=lambda f: renamed(f, "a?b.sock"), check="socket-name", daprd="hangs"),
    "a percent sign": Situation(
        make=lambda f: renamed(f, "a%zz.sock"), check="socket-name", daprd="disabled invalid URL escape"
    ),
    "a line feed": Situation(
        make=lambda f: renamed(f, "a\nb.sock"),
        check="socket-name",
        daprd="disabled invalid control character",
    ),
    "a file": Situation(make=with_file, check="file-no-socket", daprd="ignores"),
    "a link": Situation(make=with_link, check="file-link", daprd="ignores"),
    "a folder with a socket": Situation(make=with_nested, check="folder-nested", daprd="ignores"),
    "a built-in type": Situation(
        make=lambda f: component(f / "redis.sock"), check="type-built-in", daprd="registers redis"
    ),
    "a folder that others cannot read": Situation(
        make=lambda f: moded(f, 0o711),
        check="folder-unreadable",
        daprd="disabled could not list",
        user=IMAGE_USER,
    ),
    "a folder that others cannot search": Situation(
        make=lambda f: moded(f, 0o744),
        check="folder-unreadable",
        daprd="disabled permission denied",
        user=IMAGE_USER,
    ),
    "a socket that others cannot write to": Situation(
        make=lambda f: moded(f, 0o755, socket_mode=0o755),
        check="socket-access",
        daprd="hangs",
        user=IMAGE_USER,
    ),
}
