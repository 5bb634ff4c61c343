"""State stores that break one rule each, by the check that finds it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from pluggable import Metadata
from pluggable._proto.dapr.proto.components.v1 import common_pb2, state_pb2 as pb
from pluggable._proto.grpc.reflection.v1 import reflection_pb2
from pluggable._wire import names
from pluggable.errors import (
    ComponentError,
    ETagMismatchError,
    InitError,
    InvalidRequestError,
    LimitExceededError,
    NotFoundError,
    UnavailableError,
)
from pluggable.metadata import NO_METADATA
from pluggable.state import (
    BulkGetItem,
    Concurrency,
    DeleteRequest,
    GetRequest,
    GetResponse,
    QueryItem,
    QueryRequest,
    QueryResponse,
    SetRequest,
)
from pluggable.transport import Code, ServerStream
from pluggable_servers.memory.state import InMemoryStateStore
from tests.conformance.broken.serving import Broken, answering, status
from tests.conformance.honest import PlainStore, QueryableStore

Store = InMemoryStateStore


class NeverReady(Store):
    async def init(self, metadata: Metadata) -> None:
        raise InitError("the backend refuses")


class NeverWell(Store):
    async def ping(self) -> None:
        raise UnavailableError("the backend is away")


class InitialisedOnce(Store):
    inits: ClassVar[list[str]] = []

    async def init(self, metadata: Metadata) -> None:
        if metadata.name in self.inits:
            raise InitError("already initialised")
        self.inits.append(metadata.name)


class OneInstance(Store):
    async def init(self, metadata: Metadata) -> None:
        if metadata.name != "conformance":
            raise InitError("there is one instance already")


class ChangesValues(Store):
    async def get(self, request: GetRequest) -> GetResponse | None:
        found = await super().get(request)
        return found and replace(found, data=found.data.replace(b" ", b""))


class KeepsTheFirst(Store):
    async def set(self, request: SetRequest) -> None:
        if await self.get(GetRequest(key=request.key)) is None:
            await super().set(request)


class MissingIsAnError(Store):
    async def get(self, request: GetRequest) -> GetResponse | None:
        found = await super().get(request)
        if found is None:
            raise NotFoundError(request.key)
        return found


class DeletesNothing(Store):
    async def delete(self, request: DeleteRequest) -> None: ...


class DeleteNeedsAKey(Store):
    async def delete(self, request: DeleteRequest) -> None:
        if await self.get(GetRequest(key=request.key)) is None:
            raise NotFoundError(request.key)
        await super().delete(request)


class LowerCase(Store):
    async def get(self, request: GetRequest) -> GetResponse | None:
        return await super().get(replace(request, key=request.key.lower()))

    async def set(self, request: SetRequest) -> None:
        await super().set(replace(request, key=request.key.lower()))


class SmallValues(Store):
    async def set(self, request: SetRequest) -> None:
        if len(request.value) > 1_000_000:
            raise LimitExceededError("too large")
        await super().set(request)


class ShowsALife(PlainStore):
    async def get(self, request: GetRequest) -> GetResponse | None:
        found = await super().get(request)
        return found and replace(found, metadata={"ttlExpireTime": "2030-01-01T00:00:00Z"})


class ShowsETags(PlainStore):
    async def get(self, request: GetRequest) -> GetResponse | None:
        found = await super().get(request)
        return found and replace(found, etag="1")


class LosesTheLast(Store):
    async def bulk_set(self, requests: Sequence[SetRequest], *, parallelism: int = 0) -> None:
        await super().bulk_set(requests[:-1])


class BulkGetLosesTheLast(Store):
    async def bulk_get(self, requests: Sequence[GetRequest], *, parallelism: int = 0) -> list[BulkGetItem]:
        return (await super().bulk_get(requests))[:-1]


class MissingInBulkIsAnError(Store):
    async def bulk_get(self, requests: Sequence[GetRequest], *, parallelism: int = 0) -> list[BulkGetItem]:
        items = await super().bulk_get(requests)
        return [item if item.value else replace(item, error="Unable to fetch the item.") for item in items]


class AsManyAsAtOnce(Store):
    async def bulk_get(self, requests: Sequence[GetRequest], *, parallelism: int = 0) -> list[BulkGetItem]:
        return await super().bulk_get(requests[:parallelism] if parallelism > 0 else requests)


class BulkDeletesNothing(Store):
    async def bulk_delete(self, requests: Sequence[DeleteRequest], *, parallelism: int = 0) -> None: ...


class NothingIsAnError(Store):
    async def bulk_get(self, requests: Sequence[GetRequest], *, parallelism: int = 0) -> list[BulkGetItem]:
        if not requests:
            raise InvalidRequestError("nothing is asked for")
        return await super().bulk_get(requests)


class SameETag(Store):
    async def get(self, request: GetRequest) -> GetResponse | None:
        found = await super().get(request)
        return found and replace(found, etag="1")

    async def set(self, request: SetRequest) -> None:
        await super().set(replace(request, etag=None))


class NamelessMismatch(Store):
    """As the Go SDK's: the error arrives, and nothing in it says which."""

    async def set(self, request: SetRequest) -> None:
        try:
            await super().set(request)
        except ETagMismatchError as error:
            raise ComponentError(str(error)) from error


class DeleteIgnoresETags(Store):
    async def delete(self, request: DeleteRequest) -> None:
        await super().delete(replace(request, etag=None))


class DeleteRefusesETags(Store):
    async def delete(self, request: DeleteRequest) -> None:
        if request.etag:
            raise ETagMismatchError("whatever it is")
        await super().delete(request)


class BulkGetHidesETags(Store):
    async def bulk_get(self, requests: Sequence[GetRequest], *, parallelism: int = 0) -> list[BulkGetItem]:
        items = await super().bulk_get(requests)
        return [replace(item, value=item.value and replace(item.value, etag=None)) for item in items]


class AllOrNothing(Store):
    async def bulk_set(self, requests: Sequence[SetRequest], *, parallelism: int = 0) -> None:
        await self.transact(requests)


class LastWriteWins(Store):
    async def set(self, request: SetRequest) -> None:
        await super().set(replace(request, concurrency=Concurrency.LAST_WRITE))


class Races(Store):
    """Looks, takes its time, and writes."""

    async def set(self, request: SetRequest) -> None:
        found = await self.get(GetRequest(key=request.key))
        request.check(None if found is None else found.etag)
        await asyncio.sleep(0.02)  # long enough for all others to look
        await super().set(replace(request, etag=None, concurrency=Concurrency.LAST_WRITE))


class LivesForEver(Store):
    async def set(self, request: SetRequest) -> None:
        await super().set(replace(request, metadata=NO_METADATA))


class TellsTheDay(Store):
    async def get(self, request: GetRequest) -> GetResponse | None:
        found = await super().get(request)
        return found and replace(found, metadata=dict.fromkeys(found.metadata, "soon"))


class KeepsItsLife(Store):
    async def init(self, metadata: Metadata) -> None:
        self.lives: dict[str, str] = {}

    async def set(self, request: SetRequest) -> None:
        life = request.metadata.get("ttlInSeconds", "-1")
        if life.isdecimal():
            self.lives[request.key] = life
        life = self.lives.get(request.key, life)
        await super().set(replace(request, metadata={"ttlInSeconds": life}))


class AnyLife(Store):
    async def set(self, request: SetRequest) -> None:
        life = request.metadata.get("ttlInSeconds", "")
        await super().set(request if life.isdecimal() else replace(request, metadata=NO_METADATA))


Operations = Sequence[SetRequest | DeleteRequest]


class AppliesTheFirst(Store):
    async def transact(self, operations: Operations, metadata: Mapping[str, str] = NO_METADATA) -> None:
        await super().transact(operations[:1])


class SetsFirst(Store):
    async def transact(self, operations: Operations, metadata: Mapping[str, str] = NO_METADATA) -> None:
        await super().transact(sorted(operations, key=lambda each: isinstance(each, DeleteRequest)))


class DeletesWhatIsThere(Store):
    async def transact(self, operations: Operations, metadata: Mapping[str, str] = NO_METADATA) -> None:
        for operation in operations:
            if isinstance(operation, DeleteRequest) and await self.get(GetRequest(key=operation.key)) is None:
                raise NotFoundError(operation.key)
        await super().transact(operations)


class NeedsAnOperation(Store):
    async def transact(self, operations: Operations, metadata: Mapping[str, str] = NO_METADATA) -> None:
        if not operations:
            raise InvalidRequestError("nothing to do")
        await super().transact(operations)


class OneByOne(Store):
    async def transact(self, operations: Operations, metadata: Mapping[str, str] = NO_METADATA) -> None:
        for operation in operations:
            await super().transact([operation])


class NamelessInTransaction(Store):
    async def transact(self, operations: Operations, metadata: Mapping[str, str] = NO_METADATA) -> None:
        try:
            await super().transact(operations)
        except ETagMismatchError as error:
            raise InvalidRequestError(str(error)) from error


class BoastsOfItsLimit(Store):
    async def transaction_limit(self) -> int | None:
        return 10

    async def transact(self, operations: Operations, metadata: Mapping[str, str] = NO_METADATA) -> None:
        if len(operations) > 5:
            raise LimitExceededError("more than 5 operations")
        await super().transact(operations)


class FindsAll(QueryableStore):
    async def query(self, request: QueryRequest) -> QueryResponse:
        return QueryResponse(items=[QueryItem(key=key, data=b"{}") for key in self._items])


class OnePage(QueryableStore):
    async def query(self, request: QueryRequest) -> QueryResponse:
        return replace(await super().query(request), token="")


async def _everything(stream: ServerStream) -> None:
    """Answer OK to whatever is asked."""
    await stream.receive()
    await stream.send(b"")


GET, SET = "Get", "Set"
_STORE = names.STATE_STORE

LATER_REFLECTION = reflection_pb2.ServerReflectionResponse(
    list_services_response=reflection_pb2.ListServiceResponse(
        service=[reflection_pb2.ServiceResponse(name=_STORE)]
    )
)

#: Those that break a rule for all blocks.
COMMON: dict[str, Broken] = {
    "init-is-answered": Broken(NeverReady),
    "ping-is-answered": Broken(NeverWell),
    "reflection-v1alpha-is-served": Broken(
        Store, answering(names.REFLECTION_V1, "ServerReflectionInfo", LATER_REFLECTION), hides="v1alpha"
    ),
    "features-are-words-of-dapr": Broken(
        Store, answering(_STORE, "Features", common_pb2.FeaturesResponse(features=["BULK_PUBLISH"]))
    ),
    "second-init-is-answered": Broken(InitialisedOnce),
    "second-instance-is-answered": Broken(OneInstance),
    "call-before-init-is-refused": Broken(Store, answering(_STORE, GET, pb.GetResponse())),
    "broken-request-gets-a-status": Broken(Store, answering(_STORE, GET, pb.GetResponse())),
    "noise-does-no-harm": Broken(
        Store, answering(_STORE, GET, status(Code.INTERNAL, 'Traceback: File "secret.py", line 1'))
    ),
    "unknown-method-is-unimplemented": Broken(Store, unknown=_everything),
}

BROKEN: dict[str, Broken] = {
    "value-is-read-back": Broken(ChangesValues),
    "later-value-overwrites": Broken(KeepsTheFirst),
    "missing-key-is-no-error": Broken(MissingIsAnError),
    "deleted-key-is-gone": Broken(DeletesNothing),
    "deleting-a-missing-key-is-no-error": Broken(DeleteNeedsAKey),
    "keys-are-taken-as-they-are": Broken(LowerCase),
    "value-of-4-mib-minus-framing-passes": Broken(SmallValues),
    "transactions-not-claimed-are-not-served": Broken(
        PlainStore,
        answering(names.TRANSACTIONAL_STATE_STORE, "Transact", pb.TransactionalStateResponse()),
    ),
    "claimed-features-are-served": Broken(Store, hides="TransactionalStateStore"),
    "served-features-are-claimed": Broken(
        PlainStore, answering(names.QUERIABLE_STATE_STORE, "Query", pb.QueryResponse())
    ),
    "life-not-claimed-is-not-shown": Broken(ShowsALife),
    "etags-not-claimed-are-not-shown": Broken(ShowsETags),
    "bulk-set-stores-all": Broken(LosesTheLast),
    "bulk-get-has-an-item-for-each-key": Broken(BulkGetLosesTheLast),
    "missing-key-in-bulk-is-no-error": Broken(MissingInBulkIsAnError),
    "bulk-get-honours-parallelism": Broken(AsManyAsAtOnce),
    "bulk-delete-removes-all": Broken(BulkDeletesNothing),
    "empty-bulk-is-no-error": Broken(NothingIsAnError),
    "every-write-changes-the-etag": Broken(SameETag),
    "stale-etag-is-a-mismatch": Broken(NamelessMismatch),
    "stale-etag-refuses-a-delete": Broken(DeleteIgnoresETags),
    "right-etag-passes-a-delete": Broken(DeleteRefusesETags),
    "strange-etag-is-refused-as-one": Broken(NamelessMismatch),
    "empty-etag-is-none": Broken(
        Store, answering(_STORE, SET, status(Code.FAILED_PRECONDITION, "possible etag mismatch"))
    ),
    "bulk-get-shows-etags": Broken(BulkGetHidesETags),
    "failing-item-of-a-bulk-set-costs-no-other": Broken(AllOrNothing),
    "first-write-inserts-only": Broken(LastWriteWins),
    "one-of-many-first-writers-wins": Broken(Races),
    "concurrent-writers-lose-no-update": Broken(Races),
    "value-is-gone-after-its-life": Broken(LivesForEver),
    "time-of-expiry-is-right": Broken(TellsTheDay),
    "life-ends-with-minus-one-or-none": Broken(KeepsItsLife),
    "life-that-is-no-number-is-refused": Broken(AnyLife),
    "transaction-applies-all": Broken(AppliesTheFirst),
    "operations-apply-in-order": Broken(SetsFirst),
    "delete-of-a-missing-key-does-not-fail-it": Broken(DeletesWhatIsThere),
    "empty-transaction-is-no-error": Broken(NeedsAnOperation),
    "failed-transaction-changes-nothing": Broken(OneByOne),
    "stale-etag-in-a-transaction-is-a-mismatch": Broken(NamelessInTransaction),
    "transaction-limit-is-honest": Broken(BoastsOfItsLimit),
    "query-finds-by-equality": Broken(FindsAll),
    "query-pages-lose-nothing": Broken(OnePage),
}
