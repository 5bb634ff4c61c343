from __future__ import annotations

from typing import Any

import pytest

from pluggable.runtime.appchannel import AppAnswerError
from pluggable.runtime.appchannel.subscribe import read_subscriptions
from pluggable.runtime.resources import BulkSubscribe, Rule


def item(**fields: Any) -> dict[str, Any]:
    return {"pubsubname": "p", "topic": "t", "route": "/r"} | fields


def test_plain_route_is_the_only_rule() -> None:
    (found,) = read_subscriptions([item()])

    assert (found.pubsub, found.topic, found.kind) == ("p", "t", "PROGRAMMATIC")
    assert found.rules == (Rule(path="/r"),)


def test_rules_come_before_the_default() -> None:
    routes = {"rules": [{"match": "event.type == 'a'", "path": "/a"}], "default": "/d"}
    (found,) = read_subscriptions([item(routes=routes)])

    assert found.rules == (Rule(path="/a", match="event.type == 'a'"), Rule(path="/d"))


def test_all_fields_are_read() -> None:
    bulk = {"enabled": True, "maxMessagesCount": 5, "maxAwaitDurationMs": 250}
    (found,) = read_subscriptions(
        [item(deadLetterTopic="x", metadata={"rawPayload": "true"}, bulkSubscribe=bulk)]
    )

    assert (found.dead_letter_topic, found.metadata) == ("x", {"rawPayload": "true"})
    assert found.bulk == BulkSubscribe(enabled=True, max_messages=5, max_await_seconds=0.25)


def test_names_count_in_any_case() -> None:
    (found,) = read_subscriptions([{"pubsubName": "p", "Topic": "t", "Route": "/r", "deadlettertopic": None}])

    assert (found.pubsub, found.dead_letter_topic) == ("p", "")


def test_item_without_route_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    assert read_subscriptions([item(route="")]) == ()
    assert "topic t has an empty routes. removing from subscriptions list" in caplog.text


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"a": 1}, r"answered \{'a': 1\}, a JSON list is wanted"),
        ([item(), 7], "item 2: 7, an object is wanted"),
        ([item(pubsubname="")], "item 1: pubsubname is missing or empty"),
        ([item(topic=3)], "item 1: topic is 3, a string is wanted"),
        ([item(metadata={"rawPayload": True})], "item 1: metadata.rawPayload is True, a string, in quotes"),
        ([item(routes={"rules": [{"path": 1}]})], "item 1, routes, rules 1: path is 1, a string"),
        ([item(routes=["/r"])], r"item 1: routes is \['/r'\], an object is wanted"),
        ([item(bulkSubscribe={"enabled": "yes"})], "item 1, bulkSubscribe: enabled is 'yes', true or false"),
        ([item(bulkSubscribe={"maxMessagesCount": True})], "maxMessagesCount is True, a number"),
    ],
)
def test_fault_names_item_and_field(answer: Any, told: str) -> None:
    with pytest.raises(AppAnswerError, match=told):
        read_subscriptions(answer)
