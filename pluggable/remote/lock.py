"""A lock store over a socket."""

from __future__ import annotations

from google.protobuf.message import Message

from .._proto.pluggable.components.v1alpha1 import lock_pb2 as pb
from .._wire import lock as wire, names
from ..lock import LockStore, TryLockRequest, UnlockRequest, UnlockStatus
from ..metadata import Metadata
from .component import RemoteComponent

_TRY_LOCK = names.path(names.LOCK_STORE, "TryLock")
_UNLOCK = names.path(names.LOCK_STORE, "Unlock")


class RemoteLockStore(RemoteComponent, LockStore):
    """A lock store over a socket."""

    service = names.LOCK_STORE

    async def try_lock(self, request: TryLockRequest) -> bool:
        answer = await self._connection.ask(_TRY_LOCK, wire.try_lock_request_pb(request), pb.TryLockResponse)
        return answer.success

    async def unlock(self, request: UnlockRequest) -> UnlockStatus:
        answer = await self._connection.ask(_UNLOCK, wire.unlock_request_pb(request), pb.UnlockResponse)
        return wire.unlock_response(answer)

    def _init_request(self, metadata: Metadata) -> tuple[Message, type[Message]]:
        return wire.init_request_pb(metadata), pb.LockStoreInitResponse
