"""A PostgreSQL that all tests of its components share, and an empty database for each test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.backends.postgresql import PostgreSQL


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    with PostgreSQL.running() as server:
        yield server


@pytest.fixture
def database(postgresql: PostgreSQL) -> str:
    """The name of a database that is empty."""
    name = f"t{uuid.uuid4().hex}"
    postgresql.sql(f"CREATE DATABASE {name}")
    return name
