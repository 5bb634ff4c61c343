from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest

from pluggable import Metadata
from pluggable.delivery import Accepted, Outcome, Rejected
from pluggable.errors import MetadataError, UnavailableError
from pluggable.pubsub import Message
from pluggable_servers.aws.snssqs import SNSSQSPubSub
from tests.backends.moto import Moto
from tests.servers.aws.broker import (
    broker,
    counts,
    emptied,
    linked,
    properties,
    publish,
    queue_arn,
    received,
    topic_arn,
    until,
    url_of,
)
from tests.servers.running import Inbox, Silent, subscribed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("aws")]


@pytest.fixture
async def events(moto: Moto, name: str) -> AsyncIterator[SNSSQSPubSub]:
    """A component whose queue and topics are of this test's name."""
    async with broker(moto, name) as found:
        yield found


async def test_message_goes_as_sns_has_it(events: SNSSQSPubSub, sns: Any, sqs: Any, name: str) -> None:
    await sqs.create_queue(QueueName=f"{name}-bare")
    await publish(events, name, b"before there is a queue")
    await sns.subscribe(TopicArn=topic_arn(name), Protocol="sqs", Endpoint=queue_arn(f"{name}-bare"))
    await publish(events, name, '{"a": "ü<"}'.encode())

    (found,) = [json.loads(each["Body"]) for each in await received(sqs, f"{name}-bare")]
    assert (found["Message"], found["TopicArn"]) == ('{"a": "ü<"}', topic_arn(name))
    assert not found.get("MessageAttributes")
    assert "Subject" not in found


async def test_message_of_sns_arrives(events: SNSSQSPubSub, sns: Any, name: str) -> None:
    inbox = Inbox()
    async with subscribed(events, f"{name}.t", inbox):
        await sns.publish(TopicArn=topic_arn(f"{name}t"), Message="ü", Subject="s")
        found = await inbox.next()

    assert found == Message(data="ü".encode(), topic=f"{name}.t")


async def test_data_that_is_no_text_arrives(events: SNSSQSPubSub, name: str) -> None:
    inbox = Inbox()
    async with subscribed(events, name, inbox):
        await publish(events, name, b"\xff\x00\x80", b"/w==")
        found = await inbox.data(2)

    assert sorted(found) == [b"/w==", b"\xff\x00\x80"]


async def test_message_is_there_until_it_is_handled(events: SNSSQSPubSub, sqs: Any, name: str) -> None:
    class Deciding(Inbox):
        decision: asyncio.Event = asyncio.Event()

        async def __call__(self, message: Message) -> Outcome:
            outcome = await super().__call__(message)
            await self.decision.wait()
            return outcome

    inbox = Deciding()
    async with subscribed(events, name, inbox):
        await publish(events, name, b"1")
        await inbox.next()
        assert sum(await counts(sqs, name)) == 1
        inbox.decision.set()
        await emptied(sqs, name)


async def test_rejected_message_comes_again_and_is_deleted_at_the_limit(
    moto: Moto, sqs: Any, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    inbox = Inbox(*[Rejected("no such order")] * 9)
    async with broker(moto, name, messageRetryLimit="3") as events, subscribed(events, name, inbox):
        await publish(events, name, b"bad")
        assert await inbox.data(2) == [b"bad", b"bad"]
        await emptied(sqs, name)

    assert len(inbox.messages) == 2  # The third time it is received, it is deleted.
    assert "was received messageRetryLimit times and is deleted" in caplog.text
    assert f'of topic "{name}" was not handled: no such order' in caplog.text


async def test_message_is_kept_at_the_limit_if_told(moto: Moto, sqs: Any, name: str) -> None:
    inbox = Inbox(*[Rejected("no")] * 4)
    more = {"messageRetryLimit": "2", "disableDeleteOnRetryLimit": "true"}
    async with broker(moto, name, **more) as events, subscribed(events, name, inbox):
        await publish(events, name, b"bad")
        assert await inbox.data(5) == [b"bad"] * 5
        await emptied(sqs, name)


async def test_poisoned_message_becomes_a_dead_letter(moto: Moto, sqs: Any, name: str) -> None:
    inbox = Inbox(*[Rejected("no")] * 9)
    more = {"sqsDeadLettersQueueName": f"{name}-dead", "messageReceiveLimit": "2"}
    async with broker(moto, name, **more) as events, subscribed(events, name, inbox):
        await publish(events, name, b"bad")
        await inbox.data(2)
        dead: list[dict[str, Any]] = []
        async with asyncio.timeout(20):
            while not dead:
                dead = await received(sqs, f"{name}-dead")

    assert [json.loads(each["Body"])["Message"] for each in dead] == ["bad"]
    assert len(inbox.messages) == 2


async def test_unanswered_message_comes_again_at_once(moto: Moto, name: str) -> None:
    async with broker(moto, name, messageVisibilityTimeout="600") as events:
        silent = Silent()
        async with subscribed(events, name, silent):
            await publish(events, name, b"1", b"2")
            await silent.data(2)
        inbox = Inbox()
        async with subscribed(events, name, inbox):
            assert sorted(await inbox.data(2)) == [b"1", b"2"]


async def test_message_of_a_killed_consumer_comes_again(events: SNSSQSPubSub, sqs: Any, name: str) -> None:
    async with subscribed(events, name, Inbox()):
        pass
    await publish(events, name, b"1")
    # Whoever is killed has received, and says nothing more.
    assert len(await received(sqs, name, VisibilityTimeout=2)) == 1

    inbox = Inbox()
    async with subscribed(events, name, inbox):
        assert await inbox.data(1) == [b"1"]


async def test_topics_share_the_queue(events: SNSSQSPubSub, name: str) -> None:
    orders, bills = Inbox(), Inbox()
    async with subscribed(events, f"{name}-o", orders):
        async with subscribed(events, f"{name}-b", bills):
            await publish(events, f"{name}-o", b"o1", b"o2")
            await publish(events, f"{name}-b", b"b1", b"b2")
            found = sorted(await orders.data(2)), sorted(await bills.data(2))
        await publish(events, f"{name}-o", b"o3")
        assert await orders.data(1) == [b"o3"]

    assert found == ([b"o1", b"o2"], [b"b1", b"b2"])


async def test_two_subscriptions_of_a_topic_take_turns(events: SNSSQSPubSub, name: str) -> None:
    first, second = Inbox(), Inbox()
    async with subscribed(events, name, first), subscribed(events, name, second):
        await publish(events, name, *(str(number).encode() for number in range(10)))
        await first.data(5)
        await second.data(5)


async def test_message_of_no_subscription_stays(
    moto: Moto, sqs: Any, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with broker(moto, name, messageRetryLimit="2", messageVisibilityTimeout="1") as events:
        async with subscribed(events, f"{name}-old", Inbox()):
            pass
        await publish(events, f"{name}-old", b"1")
        for _ in range(4):
            await until(partial(_has_hidden, sqs, name, 0))
            async with subscribed(events, name, Inbox()):
                await until(partial(_has_hidden, sqs, name, 1))  # it was received
        inbox = Inbox()
        async with (
            broker(moto, name, messageRetryLimit="100") as later,
            subscribed(later, f"{name}-old", inbox),
        ):
            assert await inbox.data(1) == [b"1"]

    assert caplog.text.count(f'messages of topic "{name}-old", which nobody here subscribes to') == 1


async def _has_hidden(sqs: Any, queue: str, count: int) -> bool:
    """Say whether so many of a queue's messages are hidden, as those are that were received just now."""
    name = "ApproximateNumberOfMessagesNotVisible"
    answer = await sqs.get_queue_attributes(QueueUrl=await url_of(sqs, queue), AttributeNames=[name])
    return int(answer["Attributes"][name]) == count


@pytest.mark.parametrize("body", ["hello", "[1]", '{"Message": "x"}', '{"Message": 1, "TopicArn": "a:b"}'])
async def test_message_that_is_none_of_sns_is_deleted_at_the_limit(
    moto: Moto, sqs: Any, name: str, body: str
) -> None:
    inbox = Inbox()
    async with broker(moto, name, messageRetryLimit="2") as events, subscribed(events, name, inbox):
        await sqs.send_message(QueueUrl=await url_of(sqs, name), MessageBody=body)
        await publish(events, name, b"1")
        assert await inbox.data(1) == [b"1"]
        await emptied(sqs, name)


async def test_fifo_keeps_the_order_over_failures(moto: Moto, sqs: Any, name: str) -> None:
    class Failing(Inbox):
        async def __call__(self, message: Message) -> Outcome:
            await super().__call__(message)
            twice = [each.data for each in self.messages].count(message.data) > 1
            return Accepted() if twice or message.data != b"2" else Rejected("not yet")

    inbox = Failing()
    async with broker(moto, name, fifo="true") as events, subscribed(events, name, inbox):
        await publish(events, name, *(str(number).encode() for number in range(6)))
        found = await inbox.data(7)
        await emptied(sqs, f"{name}.fifo")

    assert found == [b"0", b"1", b"2", b"2", b"3", b"4", b"5"]


async def test_fifo_group_is_the_consumer_or_what_is_set(moto: Moto, sqs: Any, name: str) -> None:
    groups: list[str] = []
    for more in ({}, {"fifoMessageGroupID": "mine"}):
        queue = f"{name}-{len(groups)}"
        async with broker(moto, queue, fifo="true", **more) as events:
            async with subscribed(events, queue, Inbox()):
                pass
            await publish(events, queue, b"1")
            (found,) = await received(sqs, f"{queue}.fifo", AttributeNames=["All"])
            groups.append(found["Attributes"]["MessageGroupId"])

    assert groups == [f"{name}-0", "mine"]


@pytest.mark.parametrize(
    ("more", "most"), [({"concurrencyMode": "single"}, 1), ({"concurrencyLimit": "3"}, 3)]
)
async def test_so_many_are_handled_at_once(
    moto: Moto, sqs: Any, name: str, more: dict[str, str], most: int
) -> None:
    at_once = [0, 0]

    class Counting(Inbox):
        async def __call__(self, message: Message) -> Outcome:
            at_once[0] += 1
            at_once[1] = max(at_once)
            await asyncio.sleep(0.03)  # it takes its time
            at_once[0] -= 1
            return await super().__call__(message)

    inbox = Counting()
    given = {**more, "messageVisibilityTimeout": "60"}
    async with broker(moto, name, **given) as events:
        async with subscribed(events, name, Inbox()):
            pass
        await publish(events, name, *(str(number).encode() for number in range(12)))
        async with subscribed(events, name, inbox):
            await inbox.data(12)
            await emptied(sqs, name)

    assert at_once[1] == most


async def test_deleted_topic_is_made_again(events: SNSSQSPubSub, sns: Any, name: str) -> None:
    await publish(events, name, b"1")
    await sns.delete_topic(TopicArn=topic_arn(name))
    await publish(events, name, b"2")

    assert (await sns.get_topic_attributes(TopicArn=topic_arn(name)))["Attributes"]["TopicArn"]


async def test_absence_is_told_and_got_over(
    own_moto: Moto, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "pluggable_servers")
    inbox = Inbox()
    async with broker(own_moto, name) as events, subscribed(events, name, inbox):
        await publish(events, name, b"before")
        assert await inbox.data(1) == [b"before"]
        with own_moto.away():
            with pytest.raises(UnavailableError, match=f"aws sns {own_moto.endpoint}: Could not connect"):
                await publish(events, name, b"lost")
            with pytest.raises(UnavailableError):
                await events.ping()
            await until(lambda: 'pubsub.aws.snssqs "events": receiving: aws sqs' in caplog.text)
        # It comes back with nothing: topic, queue and subscription are made again.
        await linked(own_moto, name)
        await publish(events, name, b"after")
        assert await inbox.data(1) == [b"after"]
    for secret in ("accessKey", "secretKey"):
        assert own_moto.properties[secret] not in caplog.text


async def test_subscription_waits_for_a_broker_that_is_away(
    own_moto: Moto, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    inbox = Inbox()
    async with broker(own_moto, name) as events:
        with own_moto.away():
            subscribing = asyncio.create_task(_one(events, name, inbox))
            await until(lambda: f'subscribing to topic "{name}"' in caplog.text)
            assert not subscribing.done()
        assert await subscribing == [b"1"]


async def _one(events: SNSSQSPubSub, name: str, inbox: Inbox) -> list[bytes]:
    subscription = subscribed(events, name, inbox)
    async with asyncio.timeout(40), subscription:
        await publish(events, name, b"1")
        return await inbox.data(1)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"consumerID": " "}, "consumerID is missing"),
        ({"messageVisibilityTimeout": "0"}, "messageVisibilityTimeout is 0, wanted 1 or more"),
        ({"messageRetryLimit": "1"}, "messageRetryLimit is 1, wanted 2 or more"),
        ({"messageWaitTimeSeconds": "0"}, "messageWaitTimeSeconds is 0, wanted 1 or more"),
        ({"messageMaxNumber": "11"}, "messageMaxNumber is 11, wanted 1 to 10"),
        ({"messageReceiveLimit": "2"}, "of sqsDeadLettersQueueName and messageReceiveLimit one is missing"),
        ({"sqsDeadLettersQueueName": "d"}, "of sqsDeadLettersQueueName and messageReceiveLimit one"),
        ({"concurrencyLimit": "-1"}, "concurrencyLimit is -1"),
        ({"concurrencyMode": "many"}, "concurrencyMode"),
        (
            {
                "sqsDeadLettersQueueName": "d",
                "messageReceiveLimit": "2",
                "disableDeleteOnRetryLimit": "true",
            },
            "are both set; keep one",
        ),
    ],
)
async def test_what_does_not_fit_is_told(moto: Moto, more: dict[str, str], said: str) -> None:
    with pytest.raises(MetadataError, match=said):
        await SNSSQSPubSub().init(Metadata(properties(moto, "q", **more)))
