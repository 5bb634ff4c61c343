"""A double of Service Bus that the tests here share, each with queues of its own; one of Key Vault a test."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from azure.servicebus.aio import ServiceBusClient

from tests.backends.keyvault import KeyVault
from tests.backends.servicebus import ServiceBus

from .vaults import SURROUNDINGS


@pytest.fixture(scope="session")
def bus() -> Iterator[ServiceBus]:
    """A namespace; who takes it away brings it back."""
    with ServiceBus.running() as bus:
        yield bus


@pytest.fixture
def name() -> str:
    """The name of a topic or queue that no other test has."""
    return f"orders-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def properties(bus: ServiceBus) -> dict[str, str]:
    """Properties of a broker with a consumer that no other test has, which is quickly back."""
    return {
        "connectionString": bus.connection_string(),
        "consumerID": f"app-{uuid.uuid4().hex[:8]}",
        "disableEntityManagement": "true",
        "minConnectionRecoveryInSec": "0",
        "maxConnectionRecoveryInSec": "1",
    }


@pytest.fixture
async def bare(bus: ServiceBus) -> AsyncIterator[ServiceBusClient]:
    """The client library, which sees what is there."""
    async with ServiceBusClient.from_connection_string(bus.connection_string()) as client:
        yield client


@pytest.fixture
def azure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeyVault]:
    """A double of Key Vault, in an environment that has nothing else of Azure."""
    for name in SURROUNDINGS:
        monkeypatch.delenv(name, raising=False)
    with KeyVault(tmp_path).running() as double:
        for name, value in double.environment.items():
            monkeypatch.setenv(name, value)
        yield double
