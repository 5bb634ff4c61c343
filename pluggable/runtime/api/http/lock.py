"""Locks over HTTP."""

from __future__ import annotations

from ...blocks.lock import Locks
from ..jsontext import dump
from .request import Request, Response
from .router import Router


class LockHandlers:
    """``/v1.0-alpha1/lock`` and ``/v1.0-alpha1/unlock``; bodies are the JSON form of gRPC's messages."""

    def __init__(self, block: Locks) -> None:
        self._block = block

    def add_to(self, router: Router) -> None:
        """Add the paths."""
        router.add("POST", "/v1.0-alpha1/lock/{store}", self.try_lock)
        router.add("POST", "/v1.0-alpha1/unlock/{store}", self.unlock)

    async def try_lock(self, request: Request, store: str) -> Response:
        """Answer whether the lock was free, and is the caller's now."""
        from ...._proto.dapr.proto.runtime.v1 import lock_pb2 as pb
        from .messages import read

        asked = await read(request.body, pb.TryLockRequest)
        taken = await self._block.try_lock(
            store, asked.resource_id, asked.lock_owner, asked.expiry_in_seconds
        )
        return Response(200, dump({"success": taken}))

    async def unlock(self, request: Request, store: str) -> Response:
        """Answer with the number of what came of giving the lock back."""
        from ...._proto.dapr.proto.runtime.v1 import lock_pb2 as pb
        from .messages import read

        asked = await read(request.body, pb.UnlockRequest)
        status = await self._block.unlock(store, asked.resource_id, asked.lock_owner)
        return Response(200, dump({"status": status.value}))
