"""A component on topics and a queue of its own, and what is in the queue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from pluggable.pubsub import PublishRequest
from pluggable_servers.aws.snssqs import SNSSQSPubSub
from tests.backends.moto import ACCOUNT, REGION, Moto
from tests.servers.aws.opening import opened


def properties(moto: Moto, queue: str, **more: str) -> dict[str, str]:
    """Those of a component that does not wait long for anything."""
    quick = {"messageVisibilityTimeout": "1", "messageWaitTimeSeconds": "1"}
    return {**moto.properties, "consumerID": queue, **quick, **more}


@asynccontextmanager
async def broker(moto: Moto, queue: str, **more: str) -> AsyncIterator[SNSSQSPubSub]:
    """A component whose queue this is."""
    async with opened(SNSSQSPubSub, properties(moto, queue, **more), "events") as found:
        yield found


async def publish(found: SNSSQSPubSub, topic: str, *data: bytes) -> None:
    """Publish them one after the other."""
    for each in data:
        await found.publish(PublishRequest(topic=topic, data=each, pubsub_name="events"))


def topic_arn(name: str) -> str:
    """The ARN that moto gives a topic."""
    return f"arn:aws:sns:{REGION}:{ACCOUNT}:{name}"


def queue_arn(name: str) -> str:
    """The ARN that moto gives a queue."""
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


async def url_of(sqs: Any, queue: str) -> str:
    """Where a queue is."""
    url: str = (await sqs.get_queue_url(QueueName=queue))["QueueUrl"]
    return url


async def counts(sqs: Any, queue: str) -> tuple[int, int]:
    """Return how many messages of a queue wait, and how many are in hand."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = await sqs.get_queue_attributes(QueueUrl=await url_of(sqs, queue), AttributeNames=names)
    waiting, in_hand = (int(answer["Attributes"][name]) for name in names)
    return waiting, in_hand


async def emptied(sqs: Any, queue: str) -> None:
    """Wait until a queue has no message, waiting or in hand."""

    async def empty() -> bool:
        return await counts(sqs, queue) == (0, 0)

    await until(empty)


async def received(sqs: Any, queue: str, **how: Any) -> list[dict[str, Any]]:
    """Return messages of a queue, as a client of SQS sees them."""
    answer = await sqs.receive_message(
        QueueUrl=await url_of(sqs, queue), MaxNumberOfMessages=10, WaitTimeSeconds=5, **how
    )
    found: list[dict[str, Any]] = answer.get("Messages", [])
    return found


async def until(true: Callable[[], bool | Awaitable[bool]]) -> None:
    """Wait for what neither a log nor AWS tells of: ask again and again."""
    async with asyncio.timeout(40):
        while True:
            found = true()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.1)


async def linked(moto: Moto, queue: str) -> None:
    """Wait until a queue is subscribed to a topic: what is published before that is for nobody."""

    async def found() -> bool:
        links = (await sns.list_subscriptions())["Subscriptions"]
        return any(each["Endpoint"] == queue_arn(queue) for each in links)

    async with moto.client("sns") as sns:
        await until(found)
