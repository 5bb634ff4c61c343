"""What a transaction stores is published once, and nothing that it does not store."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from pluggable import pubsub, state
from pluggable.delivery import Accepted, Delivery, Outcome, Rejected, Unanswered
from pluggable.errors import UnavailableError
from pluggable.metadata import NO_METADATA
from pluggable.runtime.blocks import Blocks, build
from pluggable.runtime.blocks.outbox import publish_event
from pluggable.runtime.blocks.publish import Trace
from pluggable.runtime.config import RuntimeConfig
from pluggable.runtime.errors import OutboxError, TransactionFailedError
from pluggable.runtime.subscriptions import OutboxRelay, outbox
from pluggable_servers.memory.pubsub import InMemoryPubSub
from tests.runtime.blocks.inmemory import Components, TransactionalStore, loaded

CONFIG = RuntimeConfig(app_id="shop", namespace="ns", graceful_shutdown_seconds=1)
TARGET = {"outboxPublishPubsub": "events", "outboxPublishTopic": "orders"}
INTERNAL = "nsshopordersoutbox"


class Reader(Delivery[pubsub.Message]):
    """Keeps the events it gets."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def __call__(self, message: pubsub.Message) -> Outcome:
        self.events.put_nowait(json.loads(message.data))
        return Accepted()

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(5):
            return await self.events.get()


class Broker(InMemoryPubSub):
    """Keeps what became of each message too."""

    def __init__(self) -> None:
        super().__init__()
        self.outcomes: asyncio.Queue[Outcome] = asyncio.Queue()
        self.failure: UnavailableError | None = None
        self.refused = asyncio.Event()

    async def publish(self, request: pubsub.PublishRequest) -> None:
        if self.failure is not None:
            self.refused.set()
            raise self.failure
        await super().publish(request)

    async def subscribe(self, topic: pubsub.Topic, deliver: Delivery[pubsub.Message]) -> None:
        await super().subscribe(topic, _Watched(deliver, self.outcomes))


class _Watched(Delivery[pubsub.Message]):
    def __init__(self, deliver: Delivery[pubsub.Message], outcomes: asyncio.Queue[Outcome]) -> None:
        self._deliver = deliver
        self._outcomes = outcomes

    async def __call__(self, message: pubsub.Message) -> Outcome:
        outcome = await self._deliver(message)
        if message.topic == INTERNAL:
            self._outcomes.put_nowait(outcome)
        return outcome

    def ready(self) -> None:
        self._deliver.ready()


class Store(TransactionalStore):
    """Tells when a marker is looked for."""

    def __init__(self) -> None:
        super().__init__()
        self.looked = asyncio.Event()

    async def get(self, request: state.GetRequest) -> state.GetResponse | None:
        self.looked.set()
        return await super().get(request)


class World:
    """A store with an outbox, its broker, and who reads what comes of it."""

    def __init__(self) -> None:
        self.components = Components()
        self.store = Store()
        self.broker = Broker()
        self.reader = Reader()
        self.blocks: Blocks = build(self.components.catalog, CONFIG)
        self.relay = OutboxRelay(
            self.components.catalog, self.blocks.state.outbox, self.blocks.publishing, CONFIG
        )
        self.tasks: list[asyncio.Task[None]] = []

    async def open(self, properties: Mapping[str, str] = NO_METADATA) -> None:
        catalog = self.components.catalog
        catalog.pubsub["events"] = loaded("events", "pubsub.in-memory", self.broker)
        catalog.state["orders"] = loaded("orders", "state.x", self.store, {**TARGET, **properties})
        topic = pubsub.Topic(name="orders")
        self.tasks.append(asyncio.create_task(self.broker.subscribe(topic, self.reader)))
        self.relay.open()
        await self.relay.ready(5)
        self.relay.release()

    async def transact(self, *operations: state.SetRequest | state.DeleteRequest, **how: Any) -> None:
        await self.blocks.state.store("orders").transact(operations, **how)

    async def outcome(self) -> Outcome:
        async with asyncio.timeout(5):
            return await self.broker.outcomes.get()

    async def close(self) -> None:
        await self.relay.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.broker.close()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    yield made
    await made.close()


def put(key: str, value: bytes, **metadata: str) -> state.SetRequest:
    return state.SetRequest(
        key=key, value=value, metadata={name.replace("__", "."): text for name, text in metadata.items()}
    )


async def test_stored_value_is_published_once(world: World) -> None:
    await world.open()
    await world.transact(put("a", b"2"), state.DeleteRequest(key="b"), trace=Trace("00-trace", "k=v"))

    event = await world.reader.next()
    assert await world.outcome() == Accepted()

    id_ = event.pop("id")
    assert id_.startswith("outbox-")
    assert event.pop("time")
    assert event == {
        "data": "2",
        "datacontenttype": "text/plain",
        "pubsubname": "events",
        "source": "shop",
        "specversion": "1.0",
        "topic": "orders",
        "traceid": "00-trace",
        "traceparent": "00-trace",
        "tracestate": "k=v",
        "type": "com.dapr.event.sent",
    }
    assert list(world.store.values) == ["a"]  # and no marker any more
    assert world.reader.events.empty()


@pytest.mark.parametrize(
    ("value", "content_type", "data", "told"),
    [
        (b'"2"', "", "2", "text/plain"),
        (b"7", "", "7", "text/plain"),
        (b'{"a":1}', "", {"a": 1}, "application/json"),
        (b'"2"', "application/json", "2", "application/json"),
        (b'{"a":1}', "text/plain", '{"a":1}', "text/plain"),
    ],
)
async def test_json_is_published_as_it_was_meant(
    world: World, value: bytes, content_type: str, data: object, told: str
) -> None:
    await world.open()
    metadata = {"contentType": content_type} if content_type else {}
    await world.transact(put("a", value, **metadata), as_json=True)

    event = await world.reader.next()
    assert (event["data"], event["datacontenttype"]) == (data, told)


async def test_metadata_becomes_attributes(world: World) -> None:
    await world.open()
    told = {"outbox__cloudevent__myapp": "myapp1", "data": "x", "id": "y", "cloudevent__source": "me"}
    await world.transact(put("a", b"2", **told))

    event = await world.reader.next()
    assert (event["outbox.cloudevent.myapp"], event["source"], event["data"]) == ("myapp1", "me", "2")
    assert event["id"].startswith("outbox-")


async def test_projection_is_published_and_not_stored(world: World) -> None:
    await world.open()
    await world.transact(put("a", b"2"), put("a", b"3", outbox__projection="true"))

    event = await world.reader.next()
    assert event["data"] == "3"
    assert await world.outcome() == Accepted()
    assert {key: value.data for key, value in world.store.values.items()} == {"a": b"2"}


async def test_refused_transaction_publishes_nothing(world: World) -> None:
    await world.open()
    with pytest.raises(TransactionFailedError):
        await world.transact(state.SetRequest(key="a", value=b"1", etag="7"))
    await world.transact(put("b", b"2"))

    assert await world.outcome() == Accepted()  # and is not asked for again
    assert (await world.reader.next())["data"] == "2"
    assert not world.store.values.keys() - {"b"}


@pytest.mark.parametrize(("discard", "outcome"), [("true", Accepted), ("false", Rejected)])
async def test_announcement_without_a_marker_is_not_published(
    world: World, monkeypatch: pytest.MonkeyPatch, discard: str, outcome: type[Outcome]
) -> None:
    monkeypatch.setattr(outbox, "MARKER_SECONDS", 0.05)
    await world.open({"outboxDiscardWhenMissingState": discard})
    await publish_event(world.blocks.publishing, "events", INTERNAL, b'{"id":"outbox-1","data":"x"}')

    assert isinstance(await world.outcome(), outcome)
    assert world.reader.events.empty()


async def test_store_that_cannot_be_asked_discards_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MARKER_SECONDS", 0.05)
    await world.open({"outboxDiscardWhenMissingState": "true"})
    world.store.failure = UnavailableError("no route")
    await publish_event(world.blocks.publishing, "events", INTERNAL, b'{"id":"outbox-1","data":"x"}')

    assert await world.outcome() == Rejected(
        "cannot publish outbox message: outbox state outbox-1 cannot be looked for: no route"
    )


async def test_publication_that_fails_is_tried_again(world: World) -> None:
    await world.open()
    await world.store.set(put("outbox-1", b"0"))
    await publish_event(world.blocks.publishing, "events", INTERNAL, b'{"id":"outbox-1","data":"x"}')
    world.broker.failure = UnavailableError("no route")
    await world.broker.refused.wait()
    world.broker.failure = None

    assert (await world.reader.next())["data"] == "x"
    assert await world.outcome() == Accepted()


async def test_announced_by_a_sidecar_that_ended_is_published(world: World) -> None:
    await world.store.set(put("outbox-1", b"0"))
    await world.open()
    await publish_event(world.blocks.publishing, "events", INTERNAL, b'{"id":"outbox-1","data":"x"}')

    assert (await world.reader.next())["data"] == "x"
    assert await world.outcome() == Accepted()
    assert not world.store.values


async def test_what_waits_for_its_marker_comes_again_after_the_end(world: World) -> None:
    await world.open()
    await publish_event(world.blocks.publishing, "events", INTERNAL, b'{"id":"outbox-1","data":"x"}')
    await world.store.looked.wait()
    await world.relay.close()

    assert await world.outcome() == Unanswered()
    assert world.reader.events.empty()


async def test_announcement_that_fails_stores_nothing(world: World) -> None:
    await world.open()
    world.broker.failure = UnavailableError("no route")

    with pytest.raises(
        OutboxError, match=r"publishing outbox message: rpc error: code = Unavailable desc = no"
    ):
        await world.transact(put("a", b"2"))
    assert not world.store.values


async def test_events_wait_until_the_application_subscribes(world: World) -> None:
    world.relay.release = lambda: None  # type: ignore[method-assign]  # as before the application was met
    await world.open()
    await world.transact(put("a", b"2"))
    assert world.reader.events.empty()

    OutboxRelay.release(world.relay)

    assert (await world.reader.next())["data"] == "2"


async def test_changed_store_is_followed(world: World) -> None:
    await world.open()
    world.components.catalog.state["orders"] = loaded("orders", "state.y", world.store, TARGET)
    world.components.catalog.notify()
    await world.transact(put("a", b"2"))

    assert (await world.reader.next())["data"] == "2"


async def test_store_that_goes_ends_its_subscription(world: World) -> None:
    await world.open()
    assert [each.get_name() for each in _subscriptions()] == [
        f"subscription to internal outbox topic {INTERNAL} on pubsub events"
    ]

    del world.components.catalog.state["orders"]
    world.components.catalog.notify()

    async with asyncio.timeout(5):
        await asyncio.wait(_subscriptions())


def _subscriptions() -> list[asyncio.Task[Any]]:
    return [each for each in asyncio.all_tasks() if "internal outbox topic" in each.get_name()]
