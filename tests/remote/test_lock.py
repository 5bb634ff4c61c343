"""A lock store, here and over a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest

from pluggable import LockStore, UnavailableError
from pluggable._proto.pluggable.components.v1alpha1 import lock_pb2 as pb
from pluggable._wire import names
from pluggable.errors import InvalidRequestError
from pluggable.lock import TryLockRequest, UnlockRequest, UnlockStatus
from pluggable.metadata import Metadata
from pluggable.remote import Connection, RemoteLockStore
from pluggable.testing import connected
from tests.remote.speaking import Life, Process
from tests.stores import Locks


class Clock:
    """Time that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["here", "over a socket"])
async def locks(request: pytest.FixtureRequest, clock: Clock) -> AsyncIterator[LockStore]:
    if request.param == "here":
        yield Locks(clock)
        return
    async with connected(partial(Locks, clock)) as found:
        yield found


def asking(owner: str, resource: str = "r", seconds: int = 10) -> TryLockRequest:
    return TryLockRequest(resource=resource, owner=owner, expiry_seconds=seconds)


async def test_one_of_many_gets_a_lock(locks: LockStore) -> None:
    got = await asyncio.gather(*(locks.try_lock(asking(f"owner {number}")) for number in range(20)))

    assert sorted(got) == [False] * 19 + [True]


async def test_locks_are_kept_apart(locks: LockStore) -> None:
    assert await locks.try_lock(asking("me", "a"))
    assert await locks.try_lock(asking("me", "größe||b"))


async def test_lock_is_not_renewed_by_its_owner(locks: LockStore) -> None:
    await locks.try_lock(asking("me"))

    assert await locks.try_lock(asking("me")) is False


async def test_unlocking_tells_what_came_of_it(locks: LockStore) -> None:
    await locks.try_lock(asking("me"))
    tried = [("q", "me"), ("r", "you"), ("r", "me"), ("r", "me")]
    found = [await locks.unlock(UnlockRequest(resource=lock, owner=owner)) for lock, owner in tried]

    assert found == [
        UnlockStatus.LOCK_DOES_NOT_EXIST,
        UnlockStatus.LOCK_BELONGS_TO_OTHERS,
        UnlockStatus.SUCCESS,
        UnlockStatus.LOCK_DOES_NOT_EXIST,
    ]


async def test_lock_is_free_when_its_time_is_over(locks: LockStore, clock: Clock) -> None:
    await locks.try_lock(asking("me", seconds=3))
    clock.now = 2.9
    assert not await locks.try_lock(asking("you"))
    clock.now = 3.0

    assert await locks.unlock(UnlockRequest(resource="r", owner="me")) is UnlockStatus.LOCK_DOES_NOT_EXIST
    assert await locks.try_lock(asking("you"))


@pytest.mark.parametrize("request_", [{"owner": ""}, {"resource": ""}, {"seconds": 0}, {"seconds": 2**31}])
def test_lock_that_cannot_be_is_refused(request_: dict[str, object]) -> None:
    with pytest.raises(InvalidRequestError, match="wanted"):
        asking(**{"owner": "me", **request_})  # type: ignore[arg-type]  # of several kinds


def test_unlocking_wants_names() -> None:
    for resource, owner in (("", "me"), ("r", "")):
        with pytest.raises(InvalidRequestError, match="no name"):
            UnlockRequest(resource=resource, owner=owner)


async def test_request_is_as_the_contract_says(process: Process, life: Life, connection: Connection) -> None:
    asked: list[object] = []

    def try_lock(data: bytes) -> pb.TryLockResponse:
        asked.append(pb.TryLockRequest.FromString(data))
        return pb.TryLockResponse(success=True)

    life.services = (names.LOCK_STORE,)
    life.on(names.LOCK_STORE, "TryLock", try_lock)
    life.on(names.LOCK_STORE, "Unlock", pb.UnlockResponse(status=7))  # type: ignore[arg-type]  # of a later release
    await process.live(life)
    locks = RemoteLockStore(connection)
    await locks.init(Metadata())
    request = TryLockRequest(resource="r", owner="o", expiry_seconds=5, metadata={"a": "b"})

    assert await locks.try_lock(request)
    assert asked == [
        pb.TryLockRequest(resource_id="r", lock_owner="o", expiry_in_seconds=5, metadata={"a": "b"})
    ]
    assert await locks.unlock(UnlockRequest(resource="r", owner="o")) is UnlockStatus.INTERNAL_ERROR
    await process.die()
    with pytest.raises(UnavailableError):
        await locks.try_lock(request)
