"""Lock stores on a socket."""

from __future__ import annotations

from typing import Any

from .._proto.pluggable.components.v1alpha1 import lock_pb2 as pb
from .._wire import lock as wire, names
from .._wire.names import path
from ..component import Component
from ..lock import LockStore
from ..transport import Handler
from .calls import Calls


def handlers(calls: Calls[Any], kind: type[Component]) -> dict[str, Handler]:  # noqa: ARG001  as for every block
    """Return what answers the calls for a lock store."""
    service = names.LOCK_STORE
    return {
        path(service, "Init"): calls.init(
            pb.LockStoreInitRequest, wire.init_request, pb.LockStoreInitResponse()
        ),
        path(service, "Features"): calls.features(),
        path(service, "Ping"): calls.ping(),
        path(service, "TryLock"): calls.unary(pb.TryLockRequest, try_lock),
        path(service, "Unlock"): calls.unary(pb.UnlockRequest, unlock),
    }


async def try_lock(store: LockStore, message: pb.TryLockRequest) -> pb.TryLockResponse:
    """Answer TryLock."""
    return pb.TryLockResponse(success=await store.try_lock(wire.try_lock_request(message)))


async def unlock(store: LockStore, message: pb.UnlockRequest) -> pb.UnlockResponse:
    """Answer Unlock."""
    return wire.unlock_response_pb(await store.unlock(wire.unlock_request(message)))
