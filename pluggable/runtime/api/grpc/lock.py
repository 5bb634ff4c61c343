"""Locks over gRPC."""

from __future__ import annotations

from ...._proto.dapr.proto.runtime.v1 import lock_pb2 as pb
from ....transport import ServerCall
from ...blocks.lock import Locks
from .service import Service


class LockCalls:
    """The methods for locks."""

    def __init__(self, block: Locks) -> None:
        self._block = block

    def add_to(self, service: Service) -> None:
        """Add the methods."""
        service.add("TryLockAlpha1", pb.TryLockRequest, self.try_lock)
        service.add("UnlockAlpha1", pb.UnlockRequest, self.unlock)

    async def try_lock(self, request: pb.TryLockRequest, _call: ServerCall) -> pb.TryLockResponse:
        """Answer whether the lock was free, and is the caller's now."""
        taken = await self._block.try_lock(
            request.store_name, request.resource_id, request.lock_owner, request.expiry_in_seconds
        )
        return pb.TryLockResponse(success=taken)

    async def unlock(self, request: pb.UnlockRequest, _call: ServerCall) -> pb.UnlockResponse:
        """Answer what came of giving the lock back."""
        status = await self._block.unlock(request.store_name, request.resource_id, request.lock_owner)
        return pb.UnlockResponse(status=pb.UnlockResponse.Status.ValueType(status.value))
