"""Components of every block, with every capability, that keep what they have in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from pluggable import (
    Delivery,
    InputBinding,
    Metadata,
    OutputBinding,
    bindings,
    configuration,
    pubsub,
    secretstores,
    state,
)
from pluggable.errors import InvalidRequestError, NotFoundError
from pluggable.metadata import NO_METADATA
from pluggable_servers.memory.pubsub import InMemoryPubSub
from pluggable_servers.memory.state import InMemoryStateStore
from tests.conformance.honest import Desk, Echo
from tests.conformance.vault import KeyVault
from tests.stores import Locks as Locks, Settings as _Settings


class Store(InMemoryStateStore, state.Queryable):
    """Finds by equality of the whole value."""

    async def query(self, request: state.QueryRequest) -> state.QueryResponse:
        if request.filter.keys() - {"EQ"}:
            raise InvalidRequestError("only EQ is understood here")
        return state.QueryResponse(items=[state.QueryItem(key="k", data=b"1", etag="1")], token=request.token)


class Settings(_Settings):
    """Has one item, and tells of it as soon as a subscription stands."""

    async def init(self, _: Metadata) -> None:
        self.board.put("k", "v")

    async def subscribe(self, request: configuration.SubscribeRequest, notify: configuration.Notify) -> None:
        await notify({**self.board.items, "gone": None})
        await super().subscribe(request, notify)


class Broker(InMemoryPubSub, pubsub.BulkPublisher, pubsub.Pausable):
    """Publishes many at a time, and can pause."""

    async def bulk_publish(self, request: pubsub.BulkPublishRequest) -> list[pubsub.FailedEntry]:
        return [
            pubsub.FailedEntry(entry_id=entry.entry_id, error="empty")
            for entry in request.entries
            if not entry.data
        ]

    async def pause(self) -> None: ...

    async def resume(self) -> None: ...


class Both(InputBinding, OutputBinding):
    """Echoes what it is sent, and delivers one event a stream."""

    operations = ("create", "get")

    async def read(self, deliver: Delivery[bindings.Event]) -> None:
        await deliver(bindings.Event(data=b"event"))
        await asyncio.Event().wait()

    async def invoke(self, request: bindings.InvokeRequest) -> bindings.InvokeResponse:
        if request.operation not in self.operations:
            raise InvalidRequestError(f'"{request.operation}" is none of {", ".join(self.operations)}')
        return bindings.InvokeResponse(data=request.data, metadata=request.metadata)


class Vault(secretstores.SecretStore):
    """Knows one secret."""

    secrets: Mapping[str, Mapping[str, str]] = {"k": {"k": "v"}}

    async def get(self, request: secretstores.GetRequest) -> Mapping[str, str]:
        if request.key not in self.secrets:
            raise NotFoundError(f'there is no secret "{request.key}"')
        return self.secrets[request.key]

    async def bulk_get(self, _: Mapping[str, str] = NO_METADATA) -> Mapping[str, Mapping[str, str]]:
        return self.secrets


class Keys(KeyVault):
    """Real keys and algorithms, whose library is to be fed with noise too."""


class Hosts(Desk):
    """Lists whoever says that he is there."""


class Model(Echo):
    """Says again what it is told."""
