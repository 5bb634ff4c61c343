"""Messages around a huge value are what protobuf makes of them."""

from __future__ import annotations

import pytest
from google.protobuf.message import DecodeError

from pluggable._proto.dapr.proto.components.v1 import state_pb2 as pb
from pluggable._wire import hugestate, state as wire
from pluggable._wire.huge import parted, with_bytes
from pluggable.state import Concurrency, DeleteRequest, SetRequest

HUGE = SetRequest(key="a", value=b"x" * 3_000_000, etag="1", metadata={"m": "n"}, content_type="t")
SMALL = SetRequest(key="b", value=b"", concurrency=Concurrency.FIRST_WRITE)
GONE = DeleteRequest(key="c", etag="2")


@pytest.mark.parametrize("size", [0, 1, 127, 128, 3 * 1024 * 1024 + 1])
def test_value_is_where_protobuf_would_put_it(size: int) -> None:
    value = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    bare = pb.SetRequest(key="k", metadata={"a": "b"}, etag=pb.Etag(value="1"))

    found = pb.SetRequest.FromString(with_bytes(bare, "value", value))

    assert found == pb.SetRequest(key="k", value=value, metadata={"a": "b"}, etag=pb.Etag(value="1"))


def test_value_to_be_stored_is_packed_alike() -> None:
    assert pb.SetRequest.FromString(hugestate.set_request_bytes(HUGE)) == wire.set_request_pb(HUGE)


def test_values_to_be_stored_are_packed_alike() -> None:
    found = hugestate.bulk_set_request_bytes([HUGE, SMALL, HUGE], 3)

    assert pb.BulkSetRequest.FromString(found) == wire.bulk_set_request_pb([HUGE, SMALL, HUGE], 3)


def test_transaction_is_packed_alike() -> None:
    operations: list[SetRequest | DeleteRequest] = [GONE, HUGE, SMALL, GONE]

    found = hugestate.transact_request_bytes(operations, {"k": "v"})

    expected = wire.transact_request_pb(operations, {"k": "v"})
    assert pb.TransactionalStateRequest.FromString(found) == expected


@pytest.mark.parametrize("size", [0, 1, 127, 128, 3 * 1024 * 1024 + 1])
def test_value_is_taken_out_of_its_message(size: int) -> None:
    value = b"x" * size
    bare = pb.SetRequest(key="k", metadata={"a": "b"}, etag=pb.Etag(value="1"))

    for packed in (with_bytes(bare, "value", value), pb.SetRequest(key="k", value=value).SerializeToString()):
        message, found = parted(pb.SetRequest, "value", packed)

        assert found == value
        assert message.value == b""
        assert message.key == "k"


def test_last_of_many_values_is_taken_as_protobuf_does() -> None:
    packed = pb.SetRequest(value=b"1").SerializeToString() + pb.SetRequest(value=b"2").SerializeToString()

    assert parted(pb.SetRequest, "value", packed)[1] == pb.SetRequest.FromString(packed).value == b"2"


def test_field_that_nobody_knows_is_passed_over() -> None:
    unknown = pb.MultiMaxSizeResponse(max_size=300).SerializeToString().replace(b"\x08", b"\x78", 1)

    message, found = parted(
        pb.SetRequest, "value", unknown + pb.SetRequest(key="k", value=b"1").SerializeToString()
    )

    assert (message.key, message.value, found) == ("k", b"", b"1")


@pytest.mark.parametrize("data", [b"\x12", b"\x12\x05abc", b"\xff" * 12, b"\x0a\x01\xff"], ids=repr)
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(DecodeError):
        pb.SetRequest.FromString(data)
    with pytest.raises(DecodeError):
        parted(pb.SetRequest, "value", data)
