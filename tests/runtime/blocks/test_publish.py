from __future__ import annotations

import json

import pytest

from pluggable import pubsub
from pluggable.errors import UnavailableError
from pluggable.runtime.blocks.publish import Publishing, Trace
from pluggable.runtime.blocks.scopes import TopicScopes
from pluggable.runtime.config import RuntimeConfig
from pluggable.runtime.errors import (
    CloudEventError,
    EntryError,
    PublishFailedError,
    PublishMetadataError,
    PubSubNameEmptyError,
    PubSubNotFoundError,
    TopicEmptyError,
    TopicForbiddenError,
)
from tests.runtime.blocks.inmemory import Components, loaded

CONFIG = RuntimeConfig(app_id="app", namespace="ns")
TRACE = Trace("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02", "a=b")


@pytest.fixture
def block(components: Components) -> Publishing:
    return Publishing(components.catalog, CONFIG)


def entries(*data: bytes) -> list[pubsub.BulkEntry]:
    return [
        pubsub.BulkEntry(entry_id=str(number), data=item, content_type="text/plain")
        for number, item in enumerate(data)
    ]


@pytest.mark.parametrize(
    ("properties", "topic", "allowed"),
    [
        ({}, "any", True),
        ({"allowedTopics": "a, b"}, "b", True),
        ({"allowedTopics": "a,b"}, "c", False),
        ({"protectedTopics": "a"}, "a", False),
        ({"protectedTopics": "a", "publishingScopes": "app=a"}, "a", True),
        ({"publishingScopes": "app=a,b;other=c"}, "b", True),
        ({"publishingScopes": "app=a,b;other=c"}, "c", False),
        ({"publishingScopes": "app=;other=c"}, "c", False),
        ({"publishingScopes": "other=c"}, "z", True),
        ({"allowedTopics": "a", "publishingScopes": "app=b"}, "b", False),
    ],
)
def test_scopes_decide_on_topics(properties: dict[str, str], topic: str, *, allowed: bool) -> None:
    assert TopicScopes.of(properties, "app", "publishingScopes").allows(topic) is allowed


def test_target_is_checked_in_order(block: Publishing) -> None:
    with pytest.raises(PubSubNameEmptyError):
        block.target("", "")
    with pytest.raises(PubSubNotFoundError, match="pubsub x is not found"):
        block.target("x", "")
    with pytest.raises(TopicEmptyError, match="topic is empty in pubsub broker"):
        block.target("broker", "")
    with pytest.raises(PublishMetadataError, match="must be a valid boolean: actual is 'v'"):
        block.target("broker", "t", {"rawPayload": "v"})
    with pytest.raises(TopicForbiddenError, match="topic private is not allowed for app id app"):
        block.target("broker", "private")


async def test_message_gets_an_envelope(components: Components, block: Publishing) -> None:
    await block.target("broker", "t", {"m": "v"}).publish(b'{"a":1}', "application/json", TRACE)

    [request] = components.broker.published
    event = json.loads(request.data)
    assert (request.topic, request.pubsub_name, request.metadata) == ("t", "broker", {"m": "v"})
    assert (event["data"], event["topic"], event["source"]) == ({"a": 1}, "t", "app")
    assert (event["traceparent"], event["tracestate"]) == (TRACE.parent, TRACE.state)


async def test_raw_message_stays_as_it_is(components: Components, block: Publishing) -> None:
    await block.target("broker", "t", {"rawPayload": "true"}).publish(b"\xff", "", TRACE, {"traceid": "x"})

    [request] = components.broker.published
    assert request.data == b"\xff"
    assert request.metadata == {"rawPayload": "true", "traceid": "x"}


async def test_cloud_event_passes_through(components: Components, block: Publishing) -> None:
    event = b'{"id":"7","specversion":"1.0","type":"t","source":"s","data":1}'
    await block.target("broker", "t").publish(event, "application/cloudevents+json; charset=utf-8", TRACE)

    told = json.loads(components.broker.published[0].data)
    assert (told["id"], told["topic"], told["pubsubname"]) == ("7", "t", "broker")


async def test_broken_event_is_refused(block: Publishing) -> None:
    with pytest.raises(CloudEventError, match="cannot create cloudevent"):
        await block.target("broker", "t").publish(b"{", "application/cloudevents+json", TRACE)


async def test_broker_that_expires_nothing_gets_the_time(components: Components, block: Publishing) -> None:
    for name in ("broker", "bulk"):
        await block.target(name, "t", {"ttlInSeconds": "60"}).publish(b"x", "text/plain", TRACE)

    assert "expiration" in json.loads(components.broker.published[0].data)
    assert "expiration" not in json.loads(components.bulk.published[0].data)


@pytest.mark.parametrize("ttl", ["0", "-5", "soon", "99999999999999999999"])
async def test_bad_time_to_live_is_refused(block: Publishing, ttl: str) -> None:
    with pytest.raises(PublishMetadataError, match=f"ttlInSeconds value is '{ttl}'"):
        await block.target("broker", "t", {"TTLinSeconds": ttl}).publish(b"x", "text/plain", TRACE)


async def test_namespace_goes_before_the_topic(components: Components) -> None:
    components.catalog.pubsub["scoped"] = loaded(
        "scoped", "pubsub.x", components.broker, {"consumerID": "{namespace}"}
    )
    await Publishing(components.catalog, CONFIG).target("scoped", "t").publish(b"x", "text/plain", TRACE)

    [request] = components.broker.published
    assert request.topic == "nst"
    assert json.loads(request.data)["topic"] == "t"


async def test_failure_of_the_broker_is_worded(components: Components, block: Publishing) -> None:
    components.broker.failure = UnavailableError("no route")

    with pytest.raises(PublishFailedError, match="publishing to topic t in pubsub broker: no route"):
        await block.target("broker", "t").publish(b"x", "text/plain", TRACE)


async def test_bulk_is_native_where_offered(components: Components, block: Publishing) -> None:
    target = block.target("bulk", "t", {"rawPayload": "true"})
    failed = await target.publish_many(entries(b"a", b"poison"), TRACE)

    assert [entry.entry_id for entry in failed] == ["1"]
    assert components.bulk.bulk is not None
    assert [entry.data for entry in components.bulk.bulk.entries] == [b"a", b"poison"]


async def test_bulk_goes_one_by_one_elsewhere(components: Components, block: Publishing) -> None:
    target = block.target("broker", "t", {"rawPayload": "true"})
    failed = await target.publish_many(entries(b"a", b"poison", *[b"x"] * 200), TRACE)

    assert failed == [pubsub.FailedEntry(entry_id="1", error="poison is not taken")]
    assert len(components.broker.published) == 201


async def test_entry_metadata_wins_over_the_request(components: Components, block: Publishing) -> None:
    target = block.target("bulk", "t", {"rawPayload": "true", "a": "1", "b": "1"})
    own = pubsub.BulkEntry(entry_id="1", data=b"x", metadata={"a": "2"})
    await target.publish_many([own, pubsub.BulkEntry(entry_id="2", data=b"x")], TRACE)

    assert components.bulk.bulk is not None
    assert [dict(entry.metadata) for entry in components.bulk.bulk.entries] == [
        {"rawPayload": "true", "a": "2", "b": "1"},
        {},
    ]


@pytest.mark.parametrize("ids", [["1", "1"], ["1", ""]])
async def test_entries_need_ids_of_their_own(block: Publishing, ids: list[str]) -> None:
    with pytest.raises(EntryError, match="entryId is duplicated or not present for entry"):
        await block.target("broker", "t").publish_many(
            [pubsub.BulkEntry(entry_id=entry_id, data=b"x") for entry_id in ids], TRACE
        )
