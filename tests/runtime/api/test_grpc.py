from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import TypeVar

import pytest
from google.protobuf.message import Message

from pluggable import state, transport
from pluggable._proto.dapr.proto.common.v1 import common_pb2 as common
from pluggable._proto.dapr.proto.runtime.v1 import (
    binding_pb2,
    dapr_pb2,
    metadata_pb2,
    pubsub_pb2,
    secret_pb2,
    state_pb2,
)
from pluggable.runtime.api.trace import of_call
from pluggable.runtime.config import RuntimeConfig
from pluggable.runtime.resources import Subscription
from pluggable.transport import Channel, Code, Pairs, StatusError
from tests.runtime.api.conftest import Sidecar, Sidecars

M = TypeVar("M", bound=Message)
PREFIX = "/dapr.proto.runtime.v1.Dapr/"
STRONG = common.StateOptions.CONSISTENCY_STRONG
EVENTUAL = common.StateOptions.CONSISTENCY_EVENTUAL
FIRST_WRITE = common.StateOptions.CONCURRENCY_FIRST_WRITE


@pytest.fixture
async def channel(sidecar: Sidecar) -> AsyncIterator[Channel]:
    async with transport.channel(f"127.0.0.1:{sidecar.grpc_port}") as channel:
        yield channel


async def call(channel: Channel, method: str, request: Message, response: type[M], metadata: Pairs = ()) -> M:
    answer = await channel.unary(PREFIX + method, request.SerializeToString(), metadata=metadata, timeout=5)
    return response.FromString(answer)


async def done(channel: Channel, method: str, request: Message, metadata: Pairs = ()) -> None:
    data = await channel.unary(PREFIX + method, request.SerializeToString(), metadata=metadata, timeout=5)
    assert data == b""


def item(key: str, value: bytes = b"", *, etag: str | None = None, **metadata: str) -> common.StateItem:
    sent = None if etag is None else common.Etag(value=etag)
    return common.StateItem(key=key, value=value, etag=sent, metadata=metadata)


async def test_bytes_are_stored_as_they_are(sidecar: Sidecar, channel: Channel) -> None:
    items = [item("a", b"\xff", ttlInSeconds="5"), item("b", b'{ "x": "<" }', contentType="application/json")]
    await done(channel, "SaveState", state_pb2.SaveStateRequest(store_name="store", states=items))

    values = sidecar.components.store.values
    assert {key: value.data for key, value in values.items()} == {
        "app||a": b"\xff",
        "app||b": b'{"x":"\\u003c"}',
    }
    request = state_pb2.GetStateRequest(store_name="store", key="a", metadata={"x": "y"}, consistency=STRONG)
    found = await call(channel, "GetState", request, state_pb2.GetStateResponse)
    assert (found.data, found.etag, dict(found.metadata)) == (
        b"\xff",
        "1",
        {"ttlExpireTime": "2030-01-01T00:00:00Z"},
    )
    assert sidecar.components.store.gets == [
        state.GetRequest(key="app||a", consistency=state.Consistency.STRONG, metadata={"x": "y"})
    ]


async def test_options_and_etags_arrive(sidecar: Sidecar, channel: Channel) -> None:
    options = common.StateOptions(concurrency=FIRST_WRITE, consistency=EVENTUAL)
    sent = common.StateItem(key="a", value=b"1", etag=common.Etag(value=""), options=options)
    await done(channel, "SaveState", state_pb2.SaveStateRequest(store_name="store", states=[sent]))
    await done(
        channel,
        "DeleteState",
        state_pb2.DeleteStateRequest(
            store_name="store", key="a", etag=common.Etag(value="1"), options=options
        ),
    )

    store = sidecar.components.store
    first_write, eventual = state.Concurrency.FIRST_WRITE, state.Consistency.EVENTUAL
    assert store.sets == [
        state.SetRequest(key="app||a", value=b"1", concurrency=first_write, consistency=eventual)
    ]
    assert store.deletes == [
        state.DeleteRequest(key="app||a", etag="1", concurrency=first_write, consistency=eventual)
    ]


async def test_missing_value_is_an_empty_answer(channel: Channel) -> None:
    request = state_pb2.GetStateRequest(store_name="store", key="k")

    assert (
        await call(channel, "GetState", request, state_pb2.GetStateResponse) == state_pb2.GetStateResponse()
    )


async def test_bulk_get_answers_each_key(channel: Channel) -> None:
    saved = state_pb2.SaveStateRequest(store_name="store", states=[item("a", b"1")])
    await done(channel, "SaveState", saved)
    request = state_pb2.GetBulkStateRequest(store_name="store", keys=["no", "a"], parallelism=1)

    found = await call(channel, "GetBulkState", request, state_pb2.GetBulkStateResponse)

    assert list(found.items) == [
        state_pb2.BulkStateItem(key="no"),
        state_pb2.BulkStateItem(key="a", data=b"1", etag="1"),
    ]


async def test_bulk_delete_removes_each_key(sidecar: Sidecar, channel: Channel) -> None:
    items = [item("a", b"1"), item("b", b"2"), item("c", b"3")]
    await done(channel, "SaveState", state_pb2.SaveStateRequest(store_name="store", states=items))

    for states in ([item("a"), item("b")], [item("c", etag="3")], []):
        request = state_pb2.DeleteBulkStateRequest(store_name="store", states=states)
        await done(channel, "DeleteBulkState", request)

    assert sidecar.components.store.values == {}


async def test_transaction_is_applied(sidecar: Sidecar, channel: Channel) -> None:
    await done(
        channel, "SaveState", state_pb2.SaveStateRequest(store_name="store", states=[item("old", b"1")])
    )
    operations = [
        state_pb2.TransactionalStateOperation(
            operationType="upsert", request=item("new", b"{ }", contentType="application/json")
        ),
        state_pb2.TransactionalStateOperation(operationType="delete", request=item("old", etag="1")),
    ]
    request = state_pb2.ExecuteStateTransactionRequest(
        storeName="store", operations=operations, metadata={"p": "q"}
    )
    await done(channel, "ExecuteStateTransaction", request)

    store = sidecar.components.store
    assert {key: value.data for key, value in store.values.items()} == {"app||new": b"{ }"}
    assert store.metadata == {"p": "q"}


async def test_query_answers_rows(sidecar: Sidecar, channel: Channel) -> None:
    sidecar.components.queryable.values["app||k"] = state.GetResponse(data=b"1", etag="3")
    request = state_pb2.QueryStateRequest(store_name="queryable", query="{}")

    found = await call(channel, "QueryStateAlpha1", request, state_pb2.QueryStateResponse)

    assert found.token == "next"
    assert list(found.results) == [state_pb2.QueryStateItem(key="k", data=b"1", etag="3")]


async def test_published_event_has_its_trace(sidecar: Sidecar, channel: Channel) -> None:
    request = pubsub_pb2.PublishEventRequest(
        pubsub_name="broker", topic="t", data=b'{"a":1}', data_content_type="application/json"
    )
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02"
    await done(channel, "PublishEvent", request, [("traceparent", parent), ("tracestate", "v=1")])

    event = json.loads(sidecar.components.broker.published[0].data)
    assert (event["data"], event["traceparent"], event["tracestate"]) == ({"a": 1}, parent, "v=1")


async def test_raw_message_has_its_trace_beside_it(sidecar: Sidecar, channel: Channel) -> None:
    request = pubsub_pb2.PublishEventRequest(
        pubsub_name="broker", topic="t", data=b"x", metadata={"rawPayload": "true"}
    )
    await done(channel, "PublishEvent", request, [("traceparent", "p")])

    [published] = sidecar.components.broker.published
    assert published.data == b"x"
    assert published.metadata == {"rawPayload": "true", "traceid": "p", "tracestate": ""}


def test_binary_trace_is_understood() -> None:
    trace, span = bytes(range(16)), bytes(range(8))
    binary = b"\0\0" + trace + b"\1" + span + b"\2\1"

    assert of_call({"grpc-trace-bin": binary}).parent == f"00-{trace.hex()}-{span.hex()}-01"
    assert of_call({"grpc-trace-bin": binary[:-1]}).parent.endswith("0000000000000000-00")


@pytest.mark.parametrize("method", ["BulkPublishEvent", "BulkPublishEventAlpha1"])
async def test_failed_entries_are_named(channel: Channel, method: str) -> None:
    entries = [
        pubsub_pb2.BulkPublishRequestEntry(entry_id=name, event=name.encode(), content_type="text/plain")
        for name in ("ok", "poison")
    ]
    request = pubsub_pb2.BulkPublishRequest(
        pubsub_name="bulk", topic="t", entries=entries, metadata={"rawPayload": "true"}
    )

    answer = await call(channel, method, request, pubsub_pb2.BulkPublishResponse)

    assert [(entry.entry_id, entry.error) for entry in answer.failedEntries] == [
        ("poison", "poison is not taken")
    ]


async def test_binding_gets_the_callers_metadata(sidecar: Sidecar, channel: Channel) -> None:
    request = binding_pb2.InvokeBindingRequest(
        name="echo", operation="create", data=b"\xff", metadata={"k": "v", "mine": "kept"}
    )
    caller: Pairs = [("mine", "overruled"), ("x-more", "1"), ("x-bin", b"\0"), ("dapr-api-token", "t")]

    answer = await call(channel, "InvokeBinding", request, binding_pb2.InvokeBindingResponse, caller)

    assert (answer.data, dict(answer.metadata)) == (b"\xff", {"length": "1"})
    [got] = sidecar.components.echo.requests
    assert len(got.metadata["traceparent"]) == 55
    told = {key: value for key, value in got.metadata.items() if key != "traceparent"}
    assert told == {"k": "v", "mine": "kept", "x-more": "1"}


async def test_failed_binding_tells_its_metadata(channel: Channel) -> None:
    request = binding_pb2.InvokeBindingRequest(name="echo", operation="fail")
    async with channel.stream(PREFIX + "InvokeBinding", timeout=5) as stream:
        await stream.send(request.SerializeToString())
        await stream.half_close()
        headers = dict(await stream.headers())
        with pytest.raises(StatusError, match="received status code 404"):
            await stream.receive()

    assert headers["metadata.statuscode"] == "404"


async def test_secrets_are_answered(channel: Channel) -> None:
    one = await call(
        channel,
        "GetSecret",
        secret_pb2.GetSecretRequest(store_name="vault", key="db"),
        secret_pb2.GetSecretResponse,
    )
    bulk = await call(
        channel,
        "GetBulkSecret",
        secret_pb2.GetBulkSecretRequest(store_name="vault"),
        secret_pb2.GetBulkSecretResponse,
    )

    assert dict(one.data) == {"user": "u", "password": "p"}
    assert {name: dict(secret.secrets) for name, secret in bulk.data.items()}["key"] == {"key": "<v>"}


async def test_metadata_describes_the_sidecar(sidecars: Sidecars) -> None:
    sidecar = await sidecars.open(
        subscriptions=[Subscription(pubsub="broker", topic="t", kind="PROGRAMMATIC")],
        config=RuntimeConfig(app_id="app", enable_app_health_check=True, app_port=1),
    )
    async with transport.channel(f"127.0.0.1:{sidecar.grpc_port}") as channel:
        await done(channel, "SetMetadata", metadata_pb2.SetMetadataRequest(key="k", value="v"))
        told = await call(
            channel, "GetMetadata", metadata_pb2.GetMetadataRequest(), metadata_pb2.GetMetadataResponse
        )

    assert (told.id, told.extended_metadata["k"]) == ("app", "v")
    capabilities = {component.name: list(component.capabilities) for component in told.registered_components}
    assert capabilities["store"] == ["ETAG", "TRANSACTIONAL", "TTL", "ACTOR"]
    assert told.subscriptions[0].type == metadata_pb2.PROGRAMMATIC
    assert told.app_connection_properties.health.health_probe_timeout == "500ms"


async def test_shutdown_answers_before_it_ends(sidecar: Sidecar, channel: Channel) -> None:
    await done(channel, "Shutdown", dapr_pb2.ShutdownRequest(), [("dapr-force-shutdown", "true")])
    await sidecar.stopped.wait()

    assert sidecar.shutdowns == [True]


async def test_calls_are_counted(sidecar: Sidecar, channel: Channel) -> None:
    for store in ("store", "store", "nope"):
        request = state_pb2.GetStateRequest(store_name=store, key="k").SerializeToString()
        try:
            await channel.unary(PREFIX + "GetState", request, timeout=5)
        except StatusError:
            assert store == "nope"

    lines = sidecar.telemetry.render().splitlines()
    name = f'dapr_grpc_io_server_completed_rpcs{{app_id="app",grpc_server_method="{PREFIX}GetState",'
    assert f'{name}grpc_server_status="OK"}} 2' in lines
    assert f'{name}grpc_server_status="INVALID_ARGUMENT"}} 1' in lines
    error = 'category="state",error_code="ERR_STATE_STORE_NOT_FOUND"'
    assert f'dapr_error_code_total{{app_id="app",{error}}} 1' in lines


async def test_calls_are_logged_when_wanted(sidecars: Sidecars, caplog: pytest.LogCaptureFixture) -> None:
    sidecar = await sidecars.open(config=RuntimeConfig(app_id="app", enable_api_logging=True))
    caplog.set_level("INFO")

    await sidecar.call("GET", "/v1.0/state/store/k")
    async with transport.channel(f"127.0.0.1:{sidecar.grpc_port}") as channel:
        await channel.unary(PREFIX + "GetMetadata", b"", timeout=5)

    assert "HTTP API called: GET /v1.0/state/store/k" in caplog.text
    assert f"gRPC API called: {PREFIX}GetMetadata" in caplog.text


async def ended(channel: Channel, path: str) -> StatusError | None:
    """Call with an empty message and return how that ended, ``None`` for well."""
    try:
        await channel.unary(path, b"", timeout=5)
    except StatusError as status:
        return status
    return None


async def test_every_method_answers_by_name(channel: Channel) -> None:
    service = dapr_pb2.DESCRIPTOR.services_by_name["Dapr"]
    offered = 0
    for method in service.methods:
        status = await ended(channel, PREFIX + method.name)
        if status is None or status.code is not Code.UNIMPLEMENTED:
            offered += 1
            continue
        assert f"{PREFIX}{method.name} is not offered by this sidecar yet" in status.message

    assert offered >= 64


async def test_unknown_service_is_named(channel: Channel) -> None:
    sentence = "there is no service my.Service here, only dapr.proto.runtime.v1.Dapr"

    with pytest.raises(StatusError, match=sentence) as caught:
        await channel.unary("/my.Service/Do", b"", timeout=5)

    assert caught.value.code is Code.UNIMPLEMENTED


async def test_broken_message_is_refused(channel: Channel) -> None:
    with pytest.raises(StatusError, match=r"is no dapr\.proto.runtime\.v1\.GetStateRequest") as caught:
        await channel.unary(PREFIX + "GetState", b"\xff\xff", timeout=5)

    assert caught.value.code is Code.INVALID_ARGUMENT


async def test_token_is_asked_for(sidecars: Sidecars) -> None:
    sidecar = await sidecars.open(config=RuntimeConfig(app_id="app", dapr_api_token="s3cret"))
    async with transport.channel(f"127.0.0.1:{sidecar.grpc_port}") as channel:
        for path in (PREFIX + "GetMetadata", PREFIX + "GetJob", "/my.Service/Do"):
            for shown in ((), (("dapr-api-token", "wrong"),)):
                with pytest.raises(StatusError, match="invalid api token") as caught:
                    await channel.unary(path, b"", metadata=shown, timeout=5)
                assert caught.value.code is Code.UNAUTHENTICATED
        await channel.unary(PREFIX + "GetMetadata", b"", metadata=[("dapr-api-token", "s3cret")], timeout=5)
