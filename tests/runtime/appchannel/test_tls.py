from __future__ import annotations

import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
from aiohttp import web
from grpc import aio

from pluggable._proto.dapr.proto.runtime.v1 import appcallback_pb2 as pb
from pluggable.runtime import invocation
from pluggable.runtime.appchannel import AppUnreachableError, Verdict, app_channel
from pluggable.runtime.config import RuntimeConfig
from tests.programs import needed
from tests.runtime.appchannel.apps import message
from tests.runtime.appchannel.grpcapps import CALLBACK, GRPCApp
from tests.web import listening


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate that signs itself, for a name that nobody calls it by, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = [
        *(needed("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
        *("-nodes", "-days", "2", "-subj", "/CN=elsewhere", "-keyout", str(key), "-out", str(cert)),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    return cert, key


@asynccontextmanager
async def https(identity: tuple[Path, Path], seen: list[web.Request]) -> AsyncIterator[int]:
    async def handle(request: web.Request) -> web.Response:
        seen.append(request)
        return web.Response(text='{"status":"DROP"}')

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*identity)
    async with listening(app, tls=context) as port:
        yield port


@asynccontextmanager
async def grpcs(identity: tuple[Path, Path], seen: list[pb.TopicEventRequest]) -> AsyncIterator[int]:
    async def on_topic_event(request: pb.TopicEventRequest, _: object) -> pb.TopicEventResponse:
        seen.append(request)
        return pb.TopicEventResponse(status=pb.TopicEventResponse.DROP)

    method = grpc.unary_unary_rpc_method_handler(
        on_topic_event, pb.TopicEventRequest.FromString, pb.TopicEventResponse.SerializeToString
    )
    cert, key = identity
    server = aio.server()
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(CALLBACK.strip("/"), {"OnTopicEvent": method}),)
    )
    credentials = grpc.ssl_server_credentials([(key.read_bytes(), cert.read_bytes())])
    port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    try:
        yield port
    finally:
        await server.stop(0)


def config(port: int, protocol: str) -> RuntimeConfig:
    return RuntimeConfig(app_id="a", app_port=port, app_protocol=protocol)


async def test_application_by_https_gets_messages(identity: tuple[Path, Path]) -> None:
    seen: list[web.Request] = []
    async with https(identity, seen) as port, app_channel(config(port, "https")) as channel:
        await channel.wait_for_app()
        answers = [await channel.deliver("/r", message()) for _ in range(2)]
        called = await channel.invoke(invocation.Request(method="m", verb="GET"))

    assert [answer.verdict for answer in answers] == [Verdict.DROP] * 2
    assert called.status == 200
    assert [(request.method, request.path) for request in seen] == [("POST", "/r")] * 2 + [("GET", "/m")]


async def test_application_by_grpcs_gets_messages(identity: tuple[Path, Path]) -> None:
    seen: list[pb.TopicEventRequest] = []
    async with grpcs(identity, seen) as port, app_channel(config(port, "grpcs")) as channel:
        await channel.wait_for_app()
        answer = await channel.deliver("/r", message())

    assert answer.verdict is Verdict.DROP
    assert seen[0].path == "/r"


async def test_clear_text_is_not_what_was_asked_for() -> None:
    async with GRPCApp().serving() as port, app_channel(config(port, "https")) as channel:
        with pytest.raises(AppUnreachableError):
            await channel.subscriptions()
