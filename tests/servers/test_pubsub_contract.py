from __future__ import annotations

from pluggable import Accepted, PubSub, Rejected, Unanswered
from pluggable.pubsub import PublishRequest
from tests.servers.running import Inbox, Silent, subscribed


async def publish(events: PubSub, topic: str, *data: bytes) -> None:
    for each in data:
        await events.publish(PublishRequest(topic=topic, data=each, metadata={"traceid": "t"}))


async def test_ping_answers(events: PubSub) -> None:
    await events.ping()


async def test_message_arrives_whole(events: PubSub) -> None:
    inbox = Inbox()
    async with subscribed(events, "orders", inbox):
        await publish(events, "orders", b'{"id": "\xc3\xbc"}')
        found = await inbox.next()

    assert (found.topic, found.data, found.metadata["traceid"]) == ("orders", b'{"id": "\xc3\xbc"}', "t")


async def test_messages_arrive_in_order(events: PubSub) -> None:
    sent = [str(number).encode() for number in range(300)]
    inbox = Inbox()
    async with subscribed(events, "orders", inbox):
        await publish(events, "orders", *sent)
        found = await inbox.data(len(sent))

    assert sorted(found, key=int) == sent


async def test_topics_are_apart(events: PubSub) -> None:
    orders, bills = Inbox(), Inbox()
    async with subscribed(events, "orders", orders), subscribed(events, "bills", bills):
        await publish(events, "orders", b"o1", b"o2")
        await publish(events, "bills", b"b1", b"b2")
        found = sorted(await orders.data(2)), sorted(await bills.data(2))

    assert found == ([b"o1", b"o2"], [b"b1", b"b2"])


async def test_rejected_message_is_dropped(events: PubSub) -> None:
    inbox = Inbox(Rejected("no such order"))
    async with subscribed(events, "orders", inbox):
        await publish(events, "orders", b"bad")
        assert await inbox.data(1) == [b"bad"]
        await publish(events, "orders", b"good")
        assert await inbox.data(1) == [b"good"]


async def test_message_of_a_cut_stream_comes_again(events: PubSub) -> None:
    silent = Silent()
    async with subscribed(events, "orders", silent):
        await publish(events, "orders", b"1", b"2")
        await silent.next()

    inbox = Inbox()
    async with subscribed(events, "orders", inbox):
        assert sorted(await inbox.data(2)) == [b"1", b"2"]


async def test_message_published_in_between_is_kept(events: PubSub) -> None:
    inbox = Inbox()
    async with subscribed(events, "orders", inbox):
        await publish(events, "orders", b"1")
        await inbox.next()
    await publish(events, "orders", b"2")

    later = Inbox()
    async with subscribed(events, "orders", later):
        assert await later.data(1) == [b"2"]


async def test_answered_message_does_not_come_again(events: PubSub) -> None:
    inbox = Inbox(Accepted())
    async with subscribed(events, "orders", inbox):
        await publish(events, "orders", b"1")
        await inbox.next()
        await publish(events, "orders", b"2")
        await inbox.next()

    later = Inbox(Unanswered())
    async with subscribed(events, "orders", later):
        await publish(events, "orders", b"3")
        assert await later.data(1) in (
            [b"2"],
            [b"3"],
        )  # The last answer may have been cut off with its stream.
