"""A state store over a socket."""

from __future__ import annotations

import pytest

from pluggable._proto.dapr.proto.components.v1 import state_pb2 as pb
from pluggable._wire import names, query, state as wire
from pluggable.errors import BulkError, ETagMismatchError, RowMismatchError, UnsupportedError
from pluggable.metadata import Metadata
from pluggable.remote import Connection, RemoteStateStore
from pluggable.state import (
    BulkGetItem,
    DeleteRequest,
    GetRequest,
    GetResponse,
    QueryItem,
    QueryRequest,
    QueryResponse,
    SetRequest,
)
from tests.remote.speaking import Life, Process

GETS = [GetRequest(key="a"), GetRequest(key="b"), GetRequest(key="c")]


class Rows:
    """What a component stores, as it answers for it on the wire."""

    def __init__(self, life: Life) -> None:
        self.rows: dict[str, tuple[bytes, int]] = {}
        life.on(names.STATE_STORE, "Get", self._get)
        life.on(names.STATE_STORE, "Set", self._set)
        life.on(names.STATE_STORE, "Delete", self._delete)

    def _get(self, data: bytes) -> pb.GetResponse:
        found = self.rows.get(wire.get_request(pb.GetRequest.FromString(data)).key)
        return wire.get_response_pb(GetResponse(data=found[0], etag=str(found[1])) if found else None)

    def _set(self, data: bytes) -> pb.SetResponse:
        request = wire.set_request(pb.SetRequest.FromString(data))
        _, version = self.rows.get(request.key, (b"", 0))
        if request.etag is not None and request.etag != str(version):
            raise ETagMismatchError(f"{request.key} is at {version}, not {request.etag}")
        self.rows[request.key] = (request.value, version + 1)
        return pb.SetResponse()

    def _delete(self, data: bytes) -> pb.DeleteResponse:
        self.rows.pop(wire.delete_request(pb.DeleteRequest.FromString(data)).key, None)
        return pb.DeleteResponse()


@pytest.fixture
async def store(process: Process, life: Life, connection: Connection) -> RemoteStateStore:
    Rows(life)
    for method in ("BulkGet", "BulkSet", "BulkDelete"):
        life.on(names.STATE_STORE, method, refused)
    life.on(names.TRANSACTIONAL_STATE_STORE, "Transact", refused)
    life.on(names.QUERIABLE_STATE_STORE, "Query", refused)
    life.on(names.MULTI_MAX_SIZE, "MultiMaxSize", refused)
    await process.live(life)
    store = RemoteStateStore(connection)
    await store.init(Metadata())
    return store


def refused(_: bytes) -> pb.GetResponse:
    raise UnsupportedError("not in this test")


async def test_value_comes_back_with_its_etag(store: RemoteStateStore) -> None:
    await store.set(SetRequest(key="k", value=bytes(range(256))))

    assert await store.get(GetRequest(key="k")) == GetResponse(data=bytes(range(256)), etag="1")


async def test_empty_value_is_not_missing(store: RemoteStateStore) -> None:
    await store.set(SetRequest(key="k", value=b""))

    assert await store.get(GetRequest(key="k")) == GetResponse(data=b"", etag="1")
    assert await store.get(GetRequest(key="other")) is None


async def test_deleted_value_is_gone(store: RemoteStateStore) -> None:
    await store.set(SetRequest(key="k", value=b"1"))
    await store.delete(DeleteRequest(key="k"))

    assert await store.get(GetRequest(key="k")) is None


async def test_stale_etag_is_refused(store: RemoteStateStore) -> None:
    await store.set(SetRequest(key="k", value=b"1"))
    await store.set(SetRequest(key="k", value=b"2"))

    with pytest.raises(ETagMismatchError, match="is at 2, not 1"):
        await store.set(SetRequest(key="k", value=b"3", etag="1"))


async def test_bulk_get_answers_in_order(store: RemoteStateStore, life: Life) -> None:
    found = GetResponse(data=b"1", etag="1")
    mixed = [BulkGetItem(key="c", error="gone"), BulkGetItem(key="a", value=found)]
    life.on(names.STATE_STORE, "BulkGet", wire.bulk_get_response_pb(mixed))

    assert await store.bulk_get(GETS) == [
        BulkGetItem(key="a", value=found),
        BulkGetItem(key="b"),
        BulkGetItem(key="c", error="gone"),
    ]


async def test_failures_of_a_bulk_come_by_key(store: RemoteStateStore, life: Life) -> None:
    def conflict(_: bytes) -> pb.BulkSetResponse:
        raise BulkError({"a": ETagMismatchError("is at 2, not 1"), "b": UnsupportedError("no TTL")})

    life.on(names.STATE_STORE, "BulkSet", conflict)

    with pytest.raises(BulkError) as failed:
        await store.bulk_set([SetRequest(key="a", value=b""), SetRequest(key="b", value=b"")])
    assert isinstance(failed.value.failures["a"], ETagMismatchError)
    assert isinstance(failed.value.failures["b"], UnsupportedError)


async def test_too_few_rows_are_counted(store: RemoteStateStore, life: Life) -> None:
    def fewer(_: bytes) -> pb.BulkDeleteResponse:
        raise RowMismatchError(expected=2, affected=1)

    life.on(names.STATE_STORE, "BulkDelete", fewer)

    with pytest.raises(RowMismatchError) as failed:
        await store.bulk_delete([DeleteRequest(key="a"), DeleteRequest(key="b")])
    assert (failed.value.expected, failed.value.affected) == (2, 1)


async def test_transaction_arrives_in_order(store: RemoteStateStore, life: Life) -> None:
    arrived: list[object] = []

    def transact(data: bytes) -> pb.TransactionalStateResponse:
        arrived.append(wire.transact_request(pb.TransactionalStateRequest.FromString(data)))
        return pb.TransactionalStateResponse()

    life.on(names.TRANSACTIONAL_STATE_STORE, "Transact", transact)
    operations: list[SetRequest | DeleteRequest] = [
        SetRequest(key="a", value=b"1"),
        DeleteRequest(key="a"),
        SetRequest(key="a", value=b"2"),
    ]
    await store.transact(operations, {"m": "1"})

    assert arrived == [(operations, {"m": "1"})]


@pytest.mark.parametrize(("size", "limit"), [(10, 10), (0, None), (-1, None)])
async def test_transaction_limit_is_asked_for(
    store: RemoteStateStore, life: Life, size: int, limit: int | None
) -> None:
    life.on(names.MULTI_MAX_SIZE, "MultiMaxSize", pb.MultiMaxSizeResponse(max_size=size))

    assert await store.transaction_limit() == limit


async def test_older_store_has_no_limit(store: RemoteStateStore) -> None:
    assert await store.transaction_limit() is None


async def test_query_and_rows_arrive(store: RemoteStateStore, life: Life) -> None:
    asked: list[QueryRequest] = []
    rows = QueryResponse(items=[QueryItem(key="k", data=b"{}", etag="1")], token="t")

    def answer(data: bytes) -> pb.QueryResponse:
        asked.append(query.query_request(pb.QueryRequest.FromString(data)))
        return query.query_response_pb(rows)

    life.on(names.QUERIABLE_STATE_STORE, "Query", answer)
    request = QueryRequest(filter={"EQ": {"state": "CA"}}, limit=1)

    assert await store.query(request) == rows
    assert asked == [request]


async def test_store_without_queries_is_unsupported(store: RemoteStateStore) -> None:
    with pytest.raises(UnsupportedError, match="not in this test"):
        await store.query(QueryRequest())
