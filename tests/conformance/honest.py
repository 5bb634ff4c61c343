"""Components that keep all rules, with more and with less than the bundled ones can do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from pluggable import Delivery, InputBinding, Metadata, OutputBinding, SecretStore, StateStore
from pluggable.bindings import Event, InvokeRequest, InvokeResponse
from pluggable.errors import InvalidRequestError, NotFoundError
from pluggable.metadata import NO_METADATA
from pluggable.secretstores import GetRequest as SecretRequest
from pluggable.state import (
    DeleteRequest,
    GetRequest,
    GetResponse,
    Queryable,
    QueryItem,
    QueryRequest,
    QueryResponse,
    SetRequest,
)
from pluggable_servers.memory.state import InMemoryStateStore


class PlainStore(StateStore):
    """A store that can do no more than it must."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def get(self, request: GetRequest) -> GetResponse | None:
        return GetResponse(data=self.kept[request.key]) if request.key in self.kept else None

    async def set(self, request: SetRequest) -> None:
        self.kept[request.key] = request.value

    async def delete(self, request: DeleteRequest) -> None:
        self.kept.pop(request.key, None)


class QueryableStore(InMemoryStateStore, Queryable):
    """A store that finds JSON by equality, in pages whose token is the next row's number."""

    async def query(self, request: QueryRequest) -> QueryResponse:
        wanted: Mapping[str, Any] = request.filter.get("EQ", {})
        found = [
            QueryItem(key=key, data=item.data, etag=item.etag)
            for key, item in self._items.items()
            if _matches(item.data, wanted)
        ]
        first = int(request.token or 0)
        last = first + request.limit if request.limit else len(found)
        return QueryResponse(items=found[first:last], token=str(last) if last < len(found) else "")


def _matches(data: bytes, wanted: Mapping[str, Any]) -> bool:
    try:
        value = json.loads(data)
    except ValueError:
        return False
    return isinstance(value, dict) and all(value.get(name) == operand for name, operand in wanted.items())


class Both(InputBinding, OutputBinding):
    """A source of one event, and a target that echoes."""

    operations = ("create", "get")

    async def read(self, deliver: Delivery[Event]) -> None:
        await deliver(Event(data=b"event"))
        await asyncio.Event().wait()

    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        if request.operation not in self.operations:
            raise InvalidRequestError(f'"{request.operation}" is none of {", ".join(self.operations)}')
        return InvokeResponse(data=request.data)


class Vault(SecretStore):
    """Two simple secrets."""

    async def init(self, metadata: Metadata) -> None:
        self.secrets = {"one": {"one": "1"}, "two": {"two": "2"}}

    async def get(self, request: SecretRequest) -> Mapping[str, str]:
        if request.key not in self.secrets:
            raise NotFoundError(f'there is no secret "{request.key}"')
        return self.secrets[request.key]

    async def bulk_get(self, metadata: Mapping[str, str] = NO_METADATA) -> Mapping[str, Mapping[str, str]]:
        return self.secrets
