"""Azure Service Bus and Key Vault: a double a case."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.backends.keyvault import APPLICATION, SECRET, TENANT, KeyVault
from tests.backends.servicebus import ServiceBus

from .case import BROKERS, Case, Suite, Surroundings
from .local import SECRETS

#: What goes back comes after what came meanwhile.
UNORDERED: Final = {**BROKERS, "checkInOrderProcessing": False}


@asynccontextmanager
async def broker(_folder: Path) -> AsyncIterator[Surroundings]:
    """A namespace that makes what is named."""
    with ServiceBus.running() as bus:
        yield Surroundings(
            properties={
                "connectionString": bus.connection_string(),
                "consumerID": "conformance",
                "disableEntityManagement": "true",
            }
        )


@asynccontextmanager
async def queue(_folder: Path) -> AsyncIterator[Surroundings]:
    """A namespace with one queue."""
    with ServiceBus.running() as bus:
        yield Surroundings(
            properties={
                "connectionString": bus.connection_string(),
                "queueName": "conformance",
                "disableEntityManagement": "true",
            },
            operations={"create": {"data": "x"}},
        )


@asynccontextmanager
async def vault(folder: Path) -> AsyncIterator[Surroundings]:
    """A vault with the secrets that upstream's suite asks for."""
    with KeyVault(folder).running() as azure:
        for name, value in SECRETS.items():
            azure.put("conformance", name, value)
        properties = {
            "vaultName": "conformance",
            "azureTenantId": TENANT,
            "azureClientId": APPLICATION,
            "azureClientSecret": SECRET,
        }
        yield Surroundings(properties=properties, environment=azure.environment)


CASES: Final = (
    *(
        Case(
            type=f"pubsub.azure.servicebus.{kind}",
            around=broker,
            suites={"": Suite(operations=("bulkpublish", "bulksubscribe"), config=UNORDERED)},
        )
        for kind in ("topics", "queues")
    ),
    Case(
        type="bindings.azure.servicebusqueues",
        around=queue,
        suites={"": Suite(operations=("operations", "create", "read"), config={"readBindingTimeout": "10s"})},
    ),
    Case(type="secretstores.azure.keyvault", around=vault, suites={"": Suite()}),
)
