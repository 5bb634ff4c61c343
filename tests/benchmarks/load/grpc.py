"""
gRPC calls for state, so many at once on one connection.

``python -m tests.benchmarks.load.grpc PORT STORE get|set AT_ONCE SIZE``, see ``control``.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import time

import uvloop

from pluggable._proto.dapr.proto.common.v1 import common_pb2 as common
from pluggable._proto.dapr.proto.runtime.v1 import state_pb2 as pb
from pluggable.transport import Channel, channel

from .control import Watch, WrongAnswerError, controlled
from .values import key, keys, value

_GET = "/dapr.proto.runtime.v1.Dapr/GetState"
_SET = "/dapr.proto.runtime.v1.Dapr/SaveState"


class Load:
    """Workers that each know what they stored."""

    def __init__(self, calls: Channel, store: str, workers: int, size: int) -> None:
        self._calls = calls
        self._store = store
        self._workers = range(workers)
        self._keys = range(keys(workers, size))
        self._size = size
        self._turn = itertools.count()
        self._stored: dict[tuple[int, int], bytes] = {}

    async def fill(self) -> None:
        """Store something under each key."""
        for worker, number in itertools.product(self._workers, self._keys):
            await self._set(worker, number)

    async def gets(self, watch: Watch) -> None:
        """Read until the time is over."""
        await asyncio.gather(*(self._gets(worker, watch) for worker in self._workers))

    async def sets(self, watch: Watch) -> None:
        """Write until the time is over."""
        await asyncio.gather(*(self._sets(worker, watch) for worker in self._workers))

    async def check(self) -> None:
        """See that what was stored last is there."""
        for worker, number in itertools.product(self._workers, self._keys):
            await self._get(self._request(worker, number), self._stored[worker, number])

    async def _gets(self, worker: int, watch: Watch) -> None:
        wanted = [(self._request(worker, n), self._stored[worker, n]) for n in self._keys]
        now = time.perf_counter()
        for request, stored in itertools.cycle(wanted):
            await self._get(request, stored)
            now = watch.took(now)
            if watch.over(now):
                return

    async def _sets(self, worker: int, watch: Watch) -> None:
        now = time.perf_counter()
        for number in itertools.cycle(self._keys):
            await self._set(worker, number)
            now = watch.took(now)
            if watch.over(now):
                return

    def _request(self, worker: int, number: int) -> bytes:
        message = pb.GetStateRequest(store_name=self._store, key=key(worker, number))
        return message.SerializeToString()

    async def _get(self, request: bytes, stored: bytes) -> None:
        answer = await self._calls.unary(_GET, request)
        found = pb.GetStateResponse.FromString(answer).data
        if found != stored:
            raise WrongAnswerError(f"wanted {stored[:99]!r}, got {found[:99]!r}")

    async def _set(self, worker: int, number: int) -> None:
        stored = self._stored[worker, number] = value(worker, number, next(self._turn), self._size)
        item = common.StateItem(key=key(worker, number), value=stored)
        request = pb.SaveStateRequest(store_name=self._store, states=[item])
        await self._calls.unary(_SET, request.SerializeToString())


async def main(port: int, store: str, operation: str, at_once: int, size: int) -> None:
    """Work as the arguments say."""
    async with channel(f"127.0.0.1:{port}") as calls:
        await calls.connect(10)
        load = Load(calls, store, at_once, size)
        await load.fill()
        await controlled({"get": load.gets, "set": load.sets}[operation], load.check)


if __name__ == "__main__":
    port, store, operation, at_once, size = sys.argv[1:]
    uvloop.run(main(int(port), store, operation, int(at_once), int(size)))
