"""A broker that the tests share, and a client beside ours."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.backends.mosquitto import Mosquitto


@pytest.fixture(scope="session")
def mosquitto() -> Iterator[Mosquitto]:
    """A broker that all tests share: each takes topics and a consumerID of its own."""
    with Mosquitto.running() as server:
        yield server


@pytest.fixture
def own_mosquitto() -> Iterator[Mosquitto]:
    """A broker of the test's own, to be restarted."""
    with Mosquitto.running() as server:
        yield server
