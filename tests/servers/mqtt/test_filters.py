from __future__ import annotations

import pytest

from pluggable_servers.mqtt.filters import chosen, matches


@pytest.mark.parametrize(
    ("pattern", "topic", "fits"),
    [
        ("orders", "orders", True),
        ("orders", "orders/1", False),
        ("+", "orders", True),
        ("+", "orders/1", False),
        ("orders/+", "orders/", True),
        ("orders/+", "orders", False),
        ("orders/#", "orders", True),
        ("orders/#", "orders/1/2", True),
        ("orders/+/new", "orders/1/new", True),
        ("orders/+/new", "orders/1/2/new", False),
        ("#", "orders/1", True),
        ("#", "$SYS/uptime", False),
        ("$SYS/#", "$SYS/uptime", True),
        ("$share/g/orders/+", "orders/1", True),
        ("$share/g/orders", "orders", True),
        ("$share/g/orders", "g/orders", False),
    ],
)
def test_filter_covers_what_the_protocol_says(pattern: str, topic: str, fits: bool) -> None:
    assert matches(pattern, topic) is fits


def test_same_topic_counts_before_wildcards() -> None:
    assert chosen(["#", "orders/+", "orders/1"], "orders/1") == "orders/1"
    assert chosen(["bills/#", "orders/+", "#"], "orders/1") == "orders/+"
    assert chosen(["bills/#"], "orders/1") is None
