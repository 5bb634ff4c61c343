"""Messages are counted under Dapr's names, by broker and topic."""

from __future__ import annotations

import pytest

from pluggable.runtime import traffic
from pluggable.runtime.appchannel import Verdict
from pluggable.runtime.telemetry import Telemetry
from pluggable.runtime.traffic import Traffic


def lines(telemetry: Telemetry) -> set[str]:
    return {line for line in telemetry.render().splitlines() if line.startswith("dapr_component_pubsub")}


def test_messages_are_counted_by_what_became_of_them() -> None:
    telemetry = Telemetry("shop")
    counted = Traffic(telemetry, "")
    for success in (True, True, False):
        counted.published("bus", "orders", success=success)
    counted.published("bus", "orders", success=True, bulk=True)
    for verdict in (Verdict.SUCCESS, Verdict.SUCCESS, Verdict.RETRY, Verdict.DROP):
        counted.delivered("bus", "orders", verdict)

    who, topic = 'app_id="shop",component="bus",namespace=""', 'topic="orders"'
    name = "dapr_component_pubsub"
    assert lines(telemetry) == {
        f'{name}_egress_count{{{who},success="true",{topic}}} 2',
        f'{name}_egress_count{{{who},success="false",{topic}}} 1',
        f'{name}_egress_bulk_count{{{who},success="true",{topic}}} 1',
        f'{name}_ingress_count{{{who},process_status="success",status="success",{topic}}} 2',
        f'{name}_ingress_count{{{who},process_status="retry",status="retry",{topic}}} 1',
        f'{name}_ingress_count{{{who},process_status="drop",status="success",{topic}}} 1',
    }


def test_many_topics_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "MOST_SERIES", 2)
    telemetry = Telemetry("shop")
    counted = Traffic(telemetry, "ns")
    for topic in "abcd":
        counted.delivered("bus", topic, Verdict.SUCCESS)
        counted.published("bus", topic, success=True)

    told = lines(telemetry)
    assert len(told) == 6
    assert all(line.endswith(" 2") for line in told if 'topic=""' in line)
