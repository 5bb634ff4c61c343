"""Components that live in the test's process, each the least that its interface asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from pluggable import bindings, component, pubsub, secretstores, state
from pluggable.delivery import Delivery
from pluggable.errors import ComponentError, ETagInvalidError, ETagMismatchError, InvokeError, NotFoundError
from pluggable.metadata import NO_METADATA
from pluggable.runtime import resources
from pluggable.runtime.components.catalog import Catalog, Loaded

C = TypeVar("C", bound=component.Component)


class PlainStore(state.StateStore):
    """Keeps values in a dict; raises ``failure`` instead, while it is set."""

    def __init__(self) -> None:
        self.values: dict[str, state.GetResponse] = {}
        self.sets: list[state.SetRequest] = []
        self.gets: list[state.GetRequest] = []
        self.deletes: list[state.DeleteRequest] = []
        self.bulk_sets = 0
        self.failure: ComponentError | None = None
        self._writes = 0

    async def get(self, request: state.GetRequest) -> state.GetResponse | None:
        self.fail()
        self.gets.append(request)
        return self.values.get(request.key)

    async def set(self, request: state.SetRequest) -> None:
        self.fail()
        self.check(request.key, request.etag)
        self.sets.append(request)
        self._writes += 1
        told = (
            {"ttlExpireTime": "2030-01-01T00:00:00Z"} if "ttlInSeconds" in request.metadata else NO_METADATA
        )
        self.values[request.key] = state.GetResponse(
            data=request.value, etag=str(self._writes), metadata=told
        )

    async def bulk_set(self, requests: Sequence[state.SetRequest], *, parallelism: int = 0) -> None:
        self.bulk_sets += 1
        await super().bulk_set(requests, parallelism=parallelism)

    async def delete(self, request: state.DeleteRequest) -> None:
        self.fail()
        self.check(request.key, request.etag)
        self.deletes.append(request)
        self.values.pop(request.key, None)

    def check(self, key: str, etag: str | None) -> None:
        if etag is None:
            return
        if not etag.isdigit():
            raise ETagInvalidError(f"{etag} is no number")
        found = self.values.get(key)
        if found is None or found.etag != etag:
            raise ETagMismatchError

    def fail(self) -> None:
        if self.failure is not None:
            raise self.failure


class TransactionalStore(PlainStore, state.ETagged, state.Expiring, state.Transactional):
    """Has transactions of up to ``limit`` operations."""

    limit: int | None = None
    asked = 0

    async def transact(
        self,
        operations: Sequence[state.SetRequest | state.DeleteRequest],
        metadata: Mapping[str, str] = NO_METADATA,
    ) -> None:
        self.fail()
        self.metadata = metadata
        for operation in operations:
            self.check(operation.key, operation.etag)
        for operation in operations:
            if isinstance(operation, state.SetRequest):
                await self.set(operation)
            else:
                await self.delete(operation)

    async def transaction_limit(self) -> int | None:
        self.asked += 1
        return self.limit


class QueryableStore(TransactionalStore, state.Queryable):
    """Finds everything, whatever is asked."""

    async def query(self, request: state.QueryRequest) -> state.QueryResponse:
        self.fail()
        self.queried = request
        items = [
            state.QueryItem(key=key, data=value.data, etag=value.etag) for key, value in self.values.items()
        ]
        return state.QueryResponse(items=items, token="next")


class Broker(pubsub.PubSub):
    """Keeps what was published."""

    def __init__(self) -> None:
        self.published: list[pubsub.PublishRequest] = []
        self.failure: ComponentError | None = None

    async def publish(self, request: pubsub.PublishRequest) -> None:
        if self.failure is not None:
            raise self.failure
        if request.data == b"poison":
            raise ComponentError("poison is not taken")
        self.published.append(request)

    async def subscribe(self, topic: pubsub.Topic, deliver: Delivery[pubsub.Message]) -> None:
        raise NotImplementedError


class BulkBroker(Broker, pubsub.BulkPublisher, pubsub.ExpiringMessages):
    """Takes many messages at once, but none that says poison."""

    bulk: pubsub.BulkPublishRequest | None = None

    async def bulk_publish(self, request: pubsub.BulkPublishRequest) -> Sequence[pubsub.FailedEntry]:
        if self.failure is not None:
            raise self.failure
        self.bulk = request
        return [
            pubsub.FailedEntry(entry_id=entry.entry_id, error="poison is not taken")
            for entry in request.entries
            if entry.data == b"poison"
        ]


class Secrets(secretstores.SecretStore, secretstores.MultipleValues):
    """Two secrets, one of them with two values."""

    values: Mapping[str, Mapping[str, str]] = {"key": {"key": "<v>"}, "db": {"user": "u", "password": "p"}}

    async def get(self, request: secretstores.GetRequest) -> Mapping[str, str]:
        if request.key not in self.values:
            raise NotFoundError(f"secret {request.key} not found")
        return self.values[request.key]

    async def bulk_get(self, metadata: Mapping[str, str] = NO_METADATA) -> Mapping[str, Mapping[str, str]]:
        if "fail" in metadata:
            raise ComponentError("the vault is sealed")
        return self.values


class Echo(bindings.OutputBinding):
    """Answers with what it got."""

    operations = ("create", "get", "fail")

    def __init__(self) -> None:
        self.requests: list[bindings.InvokeRequest] = []

    async def invoke(self, request: bindings.InvokeRequest) -> bindings.InvokeResponse:
        self.requests.append(request)
        if request.operation == "fail":
            raise InvokeError("received status code 404", metadata={"statuscode": "404"})
        if request.operation == "get":
            return bindings.InvokeResponse(metadata={"found": "no"})
        return bindings.InvokeResponse(data=request.data, metadata={"length": str(len(request.data))})


def loaded(name: str, kind: str, made: C, properties: Mapping[str, str] = NO_METADATA) -> Loaded[C]:
    """Return a component as the catalog holds it."""
    items = tuple(resources.MetadataItem(name=key, value=value) for key, value in properties.items())
    spec = resources.Component(name=name, type=kind, metadata=items)
    return Loaded(spec=spec, component=made, properties=dict(properties))


class Components:
    """One component of each kind, in a catalog."""

    def __init__(self) -> None:
        self.plain = PlainStore()
        self.store = TransactionalStore()
        self.queryable = QueryableStore()
        self.broker = Broker()
        self.bulk = BulkBroker()
        self.secrets = Secrets()
        self.echo = Echo()
        self.catalog = Catalog()
        self.catalog.state = {
            "plain": loaded("plain", "state.plain", self.plain),
            "store": loaded("store", "state.memory", self.store),
            "queryable": loaded("queryable", "state.queryable", self.queryable, {"keyPrefix": "none"}),
        }
        self.catalog.pubsub = {
            "broker": loaded("broker", "pubsub.memory", self.broker, {"protectedTopics": "private"}),
            "bulk": loaded("bulk", "pubsub.bulk", self.bulk),
        }
        self.catalog.secretstores = {"vault": loaded("vault", "secretstores.memory", self.secrets)}
        self.catalog.outputs = {"echo": loaded("echo", "bindings.echo", self.echo)}
