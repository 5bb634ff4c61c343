"""Messages read off a stream of their own, by Dapr's Python client."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.clients.python.speaking import Client, refused

READ_SECONDS = 20


def topic(key: str) -> str:
    return key.replace("[", "-").replace("]", "")


async def test_message_is_read_off_a_stream(dapr: Client, key: str) -> None:
    opened = await dapr.call("subscribe", "events", topic(key))
    try:
        await dapr.call("publish_event", "events", topic(key), "text")
        await dapr.call(
            "publish_event", "events", topic(key), '{"n": 1}', data_content_type="application/json"
        )
        first = await dapr.ask(opened, "next_message")
        await dapr.ask(opened, "respond_success", first)
        second = await dapr.ask(opened, "next_message")
        await dapr.ask(opened, "respond_drop", second)
    finally:
        await dapr.ask(opened, "close")

    assert (first.data(), first.data_content_type()) == ("text", "text/plain")
    assert (first.topic(), first.pubsub_name(), first.source()) == (topic(key), "events", "shop")
    assert (first.type(), first.spec_version()) == ("com.dapr.event.sent", "1.0")
    assert second.data() == {"n": 1}
    assert first.id() != second.id()


async def test_many_published_at_once_come_each(dapr: Client, key: str) -> None:
    wanted = {f"text {number}" for number in range(10)}
    opened = await dapr.call("subscribe", "events", topic(key))
    try:
        await dapr.call("publish_events", "events", topic(key), sorted(wanted))
        for _ in range(10):
            message = await dapr.ask(opened, "next_message")
            await dapr.ask(opened, "respond_success", message)
            wanted.remove(message.data())
    finally:
        await dapr.ask(opened, "close")


async def test_what_a_stream_drops_goes_to_its_dead_letters(dapr: Client, key: str) -> None:
    dead = await dapr.call("subscribe", "events", f"{topic(key)}-dead")
    opened = await dapr.call("subscribe", "events", topic(key), dead_letter_topic=f"{topic(key)}-dead")
    try:
        await dapr.call("publish_event", "events", topic(key), "unwanted")
        message = await dapr.ask(opened, "next_message")
        await dapr.ask(opened, "respond_drop", message)

        dropped = await dapr.ask(dead, "next_message")
        await dapr.ask(dead, "respond_success", dropped)
    finally:
        await dapr.ask(opened, "close")
        await dapr.ask(dead, "close")
    assert dropped.data() == "unwanted"


async def test_handler_gets_each_message(dapr: Client, key: str) -> None:
    got: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def handle(message: Any) -> Any:
        from dapr.clients.grpc._response import TopicEventResponse

        loop.call_soon_threadsafe(got.put_nowait, message.data())
        return TopicEventResponse("success")

    async def handle_awaited(message: Any) -> Any:
        return handle(message)

    handler = handle if dapr.form == "sync" else handle_awaited
    close = await dapr.call("subscribe_with_handler", "events", topic(key), handler)
    try:
        for number in range(3):
            await dapr.call("publish_event", "events", topic(key), str(number))
        async with asyncio.timeout(READ_SECONDS):
            assert [await got.get() for _ in range(3)] == ["0", "1", "2"]
    finally:
        await dapr.run(close)


async def test_unknown_broker_has_no_stream(dapr: Client) -> None:
    with refused_stream(dapr):
        await dapr.call("subscribe", "none", "topic")


def refused_stream(dapr: Client) -> Any:
    """Expect what the client makes of a stream that ends at once: the blocking one hides its status."""
    import pytest

    if dapr.form == "sync":
        return pytest.raises(Exception, match="pubsub none is not found")
    return refused("INVALID_ARGUMENT", "pubsub none is not found")
