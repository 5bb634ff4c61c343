"""A NATS server that the tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.backends.nats import NATS


@pytest.fixture(scope="session")
def nats_server() -> Iterator[NATS]:
    """A server that all tests share: each has a stream of its own."""
    with NATS.running() as server:
        yield server


@pytest.fixture
def own_nats_server() -> Iterator[NATS]:
    """A server of the test's own, to be restarted."""
    with NATS.running() as server:
        yield server
