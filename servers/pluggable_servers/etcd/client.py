"""
Calls to the members of an etcd cluster: one connection each, the next member where one does not answer.

Facts: etcd ``api/etcdserverpb/rpc.proto``; daprd gives each call 5 seconds.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

from pluggable.transport import Channel, ChannelState, Code, StatusError, channel

from ._proto import etcd_pb2 as pb
from .errors import error_of
from .settings import EtcdSettings

SECONDS: Final = 5.0
#: How long a call waits for a connection that is lost; it is dialled once a second.
CONNECT_SECONDS: Final = 2.0


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


class Client:
    """
    An etcd cluster; made within a running loop, and closed by who made it.

    Whoever is connected is asked. What only reads is asked of the next member where one goes away; a write is
    not, since it may have been done.

    Every call raises:
        UnavailableError: no member is there, or the one that was asked to write went away meanwhile.
        TimedOutError: there is no answer within 5 seconds.
    """

    def __init__(self, settings: EtcdSettings) -> None:
        addresses = settings.addresses
        context = settings.context() if any(tls for _, tls in addresses) else None
        self._members = [channel(address, tls=context if tls else None) for address, tls in addresses]
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
        sent = request.SerializeToString()
        attempts = len(self._members) if method.reads else 1
        while True:
            member = self._members[self._first]
            if member.state is not ChannelState.UP:
                member = await self._up()
            attempts -= 1
            try:
                answer: _Answer = method.answer.FromString(
                    await member.unary(method.path, sent, timeout=SECONDS)
                )
            except StatusError as error:
                self._pass_over(member, error)
                if error.code is not Code.UNAVAILABLE or not attempts:
                    raise error_of(error, member.address, SECONDS) from error
            else:
                return answer

    async def _up(self) -> Channel:
        """Return a member that is connected now or in a moment; if none is, the first, which tells why."""
        for number, member in enumerate(self._members):
            if member.state is ChannelState.UP:
                self._first = number
                return member
        dials = [asyncio.ensure_future(member.connect(CONNECT_SECONDS)) for member in self._members]
        waiting = set(dials)
        try:
            while waiting:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for dial in done:
                    if dial.exception() is None:
                        self._first = dials.index(dial)
                        return self._members[self._first]
        finally:
            for dial in waiting:
                dial.cancel()
        return self._members[self._first]

    def _pass_over(self, member: Channel, error: StatusError) -> None:
        """Begin with the next from now on, unless somebody has moved on already."""
        of_the_member = error.code in (Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED)
        if of_the_member and self._members[self._first] is member:
            self._first = (self._first + 1) % len(self._members)
