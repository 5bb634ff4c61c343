"""What daprd did with moto, to compare with where there is no daprd; `python -m` this to record it anew."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from tests.backends.moto import Moto

FILE: Final = Path(__file__).with_name("recorded.json")

BUCKET: Final = "recorded"
#: The operations on the bucket, in this order.
CALLS: Final[tuple[dict[str, Any], ...]] = (
    {"operation": "create", "data": "a<b", "metadata": {"key": "k1"}},
    {
        "operation": "create",
        "data": {"a": "x"},
        "metadata": {"key": "dir/k 2", "presignTTL": "1h", "tags": "a=1, b=2", "Content-Type": "text/x"},
    },
    {"operation": "create", "data": "/wA=", "metadata": {"key": "k3", "decodeBase64": "true"}},
    {"operation": "get", "metadata": {"key": "k1"}},
    {"operation": "get", "metadata": {"key": "k1", "encodeBase64": "true"}},
    {"operation": "get", "metadata": {"key": "none"}},
    {"operation": "get", "metadata": {}},
    {"operation": "list", "data": {"maxResults": 1}},
    {"operation": "list", "data": {"delimiter": "/"}},
    {"operation": "list", "data": {"prefix": "zzz"}},
    {"operation": "presign", "metadata": {"key": "k1", "presignTTL": "90s"}},
    {"operation": "presign", "metadata": {"key": "k1"}},
    {
        "operation": "bulkCreate",
        "data": {"items": [{"key": "m1", "data": "x&"}, {"key": "m2"}, {"data": "x"}]},
    },
    {"operation": "bulkGet", "data": {"items": [{"key": "m1"}, {"key": "m9"}, {"key": ""}]}},
    {"operation": "bulkGet", "data": {"items": []}},
    {"operation": "bulkDelete", "data": {"keys": ["m1", "m9", "", "m1"]}},
    {"operation": "bulkDelete", "data": {"keys": []}},
    {"operation": "delete", "metadata": {"key": "none"}},
    {"operation": "delete", "metadata": {}},
)
SECRETS: Final = {
    "one": '{"a":"x","n":5,"f":1.50,"w":2.0,"t":true,"u":null,"o":{"z":[1,"<&>"],"a":{}}}',
    "list": "[1]",
    "text": "wörd",
}
QUEUE: Final = "recorded-work"
#: What each broker of the recording is set to, and a topic of it.
BROKERS: Final[dict[str, dict[str, str]]] = {
    "plain": {"consumerID": "app.plain"},
    "dying": {
        "consumerID": "app.dying",
        "sqsDeadLettersQueueName": "dead.letters",
        "messageReceiveLimit": "3",
    },
    "ordered": {"consumerID": "app.ordered", "fifo": "true"},
}
TOPICS: Final = {"plain": "my.topic", "dying": "dying", "ordered": "ordered/topic"}
DATA: Final = '{"a":"ü<"}'

_QUEUE_ATTRIBUTES: Final = ("Policy", "RedrivePolicy", "FifoQueue", "ContentBasedDeduplication")
_TOPIC_ATTRIBUTES: Final = ("FifoTopic", "ContentBasedDeduplication")


def told(text: str) -> str:
    """Return an answer without what differs each time: the port, times, signatures."""
    text = re.sub(r"127\.0\.0\.1:\d+", "HOST", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text)
    return re.sub(r"\?X-Amz-[^\"]*", "?SIGNED", text)


def properties(moto: Moto) -> dict[str, dict[str, Any]]:
    """Return the settings of all components by their names, their types among them as ``type``."""
    base = moto.properties
    secrets = {"type": "secretstores.aws.secretmanager", **base}
    bucket = {"type": "bindings.aws.s3", "bucket": BUCKET, "forcePathStyle": "true", **base}
    queue = {"type": "bindings.aws.sqs", "queueName": QUEUE, "direction": "output", **base}
    brokers = {name: {"type": "pubsub.aws.snssqs", **settings, **base} for name, settings in BROKERS.items()}
    several = {**secrets, "multipleKeyValuesPerSecret": "true"}
    return {"s3": bucket, "sm": secrets, "several": several, "queue": queue, **brokers}


async def prepare(moto: Moto) -> None:
    """Make what the components expect to be there."""
    async with moto.client("s3") as client:
        await client.create_bucket(Bucket=BUCKET)
    async with moto.client("secretsmanager") as client:
        for name, value in SECRETS.items():
            await client.create_secret(Name=name, SecretString=value)
        await client.create_secret(Name="bytes", SecretBinary=b"x")
    async with moto.client("sqs") as client:
        await client.create_queue(QueueName=QUEUE)


async def entities(moto: Moto) -> dict[str, Any]:
    """Return the topics, queues and links that there are, by what daprd decides of them."""
    found: dict[str, Any] = {"topics": {}, "queues": {}, "links": []}
    async with moto.client("sns") as sns, moto.client("sqs") as sqs:
        for topic in (await sns.list_topics())["Topics"]:
            arn = topic["TopicArn"]
            attributes = (await sns.get_topic_attributes(TopicArn=arn))["Attributes"]
            tags = (await sns.list_tags_for_resource(ResourceArn=arn))["Tags"]
            found["topics"][arn] = [tags, _kept(attributes, _TOPIC_ATTRIBUTES)]
        for url in (await sqs.list_queues())["QueueUrls"]:
            answer = await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
            tags = (await sqs.list_queue_tags(QueueUrl=url)).get("Tags", {})
            attributes = _kept(answer["Attributes"], _QUEUE_ATTRIBUTES)
            if "RedrivePolicy" in attributes:  # moto forgets a policy that was set before it.
                attributes.pop("Policy", None)
            found["queues"][url.rpartition("/")[2]] = [tags, attributes]
        for link in (await sns.list_subscriptions())["Subscriptions"]:
            arn = link["SubscriptionArn"]
            attributes = (await sns.get_subscription_attributes(SubscriptionArn=arn))["Attributes"]
            shown = ("RawMessageDelivery", "FilterPolicy", "Protocol", "Endpoint", "TopicArn")
            found["links"].append(_kept(attributes, shown))
    found["links"].sort(key=json.dumps)
    found["queues"] = dict(sorted(found["queues"].items()))
    found["topics"] = dict(sorted(found["topics"].items()))
    return found


async def envelopes(moto: Moto) -> dict[str, Any]:
    """Return what the queues of the brokers have, by their names: SNS's envelope, group and order."""
    found: dict[str, Any] = {}
    async with moto.client("sqs") as sqs:
        for queue in ("appplain", "appordered.fifo"):
            url = (await sqs.get_queue_url(QueueName=queue))["QueueUrl"]
            answer = await sqs.receive_message(
                QueueUrl=url, AttributeNames=["All"], MaxNumberOfMessages=10, WaitTimeSeconds=15
            )
            found[queue] = [
                [_envelope(json.loads(each["Body"])), each["Attributes"].get("MessageGroupId")]
                for each in answer.get("Messages", [])
            ]
    return found


def _envelope(body: dict[str, Any]) -> dict[str, Any]:
    return {name: body.get(name) for name in ("Type", "TopicArn", "Subject", "Message", "MessageAttributes")}


def _kept(attributes: dict[str, str], names: tuple[str, ...]) -> dict[str, str]:
    return {name: attributes[name] for name in names if name in attributes}
