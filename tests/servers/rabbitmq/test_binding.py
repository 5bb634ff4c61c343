from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from typing import Any

import pytest
from aiormq.channel import Channel
from pamqp.commands import Basic

from pluggable.bindings import InvokeRequest
from pluggable.delivery import Accepted, Outcome, Rejected, Unanswered
from pluggable.errors import InitError, InvalidRequestError, UnavailableError
from pluggable.metadata import Metadata
from pluggable_servers.rabbitmq.binding import RabbitBinding
from tests.backends.rabbitmq import RabbitMQ
from tests.servers.events import Events, bound, reading

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("rabbitmq")]


@pytest.fixture
def given(node: RabbitMQ) -> dict[str, str]:
    """Properties of a binding with a queue that no other test has."""
    return {
        "host": f"amqp://guest:guest@127.0.0.1:{node.port}/",
        "queueName": f"work-{uuid.uuid4().hex[:8]}",
        "durable": "true",
        "reconnectWaitInSeconds": "200ms",
    }


def create(data: bytes, **metadata: str) -> InvokeRequest:
    return InvokeRequest(operation="create", data=data, metadata=metadata)


async def test_event_is_the_message_with_its_headers(given: Mapping[str, str]) -> None:
    events = Events()
    async with bound(RabbitBinding, given) as found, reading(found, events):
        assert (await found.invoke(create(b"\x00x", **{"Key one": "a b", "other": "y"}))).data is None
        event = await events.next()

    assert event.data == b"\x00x"
    assert dict(event.metadata) == {"Key+one": "a b", "other": "y"}


async def test_headers_that_are_no_texts_are_left_out(given: Mapping[str, str], bare: Channel) -> None:
    events = Events()
    headers: dict[str, Any] = {"number": 3, "text": "t", "list": ["a"]}
    async with bound(RabbitBinding, given) as found, reading(found, events):
        properties = Basic.Properties(headers=headers)
        await bare.basic_publish(b"1", routing_key=given["queueName"], properties=properties)
        event = await events.next()

    assert dict(event.metadata) == {"text": "t"}


@pytest.mark.parametrize("outcome", [Rejected("not now"), Unanswered()])
async def test_event_that_was_not_handled_comes_again(given: Mapping[str, str], outcome: Outcome) -> None:
    events = Events(outcome, outcome, Accepted())
    async with bound(RabbitBinding, given) as found, reading(found, events):
        await found.invoke(create(b"1"))

        assert await events.data(3) == [b"1", b"1", b"1"]


async def test_message_lives_as_long_as_its_call_says(given: Mapping[str, str], bare: Channel) -> None:
    async with bound(RabbitBinding, given) as found:
        await found.invoke(create(b"short", ttlInSeconds="1"))
        await found.invoke(create(b"long", ttlInSeconds="600"))
        await shrunk(bare, given["queueName"], 1)
        messages = [await bare.basic_get(given["queueName"], no_ack=True) for _ in range(2)]

    assert [message.body for message in messages] == [b"long", b""]  # the second is that there is none
    assert messages[0].header.properties.expiration == "600000"


async def test_message_lives_as_long_as_its_queue_says(given: Mapping[str, str], bare: Channel) -> None:
    async with bound(RabbitBinding, {**given, "ttlInSeconds": "1"}) as found:
        await found.invoke(create(b"short", ttlInSeconds="600"))

        await shrunk(bare, given["queueName"], 0)


async def test_urgent_message_comes_first(given: Mapping[str, str]) -> None:
    events = Events()
    async with bound(RabbitBinding, {**given, "maxPriority": "5", "prefetchCount": "1"}) as found:
        for priority in "131":
            await found.invoke(create(priority.encode(), priority=priority))
        async with reading(found, events):
            assert await events.data(3) == [b"3", b"1", b"1"]


async def test_unacknowledged_event_is_the_next_readers(given: Mapping[str, str]) -> None:
    silent, events = Events(Unanswered()), Events()
    async with bound(RabbitBinding, given) as found:
        async with reading(found, silent):
            await found.invoke(create(b"1"))
            await silent.next()
        async with reading(found, events):
            assert (await events.next()).data == b"1"


async def test_broker_that_is_away_is_said_and_found_again(node: RabbitMQ, given: Mapping[str, str]) -> None:
    events = Events()
    async with bound(RabbitBinding, given) as found, reading(found, events):
        await found.invoke(create(b"1"))
        assert (await events.next()).data == b"1"
        with node.away():
            with pytest.raises(UnavailableError, match=f"rabbitmq 127.0.0.1:{node.port}"):
                await found.invoke(create(b"lost"))
            with pytest.raises(UnavailableError):
                await found.ping()
        await found.invoke(create(b"2"))

        while (await events.next()).data != b"2":
            pass  # the first again, where its acknowledgement was lost


async def test_requests_it_cannot_do_are_refused(given: Mapping[str, str]) -> None:
    async with bound(RabbitBinding, given) as found:
        with pytest.raises(InvalidRequestError, match="unsupported operation delete, wanted create"):
            await found.invoke(InvokeRequest(operation="delete", data=b"", metadata={}))
        with pytest.raises(InvalidRequestError, match="the time to live cannot be used"):
            await found.invoke(create(b"1", ttlInSeconds="soon"))


async def test_queue_that_is_another_is_refused(given: Mapping[str, str], bare: Channel) -> None:
    await bare.queue_declare(given["queueName"], durable=False)
    with pytest.raises(InitError, match="durable"):
        await RabbitBinding().init(Metadata(dict(given), "work"))


async def test_wrong_password_is_denied_and_not_shown(
    node: RabbitMQ, given: Mapping[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    found = RabbitBinding()
    with pytest.raises(InitError, match="check user name and password") as caught:
        await found.init(
            Metadata({**given, "host": f"amqp://guest:hush-hush@127.0.0.1:{node.port}/"}, "work")
        )

    assert "hush-hush" not in str(caught.value) + repr(caught.value) + repr(vars(found)) + caplog.text


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        ({"host": ""}, "host is missing"),
        ({"host": "http://u:hush-hush@h"}, "host is no address"),
        ({"queueName": ""}, "queueName is missing"),
        ({"maxPriority": "high"}, "maxPriority"),
        ({"ttlInSeconds": "soon"}, "ttlInSeconds"),
        ({"prefetchCount": "many"}, "prefetchCount"),
    ],
)
async def test_faulty_settings_are_told(bad: dict[str, str], fault: str) -> None:
    good = {"host": "amqp://u:hush-hush@h/", "queueName": "work"}
    with pytest.raises(InitError, match=fault) as caught:
        await RabbitBinding().init(Metadata({**good, **bad}, "work"))

    assert "hush-hush" not in str(caught.value)


async def shrunk(bare: Channel, queue: str, count: int) -> None:
    """Wait until a queue has no more than so many messages."""
    async with asyncio.timeout(15):
        while ((await bare.queue_declare(queue, passive=True)).message_count or 0) > count:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
