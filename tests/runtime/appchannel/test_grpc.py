from __future__ import annotations

import asyncio
import logging
import os
from typing import Any

import pytest

from pluggable import bindings
from pluggable._proto.dapr.proto.runtime.v1 import appcallback_pb2 as pb
from pluggable._proto.google.protobuf import empty_pb2
from pluggable.runtime.appchannel import (
    AppAnswerError,
    AppUnreachableError,
    BulkEntry,
    BulkEvent,
    TopicEvent,
    Verdict,
    app_channel,
)
from pluggable.runtime.appchannel.errors import AppError
from pluggable.runtime.appchannel.grpc import GRPCAppChannel
from pluggable.runtime.cloudevents import Incoming
from pluggable.runtime.config import RuntimeConfig
from pluggable.runtime.resources import BulkSubscribe, Rule
from pluggable.transport import TRANSPORT_VARIABLE, Code, StatusError
from tests.runtime.appchannel.grpcapps import GRPCApp, always, grpc_channel

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02"
BINARY = b"\0\0" + bytes.fromhex("0af7651916cd43dd8448eb211c80319c")
BINARY += b"\1" + bytes.fromhex("b7ad6b7169203331") + b"\2\2"
#: What the application sees of the binary trace: grpcio keeps that to itself, whoever sends it.
SEEN = None if os.environ.get(TRANSPORT_VARIABLE) == "grpcio" else BINARY
OK = pb.TopicEventResponse()


def message(metadata: dict[str, str] | None = None, **event: Any) -> TopicEvent:
    values = {"id": "1", "source": "here", "type": "t", "specversion": "1.0"} | event
    return TopicEvent(
        pubsub="events", topic="orders", content=Incoming(values, b"{}"), metadata=metadata or {}
    )


def failing(code: Code, text: str = "boom") -> Any:
    async def handle(_: Any) -> Any:
        raise StatusError(code, text)

    return handle


async def test_channel_follows_the_protocol() -> None:
    config = RuntimeConfig(app_id="a", app_port=1, app_protocol="grpc")
    async with app_channel(config) as channel:
        assert isinstance(channel, GRPCAppChannel)
        assert channel.exists
        assert channel.health.healthy


async def test_message_has_its_attributes_and_its_route() -> None:
    app = GRPCApp(OnTopicEvent=always(OK))
    event = message(
        {"pubsubName": "events", "content-length": "7", "Dapr-Api-Token": "stolen", "x-bin": "é", "y": "é"},
        datacontenttype="application/json",
        data={"a": [1, "<é>"]},
        traceparent=TRACE,
        tracestate="a=b",
        time="now",
        nested={"n": [None, True, 2.5]},
    )
    async with app.channel(app_api_token="secret") as channel:
        answer = await channel.deliver("/new", event)

    name, request, metadata = app.calls[0]
    assert (answer.verdict, name) == (Verdict.SUCCESS, "OnTopicEvent")
    assert (request.id, request.source, request.type, request.spec_version) == ("1", "here", "t", "1.0")
    assert (request.topic, request.pubsub_name, request.path) == ("orders", "events", "/new")
    assert (request.data_content_type, request.data.decode()) == (
        "application/json",
        '{"a":[1,"\\u003cé\\u003e"]}',
    )
    assert sorted(request.extensions.fields) == ["nested", "time", "traceparent", "tracestate"]
    nested = request.extensions.fields["nested"].struct_value.fields["n"].list_value.values
    assert [nested[0].WhichOneof("kind"), nested[1].bool_value, nested[2].number_value] == [
        "null_value",
        True,
        2.5,
    ]
    assert (metadata["traceparent"], metadata["tracestate"]) == (TRACE, "a=b")
    assert metadata.get("grpc-trace-bin") == SEEN
    assert (metadata["dapr-api-token"], metadata["pubsubname"]) == ("secret", "events")
    assert (metadata["x-bin"], "y" in metadata, "content-length" in metadata) == ("é".encode(), False, False)


@pytest.mark.parametrize(
    ("event", "data"),
    [
        ({"datacontenttype": "text/plain", "data": "a<b"}, b"a<b"),
        ({"datacontenttype": "application/xml", "data": "<a/>"}, b"<a/>"),
        ({"datacontenttype": "application/json; charset=utf-8", "data": "text"}, b'"text"'),
        ({"datacontenttype": "application/cloudevents+json", "data": {}}, b"{}"),
        ({"datacontenttype": "foo/bar", "data": "text"}, b""),
        ({"data": "text"}, b""),
        ({"datacontenttype": "application/json", "data": None}, b""),
        ({"datacontenttype": "application/octet-stream", "data_base64": "/wA="}, b"\xff\0"),
        ({"datacontenttype": "application/json", "data": "\ud800"}, b'"?"'),
        ({"datacontenttype": "application/json", "huge": 10**400, "\ud800": "\ud800"}, b""),
    ],
)
async def test_data_follows_its_content_type(event: dict[str, Any], data: bytes) -> None:
    app = GRPCApp(OnTopicEvent=always(OK))
    async with app.channel() as channel:
        await channel.deliver("", message(**event))

    assert app.calls[0][1].data == data


@pytest.mark.parametrize(
    "event",
    [
        {"datacontenttype": "text/plain", "data": {"a": 1}},
        {"data_base64": "%"},
        {"data_base64": 7},
    ],
)
async def test_data_that_is_not_what_it_says_is_not_delivered(event: dict[str, Any]) -> None:
    app = GRPCApp(OnTopicEvent=always(OK))
    async with app.channel() as channel:
        with pytest.raises(AppError, match="the event's data"):
            await channel.deliver("", message(**event))

    assert app.calls == []


@pytest.mark.parametrize(
    ("status", "verdict"), [(0, Verdict.SUCCESS), (1, Verdict.RETRY), (2, Verdict.DROP), (7, Verdict.RETRY)]
)
async def test_status_is_the_verdict(status: Any, verdict: Verdict) -> None:
    app = GRPCApp(OnTopicEvent=always(pb.TopicEventResponse(status=status)))
    async with app.channel() as channel:
        answer = await channel.deliver("/r", message())

    assert answer.verdict is verdict
    assert bool(answer.reason) is (verdict is not Verdict.SUCCESS)


async def test_failure_is_tried_again_and_a_missing_method_is_not() -> None:
    async with GRPCApp(OnTopicEvent=failing(Code.INTERNAL)).channel() as channel:
        failed = await channel.deliver("/r", message())
    async with GRPCApp().channel() as channel:
        missing = await channel.deliver("/r", message())

    assert (failed.verdict, failed.reason) == (Verdict.RETRY, "error returned from app: INTERNAL: boom")
    assert missing.verdict is Verdict.DROP


def entry(entry_id: str, **given: Any) -> BulkEntry:
    event = {"id": entry_id, "datacontenttype": "text/plain", "data": "x", "traceparent": TRACE}
    values: dict[str, Any] = {"entry_id": entry_id, "content": Incoming(event, b"{}"), "data": b"{}"} | given
    return BulkEntry(**values)


def bulk(*entries: BulkEntry) -> BulkEvent:
    return BulkEvent(pubsub="events", topic="orders", entries=entries, metadata={"pubsubName": "events"})


def statuses(**by_entry: int) -> pb.TopicEventBulkResponse:
    found: Any = [{"entry_id": key, "status": value} for key, value in by_entry.items()]
    return pb.TopicEventBulkResponse(statuses=found)


@pytest.mark.parametrize("method", ["OnBulkTopicEvent", "OnBulkTopicEventAlpha1"])
async def test_several_messages_are_one_call_and_each_has_its_verdict(method: str) -> None:
    app = GRPCApp(**{method: always(statuses(a=0, b=2))})
    raw = entry("b", content=None, data=b"\xff", content_type="image/png", metadata={"k": "v"})
    async with app.channel(app_api_token="secret") as channel:
        answers = await channel.deliver_bulk("/r", bulk(entry("a"), raw, entry("c")))

    name, request, metadata = app.calls[0]
    assert [answer.verdict for answer in answers] == [Verdict.SUCCESS, Verdict.DROP, Verdict.RETRY]
    assert (name, request.topic, request.pubsub_name, request.path) == (method, "orders", "events", "/r")
    assert (request.type, len(request.id)) == ("com.dapr.event.sent.bulk", 36)
    first, second, _ = request.entries
    assert (first.entry_id, first.cloud_event.id, first.cloud_event.data) == ("a", "a", b"x")
    assert list(first.cloud_event.extensions.fields) == ["traceparent"]
    assert (second.bytes, second.content_type, dict(second.metadata)) == (b"\xff", "image/png", {"k": "v"})
    assert (metadata["traceparent"], metadata["dapr-api-token"]) == (TRACE, "secret")


@pytest.mark.parametrize(
    ("app", "verdict"),
    [(GRPCApp(), Verdict.DROP), (GRPCApp(OnBulkTopicEvent=failing(Code.INTERNAL)), Verdict.RETRY)],
)
async def test_failure_of_several_is_of_each(app: GRPCApp, verdict: Verdict) -> None:
    async with app.channel() as channel:
        answers = await channel.deliver_bulk("/r", bulk(entry("a"), entry("b")))

    assert [answer.verdict for answer in answers] == [verdict] * 2


async def test_topics_are_asked_for() -> None:
    routes = pb.TopicRoutes(rules=[pb.TopicRule(match="m", path="/m")], default="/d")
    config = pb.BulkSubscribeConfig(enabled=True, max_messages_count=7, max_await_duration_ms=40)
    wanted = pb.ListTopicSubscriptionsResponse(
        subscriptions=[
            pb.TopicSubscription(
                pubsub_name="p",
                topic="t",
                routes=routes,
                dead_letter_topic="d",
                metadata={"k": "v"},
                bulk_subscribe=config,
            ),
            pb.TopicSubscription(pubsub_name="p", topic="bare"),
            pb.TopicSubscription(pubsub_name="p"),
        ]
    )
    async with GRPCApp(ListTopicSubscriptions=always(wanted)).channel() as channel:
        full, bare = await channel.subscriptions()

    assert (full.pubsub, full.topic, full.dead_letter_topic, full.metadata) == ("p", "t", "d", {"k": "v"})
    assert full.rules == (Rule(path="/m", match="m"), Rule(path="/d"))
    assert full.bulk == BulkSubscribe(enabled=True, max_messages=7, max_await_seconds=0.04)
    assert (bare.topic, bare.rules, bare.kind) == ("bare", (Rule(path=""),), "PROGRAMMATIC")
    assert bare.bulk == BulkSubscribe()


async def test_app_may_have_no_methods_at_all() -> None:
    async with GRPCApp().channel() as channel:
        assert await channel.subscriptions() == ()
        assert (await channel.config()).entities == ()
        assert not await channel.wants_binding("b", "/b", 5)
        assert not await channel.healthy()


async def test_failed_question_for_topics_says_why() -> None:
    async with GRPCApp(ListTopicSubscriptions=failing(Code.INTERNAL)).channel() as channel:
        with pytest.raises(AppAnswerError, match="ListTopicSubscriptions: INTERNAL: boom"):
            await channel.subscriptions()


async def test_disabled_endpoints_are_not_asked(caplog: pytest.LogCaptureFixture) -> None:
    app = GRPCApp(ListTopicSubscriptions=always(pb.ListTopicSubscriptionsResponse()))
    with caplog.at_level(logging.INFO):
        async with app.channel(disabled_init_endpoints=frozenset({"config", "subscribe"})) as channel:
            await channel.config()
            await channel.subscriptions()

    assert app.calls == []
    assert "Skipping programmatic dapr configuration loading" in caplog.text
    assert "Skipping programmatic subscription loading" in caplog.text


async def test_binding_is_wanted_by_its_name() -> None:
    app = GRPCApp(ListInputBindings=always(pb.ListInputBindingsResponse(bindings=["timer"])))
    async with app.channel() as channel:
        assert await channel.wants_binding("timer", "/route", 5)
        assert not await channel.wants_binding("route", "/route", 5)


async def test_question_for_bindings_has_its_time() -> None:
    release = asyncio.Event()

    async def late(_: Any) -> pb.ListInputBindingsResponse:
        await release.wait()
        return pb.ListInputBindingsResponse(bindings=["timer"])

    async with GRPCApp(ListInputBindings=late).channel() as channel:
        assert not await channel.wants_binding("timer", "/timer", 0.05)
        release.set()


async def test_binding_event_is_answered_with_what_is_to_be_done() -> None:
    said = pb.BindingEventResponse(
        data=b"done", store_name="s", to=["a", "b"], concurrency=pb.BindingEventResponse.PARALLEL
    )
    said.states.add(key="k", value=b"v")
    app = GRPCApp(OnBindingEvent=always(said))
    event = bindings.Event(data=b"raw", metadata={"k": "v", "traceparent": TRACE})
    async with app.channel(app_api_token="secret") as channel:
        answer = await channel.binding_event("timer", "/ignored", event)

    _, request, metadata = app.calls[0]
    assert (request.name, request.data, request.metadata["k"]) == ("timer", b"raw", "v")
    assert (metadata["dapr-api-token"], metadata.get("grpc-trace-bin")) == ("secret", SEEN)
    assert (answer.data, answer.payload, answer.to, answer.parallel) == (b"done", b"done", ("a", "b"), True)
    assert (answer.store, [(item.key, item.value) for item in answer.states]) == ("s", [("k", b"v")])


async def test_failed_binding_event_says_how() -> None:
    async with GRPCApp(OnBindingEvent=failing(Code.INTERNAL)).channel() as channel:
        with pytest.raises(AppAnswerError, match="error invoking app: OnBindingEvent: INTERNAL: boom"):
            await channel.binding_event("timer", "/timer", bindings.Event())


async def test_health_follows_the_answer() -> None:
    async with GRPCApp(HealthCheck=always(empty_pb2.Empty())).channel() as channel:
        assert await channel.healthy()
    async with GRPCApp(HealthCheck=failing(Code.UNKNOWN)).channel() as channel:
        assert not await channel.healthy()


async def test_concurrency_is_bounded_and_who_gives_up_waiting_leaks_no_turn() -> None:
    busy, most, release = 0, 0, asyncio.Event()

    async def handle(_: Any) -> pb.TopicEventResponse:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await release.wait()
        busy -= 1
        return OK

    app = GRPCApp(OnTopicEvent=handle)
    async with app.channel(app_max_concurrency=1) as channel:
        first = asyncio.create_task(channel.deliver("/r", message()))
        await app.asked.wait()
        for _ in range(5):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await channel.deliver("/r", message())
        release.set()
        async with asyncio.timeout(5):
            await asyncio.gather(first, *(channel.deliver("/r", message()) for _ in range(5)))

    assert most == 1


async def test_app_that_dies_with_a_message_has_not_handled_it() -> None:
    async def never(_: Any) -> pb.TopicEventResponse:
        await asyncio.get_running_loop().create_future()
        return OK

    app = GRPCApp(OnTopicEvent=never)
    async with app.serving() as port, grpc_channel(port) as channel:
        async with asyncio.timeout(10):
            delivery = asyncio.create_task(channel.deliver("/r", message()))
            await app.asked.wait()
            await app.end()
            answer = await delivery

    assert answer.verdict is Verdict.RETRY


async def test_answer_that_is_too_large_is_no_answer() -> None:
    app = GRPCApp(OnBindingEvent=always(pb.BindingEventResponse(data=b"x" * 2000)))
    async with app.channel(max_body_bytes=1000) as channel:
        with pytest.raises(AppAnswerError, match="RESOURCE_EXHAUSTED"):
            await channel.binding_event("timer", "/timer", bindings.Event())


async def test_connection_that_dropped_is_made_again_and_waited_for() -> None:
    app = GRPCApp(OnTopicEvent=always(OK))
    async with app.serving() as port, grpc_channel(port) as channel:
        await channel.deliver("/r", message())
        await app.end()

        delivery = asyncio.create_task(channel.deliver("/r", message()))
        await asyncio.sleep(0)
        async with app.serving(port), asyncio.timeout(10):
            assert (await delivery).verdict is Verdict.SUCCESS


async def test_nobody_listening_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pluggable.runtime.appchannel.grpc.RECONNECT_SECONDS", 0.05)
    async with GRPCApp().serving() as port:
        pass
    async with grpc_channel(port) as channel:
        with pytest.raises(AppUnreachableError, match="UNAVAILABLE"):
            await channel.binding_event("timer", "/timer", bindings.Event())
        assert (await channel.deliver("/r", message())).verdict is Verdict.RETRY
        assert not await channel.healthy()


async def test_app_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        async with GRPCApp().channel() as channel, asyncio.timeout(10):
            await channel.wait_for_app()

    assert "application discovered on port" in caplog.text
