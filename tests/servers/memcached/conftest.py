"""A memcached that these tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.backends.memcached import Memcached, ask


@pytest.fixture(scope="session")
def shared_memcached() -> Iterator[Memcached]:
    """A server."""
    with Memcached.running() as server:
        yield server


@pytest.fixture
def port(shared_memcached: Memcached) -> int:
    """The port of a server that is empty."""
    assert ask(shared_memcached.port, b"flush_all\r\n") == b"OK\r\n"
    return shared_memcached.port
