"""A moto that the tests share: each has secrets, a bucket, queues or topics of its own names."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.backends.moto import Moto


@pytest.fixture(scope="session")
def moto() -> Iterator[Moto]:
    """What stands in for AWS."""
    with Moto.running() as server:
        yield server


@pytest.fixture
def own_moto() -> Iterator[Moto]:
    """One of the test's own, to be stopped and started."""
    with Moto.running() as server:
        yield server


@pytest.fixture
def name() -> str:
    """A name that no other test has."""
    return f"n{uuid.uuid4().hex[:12]}"


@pytest.fixture
async def sqs(moto: Moto) -> AsyncIterator[Any]:
    """A plain client of SQS."""
    async with moto.client("sqs") as client:
        yield client


@pytest.fixture
async def sns(moto: Moto) -> AsyncIterator[Any]:
    """A plain client of SNS."""
    async with moto.client("sns") as client:
        yield client


@pytest.fixture
async def s3(moto: Moto) -> AsyncIterator[Any]:
    """A plain client of S3."""
    async with moto.client("s3") as client:
        yield client
