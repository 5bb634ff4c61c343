"""Lock stores on the wire."""

from __future__ import annotations

import pytest

from pluggable._proto.dapr.proto.runtime.v1 import lock_pb2 as runtime
from pluggable._proto.pluggable.components.v1alpha1 import lock_pb2 as pb
from pluggable._wire import lock as wire
from pluggable.errors import InvalidRequestError
from pluggable.lock import LONGEST_SECONDS, TryLockRequest, UnlockRequest, UnlockStatus
from pluggable.metadata import Metadata


def test_init_comes_back() -> None:
    metadata = Metadata({"redisHost": "h", "empty": ""}, "locks")

    assert wire.init_request(wire.init_request_pb(metadata), "locks") == metadata


@pytest.mark.parametrize("metadata", [{}, {"a": "", "b": "größe"}])
def test_requests_come_back(metadata: dict[str, str]) -> None:
    lock = TryLockRequest(resource="r", owner="o", expiry_seconds=LONGEST_SECONDS, metadata=metadata)
    unlock = UnlockRequest(resource="r", owner="o", metadata=metadata)

    assert wire.try_lock_request(wire.try_lock_request_pb(lock)) == lock
    assert wire.unlock_request(wire.unlock_request_pb(unlock)) == unlock


@pytest.mark.parametrize("status", UnlockStatus)
def test_status_comes_back_with_daprs_number(status: UnlockStatus) -> None:
    assert wire.unlock_response(wire.unlock_response_pb(status)) is status
    assert runtime.UnlockResponse.Status.Value(status.name) == status.value


@pytest.mark.parametrize(
    "message",
    [
        pb.TryLockRequest(lock_owner="o", expiry_in_seconds=1),
        pb.TryLockRequest(resource_id="r", expiry_in_seconds=1),
        pb.TryLockRequest(resource_id="r", lock_owner="o"),
        pb.TryLockRequest(resource_id="r", lock_owner="o", expiry_in_seconds=-1),
    ],
)
def test_lock_that_cannot_be_is_refused(message: pb.TryLockRequest) -> None:
    with pytest.raises(InvalidRequestError):
        wire.try_lock_request(message)
