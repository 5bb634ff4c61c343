from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from pluggable.bindings import Event, InvokeRequest
from pluggable.delivery import Accepted, Delivery, Outcome, Rejected
from pluggable.errors import InvalidRequestError, NotFoundError, UnavailableError
from pluggable_servers.aws.sqs import SQSBinding
from tests.backends.moto import Moto
from tests.servers.aws.broker import counts, emptied, received, until, url_of
from tests.servers.aws.opening import opened

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("aws")]


class Events(Delivery[Event]):
    """Takes events and answers them as told, from a list whose end is Accepted for all that follow."""

    def __init__(self, *answers: Outcome | None) -> None:
        self._answers = list(answers)
        self._arrived: asyncio.Queue[bytes] = asyncio.Queue()
        self.registered = asyncio.Event()

    async def __call__(self, message: Event) -> Outcome:
        self._arrived.put_nowait(message.data)
        answer = self._answers.pop(0) if self._answers else Accepted()
        if answer is not None:
            return answer
        never: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        return await never

    def ready(self) -> None:
        self.registered.set()

    async def next(self) -> bytes:
        async with asyncio.timeout(60):
            return await self._arrived.get()


@pytest.fixture
async def queue(sqs: Any, name: str) -> str:
    """A queue that shows a message again after a second."""
    await sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "1"})
    return name


@pytest.fixture
async def binding(moto: Moto, queue: str) -> AsyncIterator[SQSBinding]:
    async with opened(SQSBinding, {**moto.properties, "queueName": queue}) as found:
        yield found


@asynccontextmanager
async def reading(binding: SQSBinding, events: Events) -> AsyncIterator[None]:
    task = asyncio.create_task(binding.read(events))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def send(binding: SQSBinding, data: bytes) -> None:
    await binding.invoke(InvokeRequest(operation="create", data=data))


async def test_message_goes_as_it_is(binding: SQSBinding, sqs: Any, queue: str) -> None:
    await send(binding, '"ü"'.encode())

    (found,) = await received(sqs, queue, MessageAttributeNames=["All"])
    assert found["Body"] == '"ü"'
    assert "MessageAttributes" not in found


async def test_message_arrives_and_is_deleted(binding: SQSBinding, sqs: Any, queue: str) -> None:
    events = Events()
    async with reading(binding, events):
        await sqs.send_message(QueueUrl=await url_of(sqs, queue), MessageBody="ü")
        assert await events.next() == "ü".encode()
        await emptied(sqs, queue)


async def test_message_is_there_until_it_is_handled(binding: SQSBinding, sqs: Any, queue: str) -> None:
    events = Events(None)
    async with reading(binding, events):
        await send(binding, b"1")
        await events.next()
        assert sum(await counts(sqs, queue)) == 1


async def test_message_that_was_not_handled_comes_again(
    binding: SQSBinding, sqs: Any, queue: str, caplog: pytest.LogCaptureFixture
) -> None:
    events = Events(Rejected("not now"))
    async with reading(binding, events):
        await send(binding, b"1")
        assert [await events.next(), await events.next()] == [b"1", b"1"]
        await emptied(sqs, queue)

    assert f'of queue "{queue}" was not handled, and comes again: not now' in caplog.text


async def test_unanswered_message_comes_again_at_once(moto: Moto, sqs: Any, name: str) -> None:
    await sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "600"})
    async with opened(SQSBinding, {**moto.properties, "queueName": name}) as binding:
        events = Events(None)
        async with reading(binding, events):
            await send(binding, b"1")
            await events.next()
        later = Events()
        async with reading(binding, later):
            assert await later.next() == b"1"


async def test_missing_queue_is_told_and_found_once_it_is_there(
    moto: Moto, sqs: Any, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(SQSBinding, {**moto.properties, "queueName": name}) as binding:
        with pytest.raises(NotFoundError, match="NonExistentQueue"):
            await send(binding, b"1")
        events = Events()
        async with reading(binding, events):
            await until(lambda: f'queue "{name}": aws sqs' in caplog.text)
            await sqs.create_queue(QueueName=name)
            await send(binding, b"1")
            assert await events.next() == b"1"


@pytest.mark.parametrize(
    ("operation", "data", "said"),
    [
        ("get", b"", "unsupported operation get, wanted create"),
        ("create", b"a\xff", "this is no UTF-8 .invalid start byte at byte 1.; send it as base64"),
    ],
)
async def test_what_cannot_be_sent_is_told(
    binding: SQSBinding, operation: str, data: bytes, said: str
) -> None:
    with pytest.raises(InvalidRequestError, match=said):
        await binding.invoke(InvokeRequest(operation=operation, data=data))


async def test_absence_is_told_and_got_over(
    own_moto: Moto, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    given = {**own_moto.properties, "queueName": name}
    async with own_moto.client("sqs") as sqs, opened(SQSBinding, given) as binding:
        await sqs.create_queue(QueueName=name)
        events = Events()
        async with reading(binding, events):
            await send(binding, b"before")
            assert await events.next() == b"before"
            with own_moto.away():
                with pytest.raises(UnavailableError, match=f"aws sqs {own_moto.endpoint}: Could not connect"):
                    await send(binding, b"lost")
                await until(lambda: "trying again in" in caplog.text)
            await sqs.create_queue(QueueName=name)  # moto keeps nothing
            await send(binding, b"after")
            assert await events.next() == b"after"
