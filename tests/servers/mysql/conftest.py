"""A MariaDB that all tests of MySQL's components share, and a schema of its own for each test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.backends.mariadb import MariaDB


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    with MariaDB.running() as server:
        yield server


@pytest.fixture
def schema() -> str:
    """The name of a schema that is not there yet."""
    return f"t{uuid.uuid4().hex}"
