"""What a gRPC application asks for: the answers to ``ListTopicSubscriptions``."""

from __future__ import annotations

import logging

from ..._proto.dapr.proto.runtime.v1 import appcallback_pb2 as pb
from ..resources import BulkSubscribe, Origin, Rule, Subscription
from .subscribe import PROGRAMMATIC

ORIGIN = Origin("ListTopicSubscriptions")

logger: logging.Logger = logging.getLogger(__name__)


def subscriptions_of(message: pb.ListTopicSubscriptionsResponse) -> tuple[Subscription, ...]:
    """
    Return the subscriptions; one that names no broker or no topic is left out, with a warning.

    One without routes has an empty one: a gRPC application gets all events by one method anyway.
    """
    for each in message.subscriptions:
        if not (each.pubsub_name and each.topic):
            logger.warning(
                'ListTopicSubscriptions: the application answered pubsub_name "%s", topic "%s"; '
                "both are wanted, so nothing is subscribed to",
                each.pubsub_name,
                each.topic,
            )
    return tuple(_subscription(each) for each in message.subscriptions if each.pubsub_name and each.topic)


def _subscription(message: pb.TopicSubscription) -> Subscription:
    rules = [Rule(path=rule.path, match=rule.match) for rule in message.routes.rules]
    if message.routes.default or not rules:
        rules.append(Rule(path=message.routes.default))
    default, bulk = BulkSubscribe(), message.bulk_subscribe
    return Subscription(
        pubsub=message.pubsub_name,
        topic=message.topic,
        rules=tuple(rules),
        dead_letter_topic=message.dead_letter_topic,
        metadata=dict(message.metadata),
        bulk=BulkSubscribe(
            enabled=bulk.enabled,
            max_messages=bulk.max_messages_count or default.max_messages,
            max_await_seconds=bulk.max_await_duration_ms / 1000 or default.max_await_seconds,
        ),
        kind=PROGRAMMATIC,
        origin=ORIGIN,
    )
