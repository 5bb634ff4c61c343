"""An etcd that these tests share, and keys of its own for each test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.backends.etcd import Etcd


@pytest.fixture(scope="session")
def etcd() -> Iterator[Etcd]:
    """A server."""
    with Etcd.running() as server:
        yield server


@pytest.fixture
def prefix() -> str:
    """What stands before the keys of one test."""
    return uuid.uuid4().hex
