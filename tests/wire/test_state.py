"""State on the wire: what is told apart, and what is not."""

from __future__ import annotations

import pytest

from pluggable._proto.dapr.proto.components.v1 import state_pb2 as pb
from pluggable._wire import state as wire
from pluggable.metadata import Metadata
from pluggable.state import (
    BulkGetItem,
    Concurrency,
    Consistency,
    DeleteRequest,
    GetRequest,
    GetResponse,
    SetRequest,
)

EVERY_BYTE = bytes(range(256))

GETS = [
    GetRequest(key="app||k"),
    GetRequest(key="", consistency=Consistency.STRONG, metadata={"partitionKey": "p"}),
    GetRequest(key="käse", consistency=Consistency.EVENTUAL),
]
SETS = [
    SetRequest(key="k", value=b""),
    SetRequest(
        key="k",
        value=EVERY_BYTE,
        etag="7",
        concurrency=Concurrency.FIRST_WRITE,
        consistency=Consistency.STRONG,
        metadata={"ttlInSeconds": "-1"},
        content_type="application/json",
    ),
    SetRequest(key="k", value=b"1", concurrency=Concurrency.LAST_WRITE),
]
DELETES = [
    DeleteRequest(key="k"),
    DeleteRequest(
        key="k",
        etag="e",
        concurrency=Concurrency.FIRST_WRITE,
        consistency=Consistency.EVENTUAL,
        metadata={"a": "b"},
    ),
]
FOUND = [
    GetResponse(data=EVERY_BYTE),
    GetResponse(data=b"", etag="1"),
    GetResponse(data=b"", metadata={"ttlExpireTime": "2026-01-01T00:00:00Z"}),
    GetResponse(data=b"{}", etag="1", metadata={"a": "b"}, content_type="application/json"),
]


@pytest.mark.parametrize("request_", GETS)
def test_get_request_comes_back(request_: GetRequest) -> None:
    message = pb.GetRequest.FromString(wire.get_request_pb(request_).SerializeToString())

    assert wire.get_request(message) == request_


@pytest.mark.parametrize("request_", SETS)
def test_set_request_comes_back(request_: SetRequest) -> None:
    message = pb.SetRequest.FromString(wire.set_request_pb(request_).SerializeToString())

    assert wire.set_request(message) == request_


@pytest.mark.parametrize("request_", DELETES)
def test_delete_request_comes_back(request_: DeleteRequest) -> None:
    message = pb.DeleteRequest.FromString(wire.delete_request_pb(request_).SerializeToString())

    assert wire.delete_request(message) == request_


@pytest.mark.parametrize("found", [*FOUND, None])
def test_get_response_comes_back(found: GetResponse | None) -> None:
    message = pb.GetResponse.FromString(wire.get_response_pb(found).SerializeToString())

    assert wire.get_response(message) == found


def test_missing_key_is_an_empty_message() -> None:
    assert wire.get_response_pb(None).SerializeToString() == b""


def test_empty_etag_is_no_etag() -> None:
    assert wire.set_request(pb.SetRequest(key="k", etag=pb.Etag(value=""))).etag is None
    assert wire.get_response(pb.GetResponse(etag=pb.Etag(value=""))) is None


def test_absent_etag_stays_absent() -> None:
    assert not wire.set_request_pb(SETS[0]).HasField("etag")
    assert not wire.get_response_pb(FOUND[0]).HasField("etag")


def test_options_are_always_sent() -> None:
    assert wire.set_request_pb(SETS[0]).HasField("options")
    assert wire.delete_request_pb(DELETES[0]).HasField("options")


def test_unknown_option_counts_as_unspecified() -> None:
    message = pb.SetRequest.FromString(
        b"\x2a\x04\x08\x63\x10\x63"
    )  # options {concurrency: 99, consistency: 99}

    assert message.options.concurrency == 99
    assert wire.set_request(message).concurrency is Concurrency.UNSPECIFIED
    assert wire.set_request(message).consistency is Consistency.UNSPECIFIED


def test_values_outlive_their_message() -> None:
    message = wire.set_request_pb(SETS[1])
    request = wire.set_request(message)

    message.Clear()

    assert request == SETS[1]


def test_bulk_get_comes_back() -> None:
    message = wire.bulk_get_request_pb(GETS, 4)
    items = [
        *(BulkGetItem(key=str(place), value=found) for place, found in enumerate(FOUND)),
        BulkGetItem(key="missing"),
        BulkGetItem(key="failed", error="the disk is gone"),
    ]

    assert wire.bulk_get_request(message) == (GETS, 4)
    assert wire.bulk_get_response(wire.bulk_get_response_pb(items)) == items


def test_error_without_words_stays_an_error() -> None:
    (item,) = wire.bulk_get_response(wire.bulk_get_response_pb([BulkGetItem(key="k", error="")]))

    assert item.error


def test_bulk_writes_come_back() -> None:
    assert wire.bulk_set_request(wire.bulk_set_request_pb(SETS, 2)) == (SETS, 2)
    assert wire.bulk_delete_request(wire.bulk_delete_request_pb(DELETES)) == (DELETES, 0)


def test_transaction_keeps_its_order() -> None:
    operations: list[SetRequest | DeleteRequest] = [DELETES[0], SETS[1], DELETES[1], SETS[0]]
    message = wire.transact_request_pb(operations, {"a": "b"})

    assert wire.transact_request(message) == (operations, {"a": "b"})


def test_operation_that_is_neither_is_left_out() -> None:
    message = pb.TransactionalStateRequest(operations=[pb.TransactionalStateOperation()])

    assert wire.transact_request(message) == ([], {})


@pytest.mark.parametrize(("sent", "limit"), [(10, 10), (0, None), (-1, None)])
def test_no_positive_limit_is_none(sent: int, limit: int | None) -> None:
    assert wire.multi_max_size_response(pb.MultiMaxSizeResponse(max_size=sent)) == limit
    assert wire.multi_max_size_response(wire.multi_max_size_response_pb(limit)) == limit


def test_init_carries_properties_as_written() -> None:
    sent = Metadata({"redisHost": "h", "REDISPASSWORD": ""}, "orders")

    assert wire.init_request(wire.init_request_pb(sent), "orders") == sent
