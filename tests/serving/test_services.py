from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import grpc
import pytest
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (  # type: ignore[import-untyped]
    ProtoReflectionDescriptorDatabase,  # a real client; ships no types
)

from pluggable import Component, Delivery, InputBinding, Metadata, OutputBinding, StateStore, transport
from pluggable._proto.dapr.proto.components.v1 import bindings_pb2, common_pb2, state_pb2
from pluggable._proto.grpc.health.v1 import health_pb2
from pluggable._proto.grpc.reflection.v1 import reflection_pb2
from pluggable._wire import names
from pluggable.bindings import Event, InvokeRequest, InvokeResponse
from pluggable.errors import UnavailableError
from pluggable.serving.endpoint import Endpoint
from pluggable.serving.services import Services, made_by, services_of
from pluggable.sockets import SocketError
from pluggable.state import DeleteRequest, ETagged, GetRequest, GetResponse, SetRequest, Transactional
from pluggable.transport import Code, StatusError
from tests.serving.conftest import Opener


class Store(StateStore, ETagged):
    """The least a store has."""

    def __init__(self, well: bool = True) -> None:
        self.well = well

    async def get(self, request: GetRequest) -> GetResponse | None:
        return GetResponse(data=b"v") if request.key == "k" else None

    async def set(self, request: SetRequest) -> None: ...

    async def delete(self, request: DeleteRequest) -> None: ...

    async def ping(self) -> None:
        if not self.well:
            raise UnavailableError("the backend is away")


class Ledger(Store, Transactional):
    """A store that can do more."""

    async def transact(
        self, operations: Sequence[SetRequest | DeleteRequest], metadata: Mapping[str, str] = {}
    ) -> None: ...

    async def transaction_limit(self) -> int | None:
        return 7


class Both(InputBinding, OutputBinding):
    """One component that is both bindings."""

    operations = ("create",)

    def __init__(self, made: list[Both]) -> None:
        made.append(self)

    async def init(self, metadata: Metadata) -> None:
        self.name = metadata.name

    async def read(self, deliver: Delivery[Event]) -> None:
        await deliver(Event(data=b"e"))
        await asyncio.Event().wait()

    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        return InvokeResponse(data=f"{request.operation} {self.name}".encode())


def test_services_follow_from_base_classes() -> None:
    assert services_of(Services("mine", Store).handlers) == [names.STATE_STORE]
    assert services_of(Services("mine", Ledger).handlers) == [
        names.STATE_STORE,
        names.TRANSACTIONAL_STATE_STORE,
        names.MULTI_MAX_SIZE,
    ]
    assert Services("mine", [Store, partial(Both, [])]).types == ["state.mine", "bindings.mine"]


def test_two_of_a_block_are_refused() -> None:
    with pytest.raises(SocketError, match=r"state\.mine is offered twice"):
        Services("mine", [Store, Ledger])


def test_class_without_block_is_refused() -> None:
    with pytest.raises(TypeError, match="Component serves nothing: it derives from none of StateStore"):
        Services("mine", Component)


def test_factory_tells_its_class() -> None:
    assert made_by(Store) is made_by(partial(Store, well=False)) is made_by(lambda: Store()) is Store


async def test_features_follow_from_base_classes(opened: Opener) -> None:
    caller = await opened(Ledger)
    await caller.init()
    answer = await caller.call(
        names.STATE_STORE, "Features", common_pb2.FeaturesRequest(), common_pb2.FeaturesResponse
    )
    limit = await caller.call(
        names.MULTI_MAX_SIZE, "MultiMaxSize", state_pb2.MultiMaxSizeRequest(), state_pb2.MultiMaxSizeResponse
    )

    assert list(answer.features) == ["ETAG", "TRANSACTIONAL"]
    assert limit.max_size == 7


async def test_bulk_get_answers_each_key(opened: Opener) -> None:
    caller = await opened(Store)
    await caller.init()
    request = state_pb2.BulkGetRequest(items=[state_pb2.GetRequest(key="k"), state_pb2.GetRequest(key="x")])
    answer = await caller.call(names.STATE_STORE, "BulkGet", request, state_pb2.BulkGetResponse)

    assert [(item.key, item.data) for item in answer.items] == [("k", b"v"), ("x", b"")]


async def test_two_inits_make_two_bindings(opened: Opener) -> None:
    made: list[Both] = []
    caller = await opened(partial(Both, made))
    await caller.init(names.INPUT_BINDING)
    await caller.init(names.OUTPUT_BINDING)
    answer = await caller.call(
        names.OUTPUT_BINDING,
        "Invoke",
        bindings_pb2.InvokeRequest(operation="create"),
        bindings_pb2.InvokeResponse,
    )

    assert len(made) == 2
    assert answer.data == b"create orders"


async def test_read_begins_without_a_word(opened: Opener) -> None:
    caller = await opened(partial(Both, []))
    await caller.init(names.INPUT_BINDING)
    async with caller.channel.stream(
        names.path(names.INPUT_BINDING, "Read"), metadata=caller.metadata
    ) as stream:
        data = await stream.receive()

    assert bindings_pb2.ReadResponse.FromString(data or b"").data == b"e"


async def test_ping_asks_the_component(opened: Opener) -> None:
    caller = await opened(partial(Store, well=False))
    await caller.init()

    with pytest.raises(StatusError, match="the backend is away"):
        await caller.call(names.STATE_STORE, "Ping", common_pb2.PingRequest(), common_pb2.PingResponse)


async def test_ping_without_instance_needs_no_init(opened: Opener) -> None:
    caller = await opened(Store)
    caller.metadata = []

    await caller.call(names.STATE_STORE, "Ping", common_pb2.PingRequest(), common_pb2.PingResponse)


async def test_health_asks_the_components(opened: Opener) -> None:
    well = True
    caller = await opened(lambda: Store(well))
    request = health_pb2.HealthCheckRequest(service=names.STATE_STORE)
    found = [await caller.call(names.HEALTH, "Check", request, health_pb2.HealthCheckResponse)]
    await caller.init()
    found.append(await caller.call(names.HEALTH, "Check", request, health_pb2.HealthCheckResponse))
    well = False
    await caller.init()
    found.append(await caller.call(names.HEALTH, "Check", request, health_pb2.HealthCheckResponse))

    serving, not_serving = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
    assert [each.status for each in found] == [serving, serving, not_serving]


async def test_health_of_unknown_service_is_unknown(opened: Opener) -> None:
    caller = await opened(Store)
    request = health_pb2.HealthCheckRequest(service="nobody")

    with pytest.raises(StatusError) as caught:
        await caller.call(names.HEALTH, "Check", request, health_pb2.HealthCheckResponse)
    assert caught.value.code is Code.NOT_FOUND
    async with caller.channel.stream(names.path(names.HEALTH, "Watch")) as stream:
        await stream.send(request.SerializeToString())
        answer = health_pb2.HealthCheckResponse.FromString(await stream.receive() or b"")
    assert answer.status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN


async def test_foreign_client_reads_reflection(socket_folder: Path) -> None:
    path = socket_folder / "mine.sock"

    def ask() -> tuple[list[str], str, list[str]]:
        with grpc.insecure_channel(f"unix:{path}") as channel:
            database = ProtoReflectionDescriptorDatabase(channel)
            file = database.FindFileContainingSymbol(names.STATE_STORE)
            assert database.FindFileByName(file.name).name == file.name
            with pytest.raises(KeyError):
                database.FindFileContainingSymbol("no.such.Thing")
            return list(database.get_services()), file.name, [each.name for each in file.service]

    async with Endpoint("mine", Store, path):
        services, file, its_services = await asyncio.to_thread(ask)

    assert services == [
        names.STATE_STORE,
        names.HEALTH,
        names.REFLECTION_V1,
        names.REFLECTION_V1ALPHA,
    ]
    assert file == "dapr/proto/components/v1/state.proto"
    assert "StateStore" in its_services


async def test_reflection_v1_answers_too(socket_folder: Path) -> None:
    path = socket_folder / "mine.sock"
    asked = (
        reflection_pb2.ServerReflectionRequest(list_services="*"),
        reflection_pb2.ServerReflectionRequest(all_extension_numbers_of_type="google.rpc.Status"),
        reflection_pb2.ServerReflectionRequest(),
    )
    answers = []
    async with (
        Endpoint("mine", Store, path),
        transport.channel(f"unix:{path}") as channel,
        channel.stream(names.path(names.REFLECTION_V1, "ServerReflectionInfo")) as stream,
    ):
        for request in asked:
            await stream.send(request.SerializeToString())
            data = await stream.receive()
            answers.append(reflection_pb2.ServerReflectionResponse.FromString(data or b""))

    assert names.STATE_STORE in [each.name for each in answers[0].list_services_response.service]
    assert answers[1].all_extension_numbers_response.base_type_name == "google.rpc.Status"
    assert answers[2].error_response.error_code == Code.INVALID_ARGUMENT
