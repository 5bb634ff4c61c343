"""
What an application answers at ``/dapr/subscribe``: a JSON list, an item for each topic it wants.

Names count in any case, as with Go's decoder. Source: dapr/dapr ``pkg/runtime/pubsub/subscriptions.go``.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, TypeVar

from ..resources import BulkSubscribe, Origin, Rule, Subscription
from .errors import AppAnswerError

ORIGIN = Origin("/dapr/subscribe")
PROGRAMMATIC = "PROGRAMMATIC"

T = TypeVar("T")

logger: logging.Logger = logging.getLogger(__name__)


def read_subscriptions(items: Any) -> tuple[Subscription, ...]:
    """
    Return the subscriptions; an item that has no route is left out, with a warning.

    Raises:
        AppAnswerError: the answer, or a field of an item, is not what it should be.
    """
    if items is None:
        return ()
    if not isinstance(items, list):
        raise AppAnswerError(
            f"GET /dapr/subscribe: the application answered {_found(items)}, a JSON list is wanted"
        )
    found = [_subscription(_Item.of(item, f"item {number}")) for number, item in enumerate(items, start=1)]
    for subscription in found:
        if not subscription.rules:
            logger.warning(
                "topic %s has an empty routes. removing from subscriptions list", subscription.topic
            )
    return tuple(subscription for subscription in found if subscription.rules)


class _Item:
    """A JSON object whose fields are read by type; ``null`` is as good as absent."""

    def __init__(self, fields: Mapping[str, Any], where: str) -> None:
        self._fields = fields
        self._where = where

    @classmethod
    def of(cls, value: Any, where: str) -> _Item:
        """Return an object for reading."""
        if not isinstance(value, dict):
            raise AppAnswerError(f"GET /dapr/subscribe, {where}: {_found(value)}, an object is wanted")
        return cls({name.lower(): field for name, field in value.items()}, where)

    def get(self, name: str, kind: type[T], default: T, wanted: str) -> T:
        """Return a field of this type, or the default."""
        value = self._fields.get(name.lower())
        if value is None:
            return default
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.fault(name, value, wanted)
        return value

    def text(self, name: str) -> str:
        """Return a text, empty if there is none."""
        return self.get(name, str, "", "a string")

    def required(self, name: str) -> str:
        """Return a text that must be there."""
        if not (value := self.text(name)):
            raise AppAnswerError(f"GET /dapr/subscribe, {self._where}: {name} is missing or empty")
        return value

    def item(self, name: str) -> _Item:
        """Return an object within, empty if there is none."""
        return _Item.of(self.get(name, dict, {}, "an object"), f"{self._where}, {name}")

    def items(self, name: str) -> list[_Item]:
        """Return a list of objects within."""
        found = self.get(name, list, [], "a list")
        return [_Item.of(value, f"{self._where}, {name} {n}") for n, value in enumerate(found, start=1)]

    def texts(self, name: str) -> dict[str, str]:
        """Return an object whose values are texts."""
        found = self.get(name, dict, {}, "an object of strings")
        for key, value in found.items():
            if not isinstance(value, str):
                raise self.fault(f"{name}.{key}", value, "a string, in quotes")
        return found

    def fault(self, name: str, value: Any, wanted: str) -> AppAnswerError:
        """Return what is wrong with a field."""
        return AppAnswerError(
            f"GET /dapr/subscribe, {self._where}: {name} is {_found(value)}, {wanted} is wanted"
        )


def _subscription(item: _Item) -> Subscription:
    return Subscription(
        pubsub=item.required("pubsubname"),
        topic=item.required("topic"),
        rules=_rules(item),
        dead_letter_topic=item.text("deadLetterTopic"),
        metadata=item.texts("metadata"),
        bulk=_bulk(item.item("bulkSubscribe")),
        kind=PROGRAMMATIC,
        origin=ORIGIN,
    )


def _rules(item: _Item) -> tuple[Rule, ...]:
    """Return the routes in order; a default in ``routes`` stands before ``route``."""
    routes = item.item("routes")
    rules = [Rule(path=rule.text("path"), match=rule.text("match")) for rule in routes.items("rules")]
    if default := routes.text("default") or item.text("route"):
        rules.append(Rule(path=default))
    return tuple(rules)


def _bulk(item: _Item) -> BulkSubscribe:
    default = BulkSubscribe()
    return BulkSubscribe(
        enabled=item.get("enabled", bool, False, "true or false"),
        max_messages=item.get("maxMessagesCount", int, 0, "a number") or default.max_messages,
        max_await_seconds=item.get("maxAwaitDurationMs", int, 0, "a number") / 1000
        or default.max_await_seconds,
    )


def _found(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
