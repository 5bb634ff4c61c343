"""gRPC callers and gRPC applications: the old method, what passes through, and the mix with HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from pluggable._proto.dapr.proto.common.v1 import common_pb2 as common
from pluggable._proto.dapr.proto.runtime.v1 import invoke_pb2 as pb
from pluggable._proto.google.rpc import error_details_pb2, status_pb2
from pluggable.transport import Code, Handlers, ServerCall, ServerStream, StatusError, Stream, Unary, server
from tests.runtime.invocation.conftest import Told
from tests.runtime.invocation.sides import Side, Sides, ask

INVOKE = "/dapr.proto.runtime.v1.Dapr/InvokeService"
WHO = pytest.mark.parametrize("caller", ["itself", "another"])
Metadata = tuple[tuple[str, str | bytes], ...]


@dataclass(slots=True)
class GRPCApp:
    """An application over gRPC, with ``OnInvoke`` and a service of its own."""

    calls: list[tuple[common.InvokeRequest, Mapping[str, str | bytes]]] = field(default_factory=list)
    pairs: list[tuple[tuple[str, str | bytes], ...]] = field(default_factory=list)
    left: list[float | None] = field(default_factory=list)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)

    async def on_invoke(self, data: bytes, call: ServerCall) -> bytes:
        request = common.InvokeRequest.FromString(data)
        self.calls.append((request, call.metadata))
        if request.method == "fail":
            details = status_pb2.Status(code=9, message="not now")
            details.details.add(type_url="type.googleapis.com/x.Y", value=b"z")
            raise StatusError(Code.FAILED_PRECONDITION, "not now", details.SerializeToString())
        await call.send_headers([("x-own", "header")])
        call.set_trailers([("x-after", "trailer")])
        answer = common.InvokeResponse(content_type="text/odd")
        answer.data.value = request.data.value + b"!"
        answer.data.type_url = request.data.type_url
        return answer.SerializeToString()

    async def chat(self, stream: ServerStream) -> None:
        self.pairs.append(tuple(stream.pairs))
        self.left.append(stream.seconds_left())
        await stream.send_headers([("x-first", "1"), ("x-bin", b"\0\xff")])
        try:
            while (message := await stream.receive()) is not None:
                if message == b"fail":
                    raise StatusError(Code.ABORTED, "as asked")
                await stream.send(message.upper())
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        stream.set_trailers([("x-last", "2")])

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[int]:
        handlers: Handlers = {
            "/dapr.proto.runtime.v1.AppCallback/OnInvoke": Unary(self.on_invoke),
            "/my.Service/Chat": Stream(self.chat),
        }
        async with server(handlers) as serving:
            address = await serving.listen("127.0.0.1:0")
            await serving.start()
            yield int(address.rpartition(":")[2])


@pytest.fixture
def app() -> GRPCApp:
    return GRPCApp()


@asynccontextmanager
async def calling(
    sides: Sides, app: GRPCApp, caller: str, **settings: str | bool
) -> AsyncIterator[tuple[Side, Side]]:
    async with app.serving() as port:
        callee = await sides.open("callee", app_port=port, app_protocol="grpc", **settings)
        yield callee if caller == "itself" else await sides.open("caller"), callee


async def invoke(
    side: Side, method: str, data: bytes = b"", metadata: Metadata = (), type_url: str = "", verb: int = 0
) -> tuple[common.InvokeResponse | StatusError, dict[str, str | bytes], dict[str, str | bytes]]:
    message = common.InvokeRequest(method=method)
    message.data.value, message.data.type_url = data, type_url
    if verb:
        message.http_extension.verb = verb  # type: ignore[assignment]  # a number
    request = pb.InvokeServiceRequest(id="callee", message=message)
    async with side.grpc.stream(INVOKE, metadata=metadata, timeout=10) as stream:
        await stream.send(request.SerializeToString())
        await stream.half_close()
        answer: common.InvokeResponse | StatusError
        try:
            answer = common.InvokeResponse.FromString(await stream.receive() or b"")
            await stream.receive()
        except StatusError as error:
            answer = error
        return answer, dict(await stream.headers()), dict(await stream.trailers())


@WHO
async def test_data_type_and_metadata_pass_both_ways(sides: Sides, app: GRPCApp, caller: str) -> None:
    async with calling(sides, app, caller) as (side, _):
        answer, headers, trailers = await invoke(side, "m", b"data", (("x-mine", "1"),), "pfm")

    assert isinstance(answer, common.InvokeResponse)
    assert (answer.data.value, answer.data.type_url, answer.content_type) == (b"data!", "pfm", "text/odd")
    assert (headers["x-own"], trailers["x-after"]) == ("header", "trailer")
    metadata = app.calls[0][1]
    assert (metadata["x-mine"], metadata["dapr-callee-app-id"]) == ("1", "callee")
    assert metadata["dapr-caller-app-id"] == side.config.app_id


@WHO
async def test_status_of_the_application_is_its_callers(sides: Sides, app: GRPCApp, caller: str) -> None:
    async with calling(sides, app, caller) as (side, _):
        answer, _, _ = await invoke(side, "fail")

    assert isinstance(answer, StatusError)
    assert (answer.code, answer.message) == (Code.FAILED_PRECONDITION, "not now")
    assert status_pb2.Status.FromString(answer.details).details[0].value == b"z"


@WHO
async def test_percent_signs_stay_as_they_are(sides: Sides, app: GRPCApp, caller: str) -> None:
    async with calling(sides, app, caller) as (side, _):
        await invoke(side, "a%2Fb%zz")
        refused, _, _ = await invoke(side, "a#b")

    assert [request.method for request, _ in app.calls] == ["a%2Fb%zz"]
    assert isinstance(refused, StatusError)
    assert "invalid method" in refused.message


@WHO
async def test_http_caller_reaches_grpc_application(sides: Sides, app: GRPCApp, caller: str) -> None:
    async with calling(sides, app, caller) as (side, _):
        good = await ask(side, "PUT", "/v1.0/invoke/callee/method/m?q=1", data=b"data")
        bad = await ask(side, "GET", "/v1.0/invoke/callee/method/fail")

    request, metadata = app.calls[0]
    assert (good.status, good.body, good.headers["Content-Type"]) == (200, b"data!", "text/odd")
    assert good.headers["x-own"] == "header"
    assert request.http_extension.verb == common.HTTPExtension.PUT
    assert request.http_extension.querystring == "q=1"
    assert "dapr-host" not in metadata
    assert metadata["dapr-accept"] == "*/*"
    assert metadata["grpc-trace-bin"]
    told = json.loads(bad.body)
    assert (bad.status, told["code"], told["message"]) == (400, 9, "not now")


@WHO
async def test_grpc_caller_reaches_http_application(sides: Sides, told: Told, caller: str) -> None:
    callee = await sides.open("callee", app_port=told.port)
    side = callee if caller == "itself" else await sides.open("caller")
    told.headers = {"X-Own": "1"}

    answer, headers, _ = await invoke(side, "a/b", b"hi", verb=common.HTTPExtension.POST)
    told.status = 404
    lost, late, _ = await invoke(side, "a/b", verb=common.HTTPExtension.GET)
    verbless, _, _ = await invoke(side, "a/b")

    assert isinstance(answer, common.InvokeResponse)
    assert json.loads(answer.data.value)["body"] == "hi"
    assert (headers["dapr-http-status"], headers["x-own"]) == ("200", "1")
    assert isinstance(lost, StatusError)
    assert (lost.code, lost.message, late["dapr-http-status"]) == (Code.NOT_FOUND, "Not Found", "404")
    status = status_pb2.Status.FromString(lost.details)
    info = error_details_pb2.ErrorInfo.FromString(status.details[0].value)
    assert info.metadata["http.code"] == "404"
    assert isinstance(verbless, StatusError)
    assert "missing HTTP extension field" in verbless.message


@WHO
async def test_calls_of_unknown_services_pass_through(sides: Sides, app: GRPCApp, caller: str) -> None:
    metadata = (("dapr-app-id", "callee"), ("x-twice", "a"), ("x-twice", "b"), ("x-bin", b"\1\2"))
    async with (
        calling(sides, app, caller, app_api_token="secret") as (side, _),
        side.grpc.stream("/my.Service/Chat", metadata=metadata, timeout=9) as stream,
    ):
        headers = dict(await stream.headers())
        await stream.send(b"one")
        first = await stream.receive()
        await stream.send(b"two" * 100_000)
        second = await stream.receive()
        await stream.half_close()
        last, trailers = await stream.receive(), dict(await stream.trailers())

    assert (headers["x-first"], headers["x-bin"]) == ("1", b"\0\xff")
    assert (first, second, last, trailers["x-last"]) == (b"ONE", b"TWO" * 100_000, None, "2")
    (pairs,) = app.pairs
    assert [value for name, value in pairs if name == "x-twice"] == ["a", "b"]
    told = dict(pairs)
    assert "dapr-app-id" not in told
    assert (told["x-bin"], told["dapr-api-token"]) == (b"\1\2", "secret")
    assert (told["dapr-caller-app-id"], told["dapr-callee-app-id"]) == (side.config.app_id, "callee")
    assert app.left[0] is not None
    assert 0 < app.left[0] <= 9


@WHO
async def test_status_of_what_passes_through_stays(sides: Sides, app: GRPCApp, caller: str) -> None:
    async with calling(sides, app, caller) as (side, _):
        with pytest.raises(StatusError, match="as asked") as caught:
            await side.grpc.unary("/my.Service/Chat", b"fail", metadata=(("dapr-app-id", "callee"),))
        with pytest.raises(StatusError) as unknown:
            await side.grpc.unary("/my.Service/None", b"", metadata=(("dapr-app-id", "callee"),))

    assert caught.value.code is Code.ABORTED
    assert unknown.value.code is Code.UNIMPLEMENTED


@WHO
async def test_caller_that_gives_up_cancels_the_application(sides: Sides, app: GRPCApp, caller: str) -> None:
    async with calling(sides, app, caller) as (side, _):
        stream = side.grpc.stream("/my.Service/Chat", metadata=(("dapr-app-id", "callee"),))
        await stream.send(b"one")
        assert await stream.receive() == b"ONE"

        stream.cancel("enough")
        async with asyncio.timeout(5):
            await app.cancelled.wait()


async def test_on_invoke_itself_can_be_passed_through(sides: Sides, app: GRPCApp) -> None:
    async with calling(sides, app, "another") as (side, _):
        request = common.InvokeRequest(method="m")
        answer = await side.grpc.unary(
            "/dapr.proto.runtime.v1.AppCallback/OnInvoke",
            request.SerializeToString(),
            metadata=(("dapr-app-id", "callee"),),
        )

    assert common.InvokeResponse.FromString(answer).data.value == b"!"


async def test_internal_port_passes_on_to_its_own_application_only(sides: Sides, app: GRPCApp) -> None:
    async with calling(sides, app, "itself") as (_, callee):
        with pytest.raises(StatusError, match="is for other, and this is the sidecar of callee"):
            await callee.internal.unary("/my.Service/Chat", b"", metadata=(("dapr-app-id", "other"),))
        with pytest.raises(StatusError, match="no dapr-app-id in its metadata"):
            await callee.internal.unary("/my.Service/Chat", b"")

    assert not app.pairs


async def test_http_application_takes_no_calls_passed_through(sides: Sides, told: Told) -> None:
    side = await sides.open("callee", app_port=told.port)

    with pytest.raises(StatusError, match="the application speaks HTTP"):
        await side.grpc.unary("/my.Service/Chat", b"", metadata=(("dapr-app-id", "callee"),))


async def test_unhealthy_application_is_not_called(sides: Sides, app: GRPCApp) -> None:
    async with calling(sides, app, "another", enable_app_health_check=True) as (side, _):
        answer, _, _ = await invoke(side, "m")
        with pytest.raises(StatusError, match="app is not in a healthy state"):
            await side.grpc.unary("/my.Service/Chat", b"", metadata=(("dapr-app-id", "callee"),))

    assert isinstance(answer, StatusError)
    assert "app is not in a healthy state" in answer.message


async def test_unknown_application_is_named(sides: Sides) -> None:
    side = await sides.open("caller")

    with pytest.raises(StatusError, match="couldn't find service: nobody") as caught:
        await side.grpc.unary("/my.Service/Chat", b"", metadata=(("dapr-app-id", "nobody"),))

    assert caught.value.code is Code.INTERNAL
