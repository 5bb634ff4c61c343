"""
State stores in etcd, at the keys daprd uses, with the values of its versions v1 and v2.

Facts: components-contrib ``state/etcd``. A daprd serves the second as ``state.etcd`` version v2; as a
component of its own it is called ``state.etcd-v2``.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Final

from pluggable import About, state
from pluggable.errors import (
    ComponentError,
    InitError,
    LimitExceededError,
    MetadataError,
    TimedOutError,
    UnavailableError,
)
from pluggable.keyspace import KeysLike, KeysLikeRequest, KeysLikeResponse, NativeBulk
from pluggable.metadata import NO_METADATA, Metadata

from .. import ttl
from ._proto import etcd_pb2 as pb
from .client import Client
from .keys import keys_like
from .settings import AUTHENTICATION, EtcdSettings
from .values import First, Layout, Second
from .writes import Plan, Write, comparison, is_conditional, mismatch

logger = logging.getLogger(__name__)

#: So many operations of a bulk are worth a transaction.
_FEW: Final = 2
_URL: Final = "https://docs.dapr.io/reference/components-reference/supported-state-stores/setup-etcd/"


class EtcdStateStore(
    state.StateStore, state.ETagged, state.Transactional, state.Expiring, KeysLike, NativeBulk
):
    """Keys and values in etcd, bare; an answered write is what a majority of the members has."""

    about = About(
        settings=EtcdSettings,
        title="etcd",
        description="Keys and values in etcd, at the keys that daprd's state.etcd v1 uses.",
        url=_URL,
        authentication=AUTHENTICATION,
    )
    _layout: ClassVar[Layout] = First()

    def __init__(self) -> None:
        self._opened: Client | None = None
        self._prefix = ""
        self._most = 0

    async def init(self, metadata: Metadata) -> None:
        settings = metadata.parse(EtcdSettings)
        self._prefix = f"{settings.key_prefix_path}/"
        self._most = settings.max_txn_ops
        try:
            self._opened = Client(settings)
        except ValueError as error:
            raise MetadataError([str(error)]) from error
        try:
            await self.ping()
        except ComponentError as error:
            await self.close()
            raise InitError(str(error)) from error

    async def close(self) -> None:
        if self._opened is not None:
            await self._opened.close()

    async def ping(self) -> None:
        await self._client.range(pb.RangeRequest(key=b"health", keys_only=True))

    async def get(self, request: state.GetRequest) -> state.GetResponse | None:
        answer = await self._client.range(pb.RangeRequest(key=self._key(request.key)))
        found = self._found(request.key, answer)
        if isinstance(found, ComponentError):
            raise found
        return found

    async def bulk_get(
        self, requests: Sequence[state.GetRequest], *, parallelism: int = 0
    ) -> list[state.BulkGetItem]:
        keys = [request.key for request in requests]
        items: list[state.BulkGetItem] = []
        try:
            for start in range(0, len(keys), self._most):
                some = keys[start : start + self._most]
                asked = [pb.RangeRequest(key=self._key(key)) for key in some]
                answers = await self._client.read(asked)
                items += [self._item(key, answer) for key, answer in zip(some, answers, strict=True)]
        except ComponentError:
            # Each key with an error of its own.
            return await super().bulk_get(requests, parallelism=parallelism)
        return items

    async def set(self, request: state.SetRequest) -> None:
        await self._write([request])

    async def delete(self, request: state.DeleteRequest) -> None:
        await self._write([request])

    async def bulk_set(self, requests: Sequence[state.SetRequest], *, parallelism: int = 0) -> None:
        if not await self._done_together(requests):
            await super().bulk_set(requests, parallelism=parallelism)

    async def bulk_delete(self, requests: Sequence[state.DeleteRequest], *, parallelism: int = 0) -> None:
        if not await self._done_together(requests):
            await super().bulk_delete(requests, parallelism=parallelism)

    async def transact(self, operations: Sequence[Write], metadata: Mapping[str, str] = NO_METADATA) -> None:
        if operations:
            await self._write(operations)

    async def transaction_limit(self) -> int | None:
        return self._most

    async def keys_like(self, request: KeysLikeRequest) -> KeysLikeResponse:
        return await keys_like(self._client, self._prefix.encode(), request)

    async def _done_together(self, operations: Sequence[Write]) -> bool:
        """
        Apply operations that depend on nothing, as many at once as a transaction has.

        Returns whether that went well; else each is to be applied by itself.
        """
        if len(operations) < _FEW or any(map(is_conditional, operations)):
            return False
        try:
            for start in range(0, len(operations), self._most):
                await self._write(operations[start : start + self._most])
        except (UnavailableError, TimedOutError):
            raise
        except ComponentError as error:
            logger.debug("%d operations are not done together: %s", len(operations), error)
            return False
        return True

    async def _write(self, operations: Sequence[Write]) -> None:
        plan = Plan.of(operations)
        if len(plan.last) > self._most:
            raise LimitExceededError(
                f"the transaction has {len(plan.last)} keys, wanted {self._most} at most; maxTxnOps sets "
                "that, and has to be the server's --max-txn-ops"
            )
        lives = {key: _life(write) for key, write in plan.last.items() if isinstance(write, state.SetRequest)}
        leases = await self._leases({life for life in lives.values() if life is not None})
        steps = [self._step(write, lives.get(key), leases) for key, write in plan.last.items()]
        try:
            await self._apply(plan, steps)
        except ComponentError as error:
            # What may have been written keeps its lease.
            if not isinstance(error, (UnavailableError, TimedOutError)):
                await self._drop(leases.values())
            raise

    async def _apply(self, plan: Plan, steps: Sequence[pb.RequestOp]) -> None:
        if len(steps) == 1 and not plan.wanted:
            [step] = steps
            if step.HasField("request_put"):
                await self._client.put(step.request_put)
            else:
                await self._client.delete(step.request_delete_range)
            return
        wanted = {self._key(key): revision for key, revision in plan.wanted.items()}
        answer = await self._client.transact(
            pb.TxnRequest(
                compare=[comparison(key, revision) for key, revision in wanted.items()],
                success=steps,
                failure=[_look(key) for key in wanted],
            )
        )
        if not answer.succeeded:
            raise _mismatch(plan, answer)

    def _step(self, write: Write, life: int | None, leases: Mapping[int, int]) -> pb.RequestOp:
        key = self._key(write.key)
        if isinstance(write, state.DeleteRequest):
            return pb.RequestOp(request_delete_range=pb.DeleteRangeRequest(key=key))
        value = self._layout.encoded(write.value, life)
        lease = 0 if life is None else leases[life]
        return pb.RequestOp(request_put=pb.PutRequest(key=key, value=value, lease=lease))

    async def _leases(self, lives: Iterable[int]) -> dict[int, int]:
        """Return a lease for each life."""
        return {life: await self._client.grant(life) for life in lives}

    async def _drop(self, leases: Iterable[int]) -> None:
        for lease in leases:
            try:
                await self._client.revoke(lease)
            except ComponentError as error:
                logger.debug("state.etcd: lease %x is left to end: %s", lease, error)

    def _item(self, key: str, answer: pb.RangeResponse) -> state.BulkGetItem:
        found = self._found(key, answer)
        if isinstance(found, ComponentError):
            return state.BulkGetItem(key=key, error=str(found))
        return state.BulkGetItem(key=key, value=found)

    def _found(self, key: str, answer: pb.RangeResponse) -> state.GetResponse | ComponentError | None:
        return self._layout.decoded(key, answer.kvs[0]) if answer.kvs else None

    def _key(self, key: str) -> bytes:
        return f"{self._prefix}{key}".encode()

    @property
    def _client(self) -> Client:
        if self._opened is None:
            raise InitError("state.etcd was not initialised: await init first")
        return self._opened


class EtcdStateStoreV2(EtcdStateStore):
    """Keys and values in etcd, in envelopes that tell their life; written is what a majority has."""

    about = About(
        settings=EtcdSettings,
        title="etcd, version 2",
        description="Keys and values in etcd, at the keys that daprd's state.etcd v2 uses.",
        url=_URL,
        authentication=AUTHENTICATION,
    )
    _layout = Second()


def _life(request: state.SetRequest) -> int | None:
    """Return how many seconds a value is to live, ``None`` for ever."""
    if not request.metadata:
        return None
    seconds = ttl.seconds_to_live(request.metadata, lowest=-1)
    return seconds if seconds is not None and seconds > 0 else None


def _look(key: bytes) -> pb.RequestOp:
    return pb.RequestOp(request_range=pb.RangeRequest(key=key, keys_only=True))


def _mismatch(plan: Plan, answer: pb.TxnResponse) -> ComponentError:
    """Return the error for the first key that is not as it should be."""
    for (key, revision), each in zip(plan.wanted.items(), answer.responses, strict=True):
        kvs = each.response_range.kvs
        if (kvs[0].mod_revision if kvs else 0) != revision:
            return mismatch(key, plan.last[key].etag)
    return ComponentError("etcd refused a transaction whose conditions hold")
