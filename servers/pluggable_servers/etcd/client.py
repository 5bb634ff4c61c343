"""
Calls to the members of an etcd cluster: one connection each, the next member where one does not answer.

Facts: etcd ``api/etcdserverpb/rpc.proto``; daprd gives each call 5 seconds.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

import grpc
import grpc.aio

from pluggable.errors import UnavailableError

from ._proto import etcd_pb2 as pb
from .errors import error_of, never_sent
from .settings import EtcdSettings

SECONDS: Final = 5.0
_OPTIONS: Final = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # A member that comes back is found soon, and is dialled anew by each component.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_http_proxy", 0),
)


class _Sendable(Protocol):
    def SerializeToString(self) -> bytes: ...  # noqa: N802  protobuf's name


_Request = TypeVar("_Request", bound=_Sendable)
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Method(Generic[_Request, _Answer]):
    """One method of etcd's API."""

    path: str
    asked: type[_Request]
    answer: Any
    reads: bool = False


_RANGE: Final[_Method[pb.RangeRequest, pb.RangeResponse]] = _Method(
    path="/etcdserverpb.KV/Range", asked=pb.RangeRequest, answer=pb.RangeResponse, reads=True
)
_PUT: Final[_Method[pb.PutRequest, pb.PutResponse]] = _Method(
    path="/etcdserverpb.KV/Put", asked=pb.PutRequest, answer=pb.PutResponse
)
_DELETE: Final[_Method[pb.DeleteRangeRequest, pb.DeleteRangeResponse]] = _Method(
    path="/etcdserverpb.KV/DeleteRange", asked=pb.DeleteRangeRequest, answer=pb.DeleteRangeResponse
)
_TXN: Final[_Method[pb.TxnRequest, pb.TxnResponse]] = _Method(
    path="/etcdserverpb.KV/Txn", asked=pb.TxnRequest, answer=pb.TxnResponse
)
_READ_TXN: Final[_Method[pb.TxnRequest, pb.TxnResponse]] = _Method(
    path="/etcdserverpb.KV/Txn", asked=pb.TxnRequest, answer=pb.TxnResponse, reads=True
)
_GRANT: Final[_Method[pb.LeaseGrantRequest, pb.LeaseGrantResponse]] = _Method(
    path="/etcdserverpb.Lease/LeaseGrant", asked=pb.LeaseGrantRequest, answer=pb.LeaseGrantResponse
)
_REVOKE: Final[_Method[pb.LeaseRevokeRequest, pb.LeaseRevokeResponse]] = _Method(
    path="/etcdserverpb.Lease/LeaseRevoke", asked=pb.LeaseRevokeRequest, answer=pb.LeaseRevokeResponse
)
_METHODS: Final[tuple[_Method[Any, Any], ...]] = (_RANGE, _PUT, _DELETE, _TXN, _GRANT, _REVOKE)


class _Member:
    """One server of the cluster."""

    def __init__(self, address: str, credentials: grpc.ChannelCredentials | None) -> None:
        self.address = address
        if credentials is None:
            self._channel = grpc.aio.insecure_channel(address, options=_OPTIONS)
        else:
            self._channel = grpc.aio.secure_channel(address, credentials, options=_OPTIONS)
        self._calls = {method.path: self._callable(method) for method in _METHODS}

    async def ask(self, method: _Method[_Request, _Answer], request: _Request) -> _Answer:
        answer: _Answer = await self._calls[method.path](request, timeout=SECONDS)
        return answer

    async def close(self) -> None:
        await self._channel.close()

    def _callable(self, method: _Method[Any, Any]) -> grpc.aio.UnaryUnaryMultiCallable[Any, Any]:
        return self._channel.unary_unary(
            method.path,
            request_serializer=method.asked.SerializeToString,
            response_deserializer=method.answer.FromString,
        )


class Client:
    """
    An etcd cluster; made within a running loop, and closed by who made it.

    What only reads is asked of the next member where one is not there; a write only if the first cannot have
    seen it, since it may have done it.

    Every call raises:
        UnavailableError: no member is there, or there was none during a write.
        TimedOutError: there is no answer within 5 seconds.
    """

    def __init__(self, settings: EtcdSettings) -> None:
        self._members = [
            _Member(address, _credentials(settings) if tls else None) for address, tls in settings.addresses
        ]
        self._first = 0

    async def close(self) -> None:
        """Close the connections."""
        await asyncio.gather(*(member.close() for member in self._members))

    async def range(self, request: pb.RangeRequest) -> pb.RangeResponse:
        """Read a key, or those of a range."""
        return await self._ask(_RANGE, request)

    async def put(self, request: pb.PutRequest) -> None:
        """Write a key whatever is there."""
        await self._ask(_PUT, request)

    async def delete(self, request: pb.DeleteRangeRequest) -> None:
        """Remove a key whatever is there."""
        await self._ask(_DELETE, request)

    async def transact(self, request: pb.TxnRequest) -> pb.TxnResponse:
        """Compare, and then do one thing or the other."""
        return await self._ask(_TXN, request)

    async def read(self, requests: list[pb.RangeRequest]) -> list[pb.RangeResponse]:
        """Read several keys as they are at one time."""
        steps = [pb.RequestOp(request_range=request) for request in requests]
        answer = await self._ask(_READ_TXN, pb.TxnRequest(success=steps))
        return [each.response_range for each in answer.responses]

    async def grant(self, seconds: int) -> int:
        """Return a lease that ends after so many seconds, and then takes its keys with it."""
        return (await self._ask(_GRANT, pb.LeaseGrantRequest(TTL=seconds))).ID

    async def revoke(self, lease: int) -> None:
        """End a lease, and remove its keys."""
        await self._ask(_REVOKE, pb.LeaseRevokeRequest(ID=lease))

    async def _ask(self, method: _Method[_Request, _Answer], request: _Request) -> _Answer:
        first, count = self._first, len(self._members)
        for number in range(first, first + count):
            member = self._members[number % count]
            try:
                answer = await member.ask(method, request)
            except grpc.aio.AioRpcError as error:
                if not _of_the_member(error):
                    raise error_of(error, member.address, SECONDS) from error
                self._pass_over(member)
                last = number == first + count - 1
                if last or not (method.reads or never_sent(error)):
                    raise error_of(error, member.address, SECONDS) from error
            else:
                return answer
        raise UnavailableError("etcd: no member is known")  # The settings have one at least.

    def _pass_over(self, member: _Member) -> None:
        """Begin with the next from now on, unless somebody has moved on already."""
        if self._members[self._first] is member:
            self._first = (self._first + 1) % len(self._members)


def _of_the_member(error: grpc.aio.AioRpcError) -> bool:
    """Return whether another member may do better."""
    return error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)


def _credentials(settings: EtcdSettings) -> grpc.ChannelCredentials:
    if not settings.tls_enable:
        return grpc.ssl_channel_credentials()
    return grpc.ssl_channel_credentials(settings.ca.encode(), settings.key.encode(), settings.cert.encode())
