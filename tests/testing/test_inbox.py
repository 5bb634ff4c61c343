from __future__ import annotations

import asyncio

import pytest

from pluggable import Accepted, Delivery, InputBinding, Outcome, Rejected, TimedOutError, UnavailableError
from pluggable.bindings import Event, InvokeRequest
from pluggable.pubsub import Message, PublishRequest, Topic
from pluggable.testing import connected, reading, subscribed
from tests.testing.components import Board, Tray


class Noting(Board):
    """A board that notes what its messages were answered."""

    outcomes: asyncio.Queue[Outcome]

    async def subscribe(self, topic: Topic, deliver: Delivery[Message]) -> None:
        deliver.ready()
        while True:
            self.outcomes.put_nowait(await deliver(await self.queues[topic.name].get()))


async def test_messages_come_in_order() -> None:
    async with connected(Board) as board, subscribed(board, "t") as inbox:
        for data in (b"1", b"2"):
            await board.publish(PublishRequest(topic="t", data=data))

        assert [(await inbox.next()).data, (await inbox.next()).data] == [b"1", b"2"]
        assert await inbox.stays_empty(0.05)


async def test_answer_is_what_the_test_says() -> None:
    Noting.outcomes = asyncio.Queue()
    async with connected(Noting) as board, subscribed(board, "t", answer=Rejected("no")) as inbox:
        await board.publish(PublishRequest(topic="t", data=b"1"))
        assert await Noting.outcomes.get() == Rejected("no")
        inbox.answer = Accepted()
        await board.publish(PublishRequest(topic="t", data=b"2"))
        assert await Noting.outcomes.get() == Accepted()

        inbox.answer = None
        await board.publish(PublishRequest(topic="t", data=b"3"))
        assert [(await inbox.next()).data for _ in range(3)] == [b"1", b"2", b"3"]
        assert Noting.outcomes.empty()


async def test_nothing_delivered_is_said() -> None:
    async with connected(Board) as board, subscribed(board, "t") as inbox:
        with pytest.raises(TimedOutError, match=r"nothing was delivered within 0\.05 s"):
            await inbox.next(0.05)


async def test_source_that_ends_is_told() -> None:
    class Ending(Board):
        async def subscribe(self, topic: Topic, deliver: Delivery[Message]) -> None:  # noqa: ARG002
            return

    with pytest.raises(UnavailableError, match="the source ended by itself"):
        async with subscribed(Ending(), "t"):
            pass


async def test_events_of_both_bindings_are_read() -> None:
    events: asyncio.Queue[bytes] = asyncio.Queue()
    async with connected(lambda: Tray(events)) as tray:
        assert isinstance(tray, InputBinding)
        async with reading(tray) as inbox:
            answer = await tray.invoke(InvokeRequest(operation="create", data=b"a parcel"))

            assert (answer.data, tray.operations) == (b"taken", ("create",))
            assert await inbox.next() == Event(data=b"a parcel")
