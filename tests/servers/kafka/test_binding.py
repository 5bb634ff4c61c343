"""The binding to Kafka against a real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from pluggable.bindings import Event, InvokeRequest
from pluggable.delivery import Accepted, Delivery, Outcome, Rejected
from pluggable.errors import InvalidRequestError
from pluggable.metadata import Metadata
from pluggable_servers.kafka.binding import KafkaBinding

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kafka")]


class Events(Delivery[Event]):
    """Takes events, and rejects those that are bad."""

    def __init__(self) -> None:
        self.registered = asyncio.Event()
        self.came: asyncio.Queue[Event] = asyncio.Queue()

    async def __call__(self, message: Event) -> Outcome:
        self.came.put_nowait(message)
        return Rejected("bad") if message.data == b"bad" else Accepted()

    def ready(self) -> None:
        self.registered.set()


@asynccontextmanager
async def binding(properties: dict[str, str]) -> AsyncIterator[KafkaBinding]:
    found = KafkaBinding()
    await found.init(Metadata(properties, "calls"))
    try:
        yield found
    finally:
        await found.close()


async def test_created_message_comes_as_an_event(properties: dict[str, str], topic: str) -> None:
    events = Events()
    async with (
        binding({**properties, "publishTopic": topic, "topics": topic}) as found,
        asyncio.timeout(30),
        asyncio.TaskGroup() as tasks,
    ):
        reading = tasks.create_task(found.read(events))
        await events.registered.wait()
        for data in (b"bad", b'{"n":1}'):
            call = InvokeRequest(operation="create", data=data, metadata={"__key": "k", "some": "thing"})
            assert (await found.invoke(call)).data is None
        came = [await events.came.get() for _ in range(2)]
        reading.cancel()

    assert [event.data for event in came] == [b"bad", b'{"n":1}']
    assert (came[1].metadata["__key"], came[1].metadata["some"]) == ("k", "thing")
    assert came[1].metadata["__offset"] == "1"


async def test_call_without_a_topic_is_refused(properties: dict[str, str]) -> None:
    async with binding(properties) as found:
        with pytest.raises(InvalidRequestError, match="publishTopic is missing"):
            await found.invoke(InvokeRequest(operation="create", data=b"1"))
