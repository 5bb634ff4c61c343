from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from pluggable.delivery import Accepted, Rejected
from pluggable.errors import UnavailableError
from pluggable.metadata import NO_METADATA
from pluggable.pubsub import Message
from pluggable.runtime.apart import LARGE_BYTES
from pluggable.runtime.cloudevents import new_event
from pluggable.runtime.resources import Rule
from pluggable.runtime.subscriptions import delivery
from tests.runtime.subscriptions.bus import to, world

ORDER = new_event(
    data=b'{"n":1}',
    content_type="application/json",
    topic="orders",
    pubsub="events",
    source="desk",
    metadata=NO_METADATA,
    trace_parent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02",
)


async def test_message_reaches_the_application() -> None:
    async with world() as here:
        await here.subscribed(to("orders"))

        assert await here.bus.send("orders", ORDER, key="v") == Accepted()
        assert here.app.got == [("/orders", json.loads(ORDER))]
        headers = here.app.requests[0].headers
        assert (headers["pubsubname"], headers["key"]) == ("events", "v")
        assert headers["traceparent"].endswith("-02")


@pytest.mark.parametrize(
    ("status", "answer"), [(500, "boom"), (200, '{"status":"RETRY"}'), (200, '{"status":"X"}')]
)
async def test_failed_message_is_rejected(status: int, answer: str) -> None:
    async with world() as here:
        here.app.status, here.app.answer = status, answer
        await here.subscribed(to("orders"))

        assert isinstance(await here.bus.send("orders"), Rejected)
        assert here.bus.published == []


@pytest.mark.parametrize(("status", "answer"), [(404, ""), (200, '{"status":"DROP"}')])
async def test_dropped_message_counts_as_handled(status: int, answer: str) -> None:
    async with world() as here:
        here.app.status, here.app.answer = status, answer
        await here.subscribed(to("orders"))

        assert await here.bus.send("orders") == Accepted()


@pytest.mark.parametrize(("status", "answer"), [(500, ""), (404, ""), (200, '{"status":"DROP"}')])
async def test_unhandled_message_is_dead_lettered(status: int, answer: str) -> None:
    async with world() as here:
        here.app.status, here.app.answer = status, answer
        await here.subscribed(to("orders", dead_letter_topic="dead"))

        assert await here.bus.send("orders", ORDER, key="v") == Accepted()
        (request,) = here.bus.published
        assert (request.topic, request.data, request.pubsub_name) == ("dead", ORDER, "events")
        assert request.metadata == {"key": "v", "pubsubName": "events"}


@pytest.mark.parametrize("status", [500, 404])
async def test_message_that_cannot_be_dead_lettered_is_rejected(status: int) -> None:
    async with world() as here:
        here.app.status = status
        here.bus.failure = UnavailableError("no broker")
        await here.subscribed(to("orders", dead_letter_topic="dead"))

        assert isinstance(await here.bus.send("orders"), Rejected)


async def test_dead_letters_respect_publishing_scopes() -> None:
    async with world() as here:
        here.app.status = 500
        await here.subscribed(
            to("orders", dead_letter_topic="dead"), properties={"publishingScopes": "shop=other"}
        )

        assert isinstance(await here.bus.send("orders"), Rejected)
        assert here.bus.published == []


@pytest.mark.parametrize("dead", ["", "dead"])
async def test_message_that_is_no_event_fails(dead: str) -> None:
    async with world() as here:
        await here.subscribed(to("orders", dead_letter_topic=dead))

        outcome = await here.bus.send("orders", b"[1]")
        assert isinstance(outcome, Accepted if dead else Rejected)
        assert len(here.bus.published) == bool(dead)
        assert here.app.got == []


@pytest.mark.parametrize("dead", ["", "dead"])
async def test_expired_message_is_dropped(dead: str) -> None:
    over = (datetime.now(UTC) - timedelta(seconds=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    async with world() as here:
        await here.subscribed(to("orders", dead_letter_topic=dead))

        assert await here.bus.send("orders", json.dumps({"expiration": over}).encode()) == Accepted()
        assert len(here.bus.published) == bool(dead)
        assert here.app.got == []


async def test_rules_choose_the_route() -> None:
    rules = (
        Rule(match='event.type == "big"', path="/big"),
        Rule(match='event.type == "small"', path="/small"),
    )
    async with world() as here:
        await here.subscribed(to("orders", *rules))

        for kind in ("small", "big", "other"):
            assert await here.bus.send("orders", json.dumps({"type": kind}).encode()) == Accepted()
        assert [path for path, _ in here.app.got] == ["/small", "/big"]


async def test_undecided_rule_fails_the_message() -> None:
    async with world() as here:
        await here.subscribed(to("orders", Rule(match="event.nope == 1", path="/")))

        outcome = await here.bus.send("orders")
        assert isinstance(outcome, Rejected)
        assert "cannot be decided" in outcome.reason


async def test_raw_messages_are_wrapped() -> None:
    async with world() as here:
        await here.subscribed(to("orders", metadata={"rawPayload": "true"}))

        await here.bus.send("orders", b"\xff")
        ((_, event),) = here.app.got
        assert (event["data_base64"], event["topic"], event["pubsubname"]) == ("/w==", "orders", "events")


async def test_large_message_is_read_apart() -> None:
    data = json.dumps({"id": "1", "data": "x" * (LARGE_BYTES + 1)}).encode()
    async with world() as here:
        await here.subscribed(to("orders"))

        assert await here.bus.send("orders", data) == Accepted()


@pytest.mark.parametrize(("namespace", "prefix"), [("prod", "prod"), ("", "default")])
async def test_namespace_is_taken_off_topics(namespace: str, prefix: str) -> None:
    async with world(namespace=namespace) as here:
        here.app.status = 500
        await here.subscribed(
            to("orders", dead_letter_topic="dead", metadata={"rawPayload": "true"}),
            properties={"consumerID": "{namespace}"},
        )

        assert set(here.bus.subscribed) == {f"{prefix}orders"}
        await here.bus.send(f"{prefix}orders", b"x")
        assert here.app.got[0][1]["topic"] == "orders"
        assert here.bus.published[0].topic == f"{prefix}dead"


async def test_unreachable_application_rejects() -> None:
    async with world(app_port=1) as here:
        await here.subscribed(to("orders"))

        outcome = await here.bus.send("orders")
        assert isinstance(outcome, Rejected)
        assert "no connection to the application" in outcome.reason


async def test_content_type_of_message_counts() -> None:
    async with world() as here:
        await here.subscribed(to("orders"))

        message = Message(
            data=b"\x01", topic="orders", content_type="application/octet-stream", metadata={"ce_id": "5"}
        )
        assert await here.bus.subscribed["orders"](message) == Accepted()
        assert here.app.got[0][1]["id"] == "5"


async def test_deliveries_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "DELIVERIES_AT_ONCE", 2)
    async with world() as here:
        here.app.hold = asyncio.Event()
        await here.subscribed(to("orders"))
        async with asyncio.TaskGroup() as tasks:
            for _ in range(5):
                tasks.create_task(here.bus.send("orders"))
            async with asyncio.timeout(5):
                await here.app.arrived.wait()
            most = len(here.app.got)
            here.app.hold.set()

        assert most <= 2
        assert len(here.app.got) == 5
