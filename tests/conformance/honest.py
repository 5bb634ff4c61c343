"""Components that keep all rules, with more and with less than the bundled ones can do."""

from __future__ import annotations

import asyncio
import json
import operator
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pluggable import (
    Conversation,
    Delivery,
    InputBinding,
    Metadata,
    NameResolver,
    OutputBinding,
    SecretStore,
    StateStore,
)
from pluggable.bindings import Event, InvokeRequest, InvokeResponse
from pluggable.conversation import Choice, ConverseRequest, ConverseResponse, Output, ToolCall, Usage
from pluggable.errors import InvalidRequestError, NotFoundError
from pluggable.metadata import NO_METADATA
from pluggable.nameresolution import Instance, Registering, ResolveRequest
from pluggable.secretstores import GetRequest as SecretRequest
from pluggable.state import (
    DeleteRequest,
    ETagged,
    GetRequest,
    GetResponse,
    Queryable,
    QueryItem,
    QueryRequest,
    QueryResponse,
    SetRequest,
    Transactional,
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


class LastingStore(StateStore, ETagged, Transactional):
    """Keeps to ``ttlInSeconds``, and does not say so: upstream looks at times of expiry in no other store."""

    def __init__(self) -> None:
        self._kept = InMemoryStateStore()

    async def init(self, metadata: Metadata) -> None:
        await self._kept.init(metadata)

    async def get(self, request: GetRequest) -> GetResponse | None:
        return await self._kept.get(request)

    async def set(self, request: SetRequest) -> None:
        await self._kept.set(request)

    async def delete(self, request: DeleteRequest) -> None:
        await self._kept.delete(request)

    async def transact(
        self, operations: Sequence[SetRequest | DeleteRequest], metadata: Mapping[str, str] = NO_METADATA
    ) -> None:
        await self._kept.transact(operations, metadata)

    async def close(self) -> None:
        await self._kept.close()


class QueryableStore(InMemoryStateStore, Queryable):
    """A store that finds JSON by its fields, in pages whose token is the next row's number."""

    async def query(self, request: QueryRequest) -> QueryResponse:
        found = [
            QueryItem(key=key, data=item.data, etag=item.etag)
            for key, item in self._items.items()
            if matches(item.data, request.filter)
        ]
        first = int(request.token or 0)
        last = first + request.limit if request.limit else len(found)
        return QueryResponse(items=found[first:last], token=str(last) if last < len(found) else "")


COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "EQ": operator.eq,
    "NEQ": operator.ne,
    "GT": operator.gt,
    "GTE": operator.ge,
    "LT": operator.lt,
    "LTE": operator.le,
    "IN": lambda found, wanted: found in wanted,
}


def matches(data: bytes, condition: Mapping[str, Any]) -> bool:
    """Return whether a value is JSON that fits a filter of Dapr's state API."""
    try:
        value = json.loads(data)
    except ValueError:
        return False
    return isinstance(value, dict) and all(_holds(value, *each) for each in condition.items())


def _holds(value: Mapping[str, Any], operation: str, operand: Any) -> bool:
    if operation in ("AND", "OR"):
        held = (all(_holds(value, *part) for part in each.items()) for each in operand)
        return all(held) if operation == "AND" else any(held)
    for path, wanted in operand.items():
        found: Any = value
        for name in path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        if found is None or not COMPARISONS[operation](found, wanted):
            return False
    return True


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


class Book(NameResolver):
    """Knows one application, on two hosts."""

    async def init(self, metadata: Metadata) -> None:
        self.known = {"orders": ["10.0.0.1:50002", "[fd00::1]:50002"]}

    async def resolve(self, request: ResolveRequest) -> Sequence[str]:
        if request.id not in self.known:
            raise NotFoundError(f'nobody is "{request.id}" in namespace "{request.namespace}"')
        return self.known[request.id]


class Desk(Book, Registering):
    """Knows who registered, too."""

    def __init__(self) -> None:
        self.here: dict[tuple[str, str, str, int], float] = {}

    async def resolve(self, request: ResolveRequest) -> Sequence[str]:
        now = time.monotonic()
        found = [
            f"{host}:{port}"
            for (id_, namespace, host, port), end in self.here.items()
            if (id_, namespace) == (request.id, request.namespace) and now < end
        ]
        return found or await super().resolve(request)

    async def register(self, instance: Instance, *, ttl_seconds: int | None = None) -> None:
        self.here[place(instance)] = time.monotonic() + (ttl_seconds or float("inf"))

    async def deregister(self, instance: Instance) -> None:
        self.here.pop(place(instance), None)


def place(instance: Instance) -> tuple[str, str, str, int]:
    """Return what an instance is recognised by."""
    return instance.id, instance.namespace, instance.host, instance.port


class Echo(Conversation):
    """Says what it is told, and calls every tool it is offered."""

    async def converse(self, request: ConverseRequest) -> ConverseResponse:
        said = [message.text for message in request.messages]
        said += [result.content for message in request.messages for result in message.tool_results]
        calls = tuple(
            ToolCall(id=str(number), name=tool.name, arguments=json.dumps(dict.fromkeys(tool.parameters, "")))
            for number, tool in enumerate(request.tools)
        )
        words = sum(len(text.split()) for text in said)
        choice = Choice(
            content="\n".join(filter(None, said)),
            finish_reason="tool_calls" if calls else "stop",
            tool_calls=calls,
        )
        usage = Usage(prompt_tokens=words, completion_tokens=words, total_tokens=2 * words)
        return ConverseResponse(
            outputs=[Output(choices=[choice], model="echo", usage=usage)], context_id=request.context_id
        )
