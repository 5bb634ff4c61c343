"""A Kafka that all tests of its components share."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

import pytest

from tests.backends.kafka import Kafka

_COUNTER: Final = itertools.count(1)


@pytest.fixture(scope="session")
def kafka() -> Iterator[Kafka]:
    """A broker that makes topics as they are asked for."""
    with Kafka.running() as server:
        yield server


@pytest.fixture
def topic() -> str:
    """A topic of the test's own."""
    return f"orders-{next(_COUNTER)}"


@pytest.fixture
def properties(kafka: Kafka) -> dict[str, str]:
    """What a component is initialised with: a group of the test's own."""
    return {"brokers": kafka.address, "authType": "none", "consumerID": f"group-{next(_COUNTER)}"}
