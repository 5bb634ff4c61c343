"""
The exchanges and queues of a topic, by the names and arguments that daprd gives them.

Facts: components-contrib ``pubsub/rabbitmq/rabbitmq.go``. A topic is an exchange; its subscribers of one
``consumerID`` share the queue ``<consumerID>-<topic>``, whose dead letters go to ``dlx-`` and ``dlq-`` of it.
"""

from __future__ import annotations

import uuid
from typing import Any, Final

from aiormq.channel import Channel

from pluggable.errors import InvalidRequestError
from pluggable.metadata import parse_bool
from pluggable.pubsub import Topic

from .settings import RabbitPubSubSettings

_LONGEST_TAG: Final = 255
_QUEUE_TYPES: Final = ("classic", "quorum")


async def declare_exchange(channel: Channel, settings: RabbitPubSubSettings, topic: str) -> None:
    """Declare what a topic's messages are published to."""
    await channel.exchange_declare(
        topic,
        exchange_type=settings.exchange_kind,
        durable=settings.durable,
        auto_delete=settings.deleted_when_unused,
    )


async def declare_queue(channel: Channel, settings: RabbitPubSubSettings, topic: Topic) -> str:
    """
    Declare all that a subscription needs and return the name of its queue.

    Raises:
        InvalidRequestError: the subscription's metadata are none that daprd takes.
    """
    queue = queue_of(settings, topic)
    arguments = arguments_of(settings, topic)
    await declare_exchange(channel, settings, topic.name)
    if settings.enable_dead_letter:
        await _declare_dead_letters(channel, settings, queue)
        arguments["x-dead-letter-exchange"] = f"dlx-{queue}"
    await channel.queue_declare(
        queue, durable=settings.durable, auto_delete=settings.deleted_when_unused, arguments=arguments
    )
    for key in topic.metadata.get("routingKey", "").split(","):
        await channel.queue_bind(queue, topic.name, key)
    return queue


def queue_of(settings: RabbitPubSubSettings, topic: Topic) -> str:
    """
    Return the name of a subscription's queue.

    Raises:
        InvalidRequestError: nothing says it.
    """
    if name := topic.metadata.get("queueName"):
        return name
    if not settings.consumer_id:
        raise InvalidRequestError(
            "consumerID is missing; set it under spec.metadata where the sidecar does not, or queueName in "
            "the subscription's metadata"
        )
    return f"{settings.consumer_id}-{topic.name}"


def tag_of(queue: str) -> str:
    """Return a name for a consumer, which no other has."""
    return f"{queue}-{uuid.uuid4()}"[-_LONGEST_TAG:]


def arguments_of(settings: RabbitPubSubSettings, topic: Topic) -> dict[str, Any]:
    """Return the arguments of a subscription's queue, but for dead letters."""
    metadata = topic.metadata
    arguments = _lengths(settings)
    if (priority := _number(topic, "maxPriority")) is not None:
        arguments["x-max-priority"] = min(255, priority)
    queue_type = metadata.get("queueType") or "classic"
    if queue_type not in _QUEUE_TYPES:
        raise InvalidRequestError(
            f'invalid queue type {queue_type} of topic "{topic.name}", wanted classic or quorum'
        )
    arguments["x-queue-type"] = queue_type
    if parse_bool(metadata.get("singleActiveConsumer", "")):
        arguments["x-single-active-consumer"] = True
    for name, argument in (("maxLenBytes", "x-max-length-bytes"), ("maxLen", "x-max-length")):
        if (length := _number(topic, name)) is not None:
            arguments[argument] = length
    return arguments


async def _declare_dead_letters(channel: Channel, settings: RabbitPubSubSettings, queue: str) -> None:
    exchange, letters = f"dlx-{queue}", f"dlq-{queue}"
    unused = settings.deleted_when_unused
    await channel.exchange_declare(exchange, exchange_type="fanout", durable=True, auto_delete=unused)
    arguments = {**_lengths(settings), "x-queue-mode": "lazy"}
    await channel.queue_declare(letters, durable=True, auto_delete=unused, arguments=arguments)
    await channel.queue_bind(letters, exchange)


def _lengths(settings: RabbitPubSubSettings) -> dict[str, Any]:
    lengths = {"x-max-length": settings.max_len, "x-max-length-bytes": settings.max_len_bytes}
    return {name: length for name, length in lengths.items() if length > 0}


def _number(topic: Topic, name: str) -> int | None:
    text = topic.metadata.get(name)
    if not text:
        return None
    if not text.isdecimal():
        raise InvalidRequestError(
            f'{name} of the subscription to "{topic.name}" is "{text}", wanted a number from 0'
        )
    return int(text)
