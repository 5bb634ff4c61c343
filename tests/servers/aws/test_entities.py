from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from pluggable import Metadata
from pluggable.errors import InitError, NotFoundError
from pluggable_servers.aws.entities import Naming
from pluggable_servers.aws.snssqs import SNSSQSPubSub
from tests.backends.moto import ACCOUNT, Moto
from tests.servers.aws.broker import broker, properties, publish, queue_arn, topic_arn, until, url_of
from tests.servers.aws.opening import opened
from tests.servers.running import Inbox, subscribed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("aws")]

ODD = "Some_invalid-name // for an AWS &*() resource, and much longer than AWS takes names to be; 1234567890"


def statement(topic: str, queue: str) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn(queue),
        "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn(topic)}},
    }


async def attributes(sqs: Any, queue: str) -> dict[str, str]:
    found: dict[str, str] = (
        await sqs.get_queue_attributes(QueueUrl=await url_of(sqs, queue), AttributeNames=["All"])
    )["Attributes"]
    return found


@pytest.mark.parametrize(
    ("given", "fifo", "wanted"),
    [
        ("my.topic/ä b-c_D1", False, "mytopicb-c_D1"),
        ("a.fifo", False, "afifo"),
        ("a.fifo", True, "a.fifo"),
        ("a", True, "a.fifo"),
        ("a.fifo.fifo", True, "afifo.fifo"),
        (ODD, False, "Some_invalid-nameforanAWSresourceandmuchlongerthanAWStakesnamestobe1234567890"),
        ("x" * 100, False, "x" * 80),
        ("x" * 100, True, "x" * 75 + ".fifo"),
        ("x" * 75 + ".fifo", True, "x" * 75 + ".fifo"),
    ],
)
def test_names_keep_what_aws_allows(given: str, fifo: bool, wanted: str) -> None:
    assert Naming(partition="", account="", fifo=fifo).name(given) == wanted


@pytest.mark.parametrize(
    ("region", "partition", "wanted"),
    [
        ("eu-central-1", "", "aws"),
        ("cn-north-1", "", "aws-cn"),
        ("us-gov-west-1", "", "aws-us-gov"),
        ("us-iso-east-1", "", "aws-iso"),
        ("us-isob-east-1", "", "aws-iso-b"),
        ("us-isof-south-1", "", "aws-iso-f"),
        ("eu-isoe-west-1", "", "aws-iso-e"),
        ("eusc-de-east-1", "", "aws-eusc"),
        ("eu-central-1", "aws-own", "aws-own"),
    ],
)
def test_partition_is_the_regions(region: str, partition: str, wanted: str) -> None:
    naming = Naming(partition=partition, account="1", fifo=False)

    assert naming.topic_arn("t", region) == f"arn:{wanted}:sns:{region}:1:t"


async def test_topic_queue_and_policy_are_made(moto: Moto, sns: Any, sqs: Any, name: str) -> None:
    async with (
        broker(moto, f"{name}.q") as events,
        subscribed(events, f"{name}/a", Inbox()),
        subscribed(events, f"{name}b", Inbox()),
    ):
        queue = await attributes(sqs, f"{name}q")
        links = (await sns.list_subscriptions_by_topic(TopicArn=topic_arn(f"{name}a")))["Subscriptions"]
        link = await sns.get_subscription_attributes(SubscriptionArn=links[0]["SubscriptionArn"])

    tags = (await sns.list_tags_for_resource(ResourceArn=topic_arn(f"{name}a")))["Tags"]
    assert tags == [{"Key": "dapr-topic-name", "Value": f"{name}a"}]
    url = await url_of(sqs, f"{name}q")
    assert (await sqs.list_queue_tags(QueueUrl=url))["Tags"] == {"dapr-queue-name": f"{name}q"}
    assert json.loads(queue["Policy"]) == {
        "Version": "2012-10-17",
        "Statement": [statement(f"{name}a", f"{name}q"), statement(f"{name}b", f"{name}q")],
    }
    assert "RedrivePolicy" not in queue
    assert [(each["Protocol"], each["Endpoint"]) for each in links] == [("sqs", queue_arn(f"{name}q"))]
    assert link["Attributes"]["RawMessageDelivery"] == "false"


async def test_policy_keeps_what_it_says(moto: Moto, sqs: Any, name: str) -> None:
    other = {"Sid": "mine", "Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "r"}
    given = {"Version": "2008-10-17", "Id": "i", "Statement": other}
    await sqs.create_queue(QueueName=name, Attributes={"Policy": json.dumps(given)})
    for _ in range(2):
        async with broker(moto, name) as events, subscribed(events, name, Inbox()):
            pass

    assert json.loads((await attributes(sqs, name))["Policy"]) == {
        **given,
        "Statement": [other, statement(name, name)],
    }


async def test_fifo_entities_are_made(moto: Moto, sns: Any, sqs: Any, name: str) -> None:
    async with broker(moto, name, fifo="true") as events, subscribed(events, name, Inbox()):
        queue = await attributes(sqs, f"{name}.fifo")
        topic = (await sns.get_topic_attributes(TopicArn=topic_arn(f"{name}.fifo")))["Attributes"]

    assert (queue["FifoQueue"], queue["ContentBasedDeduplication"]) == ("true", "true")
    assert (topic["FifoTopic"], topic["ContentBasedDeduplication"]) == ("true", "true")


async def test_dead_letters_are_set(moto: Moto, sqs: Any, name: str) -> None:
    more = {"sqsDeadLettersQueueName": f"{name}.dead", "messageReceiveLimit": "3"}
    async with broker(moto, name, **more) as events, subscribed(events, name, Inbox()):
        queue = await attributes(sqs, name)

    redrive = json.loads(queue["RedrivePolicy"])
    assert (redrive["deadLetterTargetArn"], int(redrive["maxReceiveCount"])) == (queue_arn(f"{name}dead"), 3)


async def test_nothing_is_made_without_management(moto: Moto, sns: Any, sqs: Any, name: str) -> None:
    await sns.create_topic(Name=name)
    await sqs.create_queue(QueueName=name)
    await sns.subscribe(TopicArn=topic_arn(name), Protocol="sqs", Endpoint=queue_arn(name))
    inbox = Inbox()
    async with broker(moto, name, disableEntityManagement="true") as events:
        async with subscribed(events, name, inbox):
            await publish(events, name, b"1")
            assert await inbox.data(1) == [b"1"]
        with pytest.raises(NotFoundError, match="GetTopicAttributes"):
            await publish(events, f"{name}-none", b"1")

    assert "Policy" not in await attributes(sqs, name)


async def test_missing_link_is_told_until_it_is_there(
    moto: Moto, sns: Any, sqs: Any, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    await sns.create_topic(Name=name)
    await sqs.create_queue(QueueName=name)
    async with broker(moto, name, disableEntityManagement="true", accountID=ACCOUNT) as events:
        waiting = asyncio.create_task(_until_ready(events, name, Inbox()))
        await until(lambda: f"queue {queue_arn(name)} is not subscribed to topic" in caplog.text)
        await sns.subscribe(TopicArn=topic_arn(name), Protocol="sqs", Endpoint=queue_arn(name))
        await waiting


async def _until_ready(events: SNSSQSPubSub, name: str, inbox: Inbox) -> None:
    async with subscribed(events, name, inbox):
        pass


async def test_absence_is_told_at_init(own_moto: Moto, name: str) -> None:
    said = f"aws sts {own_moto.endpoint}: Could not connect"
    with own_moto.away(), pytest.raises(InitError, match=said):
        await SNSSQSPubSub().init(_metadata(own_moto, name))


async def test_silence_is_told_at_init(own_moto: Moto, name: str) -> None:
    said = r"no answer within 0\.3 s \(assetsManagementTimeoutSeconds\)"
    with own_moto.frozen(), pytest.raises(InitError, match=said):
        await SNSSQSPubSub().init(_metadata(own_moto, name, assetsManagementTimeoutSeconds="0.3"))


async def test_known_account_is_not_asked_for(own_moto: Moto, name: str) -> None:
    given = properties(own_moto, name, accountID=ACCOUNT)
    with own_moto.away():
        async with opened(SNSSQSPubSub, given):
            pass


def _metadata(moto: Moto, name: str, **more: str) -> Metadata:
    return Metadata(properties(moto, name, **more), "events")
