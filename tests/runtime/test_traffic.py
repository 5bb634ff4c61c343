from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pluggable.errors import UnavailableError
from pluggable.metadata import NO_METADATA
from pluggable.pubsub import BulkEntry
from pluggable.runtime import traffic
from pluggable.runtime.blocks.publish import Publishing, Target, Trace
from pluggable.runtime.config import RuntimeConfig
from pluggable.runtime.errors import PublishFailedError
from pluggable.runtime.resources import BulkSubscribe, Rule
from pluggable.runtime.telemetry import Telemetry
from pluggable.runtime.traffic import Handled, MessageTraffic
from tests.runtime.blocks.inmemory import Components
from tests.runtime.subscriptions.bus import to, world

OUT = "dapr_component_pubsub_egress_count"
IN = "dapr_component_pubsub_ingress_count"


def counted(telemetry: Telemetry, name: str) -> dict[str, int]:
    """Return the samples of a name by their labels, those that all have left out."""
    samples = [line for line in telemetry.render().splitlines() if line.startswith(f"{name}{{")]
    pairs = (sample.removeprefix(name).rsplit(" ", 1) for sample in samples)
    return {labels.replace('app_id="shop",', ""): int(value) for labels, value in pairs}


def target(telemetry: Telemetry, name: str = "broker") -> tuple[Target, Components]:
    components = Components()
    config = RuntimeConfig(app_id="shop", namespace="prod")
    publishing = Publishing(components.catalog, config, MessageTraffic(telemetry, config.namespace))
    return publishing.target(name, "t", NO_METADATA), components


async def test_published_messages_are_counted() -> None:
    telemetry = Telemetry("shop")
    to_broker, components = target(telemetry)
    await to_broker.publish(b"1", "", Trace())
    await to_broker.publish(b"2", "", Trace())
    components.broker.failure = UnavailableError("no broker")
    with pytest.raises(PublishFailedError):
        await to_broker.publish(b"3", "", Trace())

    assert counted(telemetry, OUT) == {
        '{component="broker",namespace="prod",success="true",topic="t"}': 2,
        '{component="broker",namespace="prod",success="false",topic="t"}': 1,
    }


@pytest.mark.parametrize("name", ["broker", "bulk"])
async def test_published_bulks_are_counted(name: str) -> None:
    telemetry = Telemetry("shop")
    to_broker, _ = target(telemetry, name)
    entries = [BulkEntry(entry_id="1", data=b"1"), BulkEntry(entry_id="2", data=b"2")]
    await to_broker.publish_many(entries, Trace())

    labels = f'{{component="{name}",namespace="prod",success="true",topic="t"}}'
    assert counted(telemetry, "dapr_component_pubsub_egress_bulk_count") == {labels: 1}
    assert counted(telemetry, "dapr_component_pubsub_egress_bulk_event_count") == {labels: 2}


@pytest.mark.parametrize(
    ("status", "answer", "given", "words"),
    [
        (200, "", {}, ("success", "success")),
        (500, "", {}, ("retry", "retry")),
        (500, "", {"dead_letter_topic": "dead"}, ("drop", "drop")),
        (404, "", {}, ("drop", "drop")),
        (200, "", {"rules": (Rule(match='event.id == "no"', path="/"),)}, ("drop", "success")),
    ],
    ids=["success", "failure", "dead letter", "no such route", "no rule"],
)
async def test_delivered_messages_are_counted(
    status: int, answer: str, given: dict[str, Any], words: tuple[str, str]
) -> None:
    async with world() as here:
        here.app.status, here.app.answer = status, answer
        await here.subscribed(to("orders", *given.pop("rules", ()), **given))
        await here.bus.send("orders")

        labels = f'process_status="{words[0]}",status="{words[1]}",topic="orders"'
        assert counted(here.telemetry, IN) == {f'{{component="events",namespace="",{labels}}}': 1}


async def test_delivered_bulks_are_counted() -> None:
    async with world() as here:
        here.app.statuses = lambda data: "SUCCESS" if data == "a" else "RETRY"
        asked = BulkSubscribe(enabled=True, max_messages=2, max_await_seconds=60)
        await here.subscribed(to("orders", bulk=asked))
        await asyncio.gather(*(here.bus.send("orders", b'{"data":"%c"}' % name) for name in b"ab"))

        assert counted(here.telemetry, "dapr_component_pubsub_ingress_bulk_count") == {
            '{component="events",namespace="",topic="orders"}': 1
        }
        assert counted(here.telemetry, "dapr_component_pubsub_ingress_bulk_event_count") == {
            f'{{component="events",namespace="",process_status="{word}",topic="orders"}}': 1
            for word in ("success", "retry")
        }
        assert counted(here.telemetry, IN) == {}


def test_series_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "MOST_SERIES", 2)
    telemetry = Telemetry("shop")
    counts = MessageTraffic(telemetry, "")
    for topic in "abcda":
        counts.handled("events", topic, Handled.SUCCESS)

    rest = 'process_status="success",status="success"'
    assert counted(telemetry, IN) == {
        f'{{component="events",namespace="",{rest},topic="{topic}"}}': number
        for topic, number in {"a": 2, "b": 1, "": 2}.items()
    }
