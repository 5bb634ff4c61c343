from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from pluggable import Rejected, Unanswered
from pluggable.pubsub import PublishRequest
from pluggable_servers.memory import backlog, pubsub
from pluggable_servers.memory.pubsub import InMemoryPubSub
from tests.servers.running import Inbox, Silent, broker, subscribed


@pytest.fixture
async def events() -> AsyncIterator[InMemoryPubSub]:
    async with broker(InMemoryPubSub, {}) as found:
        assert isinstance(found, InMemoryPubSub)
        yield found


def request(topic: str, data: bytes = b"x") -> PublishRequest:
    return PublishRequest(topic=topic, data=data)


def test_wildcards_are_its_feature() -> None:
    assert InMemoryPubSub().features == ("SUBSCRIBE_WILDCARDS",)


async def test_wildcard_wants_one_more_character(events: InMemoryPubSub) -> None:
    inbox = Inbox()
    async with subscribed(events, "order*", inbox):
        for topic in ("order", "bill", "order*", "orders", "order/1"):
            await events.publish(request(topic, topic.encode()))
        found = [(await inbox.next()).topic for _ in range(3)]

    assert found == ["order*", "orders", "order/1"]


async def test_every_subscription_gets_a_copy(events: InMemoryPubSub) -> None:
    first, second = Inbox(), Inbox()
    async with subscribed(events, "orders", first), subscribed(events, "ord*", second):
        await events.publish(request("orders", b"1"))

        assert await first.data(1) == await second.data(1) == [b"1"]


async def test_message_without_subscriber_is_discarded(events: InMemoryPubSub) -> None:
    await events.publish(request("orders", b"early"))
    inbox = Inbox()
    async with subscribed(events, "orders", inbox):
        await events.publish(request("orders", b"late"))

        assert await inbox.data(1) == [b"late"]


async def test_rejection_is_logged(events: InMemoryPubSub, caplog: pytest.LogCaptureFixture) -> None:
    inbox = Inbox(Rejected("no such order"))
    async with subscribed(events, "orders", inbox):
        await events.publish(request("orders"))
        await events.publish(request("orders"))
        await inbox.data(2)

    assert 'pubsub.in-memory "events"' in caplog.text
    assert "no such order" in caplog.text


async def test_unanswered_message_comes_again_first(events: InMemoryPubSub) -> None:
    inbox = Inbox(Unanswered())
    async with subscribed(events, "orders", inbox):
        await events.publish(request("orders", b"1"))
        await events.publish(request("orders", b"2"))

        assert await inbox.data(3) == [b"1", b"1", b"2"]


async def test_publishing_waits_for_room(events: InMemoryPubSub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "MOST_BYTES", 1000)
    async with subscribed(events, "orders", silent := Silent()):
        await events.publish(request("orders", b"x" * 1000))
        await silent.next()
        waiting = asyncio.create_task(events.publish(request("orders", b"late")))
        _, pending = await asyncio.wait([waiting], timeout=0.05)
        assert pending

    async with subscribed(events, "orders", inbox := Inbox()):
        assert await inbox.data(2) == [b"x" * 1000, b"late"]
        await waiting


async def test_left_messages_are_dropped_in_time(
    events: InMemoryPubSub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pubsub, "KEPT_FOR", 0.05)
    monkeypatch.setattr(backlog, "MOST_BYTES", 1000)
    async with subscribed(events, "orders", silent := Silent()):
        await events.publish(request("orders", b"x" * 1000))
        await silent.next()
    # Ends when what was left behind is dropped and takes no room any more.
    async with asyncio.timeout(5):
        await events.publish(request("orders", b"late"))

    assert "1 messages" in caplog.text
    async with subscribed(events, "orders", inbox := Inbox()):
        await events.publish(request("orders", b"new"))
        assert await inbox.data(1) == [b"new"]


async def test_it_warns_that_nothing_is_kept(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        async with broker(InMemoryPubSub, {}):
            pass

    assert "gone when it ends" in caplog.text
