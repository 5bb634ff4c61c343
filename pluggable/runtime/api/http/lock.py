"""Locks over HTTP."""

from __future__ import annotations

from ...blocks.lock import Locks
from ..jsontext import dump
from .protojson import Fields
from .request import Request, Response
from .router import Router


class LockHandlers:
    """``/v1.0-alpha1/lock`` and ``/v1.0-alpha1/unlock``."""

    def __init__(self, block: Locks) -> None:
        self._block = block

    def add_to(self, router: Router) -> None:
        """Add the paths."""
        router.add("POST", "/v1.0-alpha1/lock/{store}", self.try_lock)
        router.add("POST", "/v1.0-alpha1/unlock/{store}", self.unlock)

    async def try_lock(self, request: Request, store: str) -> Response:
        """Answer whether the lock was free, and is the caller's now."""
        fields = Fields(request.body)
        taken = await self._block.try_lock(
            store, fields.text("resourceId"), fields.text("lockOwner"), fields.int32("expiryInSeconds")
        )
        return Response(200, dump({"success": taken}))

    async def unlock(self, request: Request, store: str) -> Response:
        """Answer with the number of what came of giving the lock back."""
        fields = Fields(request.body)
        status = await self._block.unlock(store, fields.text("resourceId"), fields.text("lockOwner"))
        return Response(200, dump({"status": status.value}))
