"""Asking a socket what it serves."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pluggable import transport
from pluggable._proto.grpc.reflection.v1alpha import reflection_pb2 as pb
from pluggable._wire import names
from pluggable.errors import RemoteError, TimedOutError, UnavailableError, UnsupportedError
from pluggable.remote import list_services
from pluggable.transport import ServerStream, Stream

SERVED = frozenset({names.STATE_STORE, names.PUBSUB, names.REFLECTION_V1ALPHA})
METHOD = "ServerReflectionInfo"

Answer = Callable[[pb.ServerReflectionRequest], pb.ServerReflectionResponse]


def listing(request: pb.ServerReflectionRequest) -> pb.ServerReflectionResponse:
    assert request.WhichOneof("message_request") == "list_services"
    services = [pb.ServiceResponse(name=name) for name in SERVED]
    return pb.ServerReflectionResponse(list_services_response=pb.ListServiceResponse(service=services))


@asynccontextmanager
async def reflecting(path: Path, *services: str, answer: Answer = listing) -> AsyncIterator[str]:
    """Serve these versions of reflection at a path."""

    async def handle(stream: ServerStream) -> None:
        while (data := await stream.receive()) is not None:
            response = answer(pb.ServerReflectionRequest.FromString(data))
            await stream.send(response.SerializeToString())

    handlers = {names.path(service, METHOD): Stream(handle) for service in services}
    async with transport.server(handlers) as server:
        await server.listen(f"unix:{path}")
        await server.start()
        yield f"unix:{path}"


@pytest.mark.parametrize("service", [names.REFLECTION_V1, names.REFLECTION_V1ALPHA])
async def test_either_version_will_do(socket_folder: Path, service: str) -> None:
    async with reflecting(socket_folder / "s", service) as address:
        assert await list_services(address, timeout=5) == SERVED


async def test_no_reflection_is_unsupported(socket_folder: Path) -> None:
    async with reflecting(socket_folder / "s") as address:
        with pytest.raises(UnsupportedError, match=r"/s cannot be asked .*v1alpha\.ServerReflection"):
            await list_services(address, timeout=5)


async def test_refusal_is_told(socket_folder: Path) -> None:
    def refuse(_: pb.ServerReflectionRequest) -> pb.ServerReflectionResponse:
        return pb.ServerReflectionResponse(error_response=pb.ErrorResponse(error_code=13, error_message="no"))

    async with reflecting(socket_folder / "s", names.REFLECTION_V1, answer=refuse) as address:
        with pytest.raises(RemoteError, match=r"/s did not list its services: .*: no$"):
            await list_services(address, timeout=5)


async def test_nobody_there_is_unavailable(socket_folder: Path) -> None:
    with pytest.raises(UnavailableError, match=r"/s did not list its services"):
        await list_services(f"unix:{socket_folder}/s", timeout=5)


async def test_mute_socket_times_out(socket_folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(socket_folder / "s"))
        mute.listen()  # connections wait to be accepted, for ever

        with pytest.raises(TimedOutError, match=r"/s did not list its services within 0\.2 s"):
            await list_services(f"unix:{socket_folder}/s", timeout=0.2)
