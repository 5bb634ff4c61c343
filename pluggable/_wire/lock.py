"""Lock stores on the wire."""

from __future__ import annotations

from .._proto.pluggable.components.v1alpha1 import lock_pb2 as pb
from ..lock import TryLockRequest, UnlockRequest, UnlockStatus
from ..metadata import Metadata
from .common import mapping, metadata_request, metadata_request_pb

# A word of a later release counts as "not known": proto3 hands us its number all the same.
_STATUS = {each.value: each for each in UnlockStatus}
_STATUS_PB = {
    UnlockStatus.SUCCESS: pb.UnlockResponse.SUCCESS,
    UnlockStatus.LOCK_DOES_NOT_EXIST: pb.UnlockResponse.LOCK_DOES_NOT_EXIST,
    UnlockStatus.LOCK_BELONGS_TO_OTHERS: pb.UnlockResponse.LOCK_BELONGS_TO_OTHERS,
    UnlockStatus.INTERNAL_ERROR: pb.UnlockResponse.INTERNAL_ERROR,
}


def init_request(message: pb.LockStoreInitRequest, name: str = "") -> Metadata:
    """Return what the component is configured with."""
    return metadata_request(message.metadata, name)


def init_request_pb(metadata: Metadata) -> pb.LockStoreInitRequest:
    """Pack what the component is configured with."""
    return pb.LockStoreInitRequest(metadata=metadata_request_pb(metadata))


def try_lock_request(message: pb.TryLockRequest) -> TryLockRequest:
    """
    Return which lock is asked for.

    Raises:
        InvalidRequestError: it is none that could be.
    """
    return TryLockRequest(
        resource=message.resource_id,
        owner=message.lock_owner,
        expiry_seconds=message.expiry_in_seconds,
        metadata=mapping(message.metadata),
    )


def try_lock_request_pb(request: TryLockRequest) -> pb.TryLockRequest:
    """Pack which lock is asked for."""
    return pb.TryLockRequest(
        resource_id=request.resource,
        lock_owner=request.owner,
        expiry_in_seconds=request.expiry_seconds,
        metadata=dict(request.metadata) or None,
    )


def unlock_request(message: pb.UnlockRequest) -> UnlockRequest:
    """
    Return which lock is given back.

    Raises:
        InvalidRequestError: it is none that could be.
    """
    return UnlockRequest(
        resource=message.resource_id, owner=message.lock_owner, metadata=mapping(message.metadata)
    )


def unlock_request_pb(request: UnlockRequest) -> pb.UnlockRequest:
    """Pack which lock is given back."""
    return pb.UnlockRequest(
        resource_id=request.resource, lock_owner=request.owner, metadata=dict(request.metadata) or None
    )


def unlock_response(message: pb.UnlockResponse) -> UnlockStatus:
    """Return what came of giving a lock back."""
    return _STATUS.get(message.status, UnlockStatus.INTERNAL_ERROR)


def unlock_response_pb(status: UnlockStatus) -> pb.UnlockResponse:
    """Pack what came of giving a lock back."""
    return pb.UnlockResponse(status=_STATUS_PB[status])
