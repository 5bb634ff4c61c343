"""Messages around a huge value are what protobuf makes of them."""

from __future__ import annotations

import pytest

from pluggable._proto.dapr.proto.components.v1 import state_pb2 as pb
from pluggable._wire.huge import with_bytes


@pytest.mark.parametrize("size", [0, 1, 127, 128, 3 * 1024 * 1024 + 1])
def test_value_is_where_protobuf_would_put_it(size: int) -> None:
    value = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    bare = pb.SetRequest(key="k", metadata={"a": "b"}, etag=pb.Etag(value="1"))

    found = pb.SetRequest.FromString(with_bytes(bare, "value", value))

    assert found == pb.SetRequest(key="k", value=value, metadata={"a": "b"}, etag=pb.Etag(value="1"))
