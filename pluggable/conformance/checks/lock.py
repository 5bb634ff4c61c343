"""What holds for every lock store."""

from __future__ import annotations

import asyncio
from typing import Final

from ..._proto.pluggable.components.v1alpha1 import lock_pb2 as pb
from ..._wire import names
from ...lock import TryLockRequest, UnlockRequest, UnlockStatus
from ...remote import RemoteLockStore
from ..check import ViolationError, check, expect, same
from ..target import Target

OWNERS: Final = 20
POLL_SECONDS: Final = 0.1
#: Long enough that no check meets its end.
LONG_SECONDS: Final = 600


async def try_lock(target: Target, lock: str, owner: str = "me", seconds: int = LONG_SECONDS) -> bool:
    """Try to take a lock."""
    request = TryLockRequest(resource=lock, owner=owner, expiry_seconds=seconds)
    return await target.far_end(RemoteLockStore).try_lock(request)


async def unlock(target: Target, lock: str, owner: str = "me") -> UnlockStatus:
    """Give a lock back."""
    return await target.far_end(RemoteLockStore).unlock(UnlockRequest(resource=lock, owner=owner))


async def taken(target: Target, seconds: int = LONG_SECONDS) -> str:
    """Return a lock that "me" has."""
    lock = target.name("lock")
    expect(
        await try_lock(target, lock, seconds=seconds),
        found="a lock refused that nobody has",
        wanted="success",
    )
    return lock


@check("lock")
async def free_lock_is_taken(target: Target) -> None:
    """TryLock of what nobody has succeeds, of each resource for itself (contrib: tests/conformance/lock)."""
    await taken(target)
    await taken(target)


@check("lock")
async def taken_lock_is_refused(target: Target) -> None:
    """While somebody has a lock, another gets the answer no, and no error."""
    lock = await taken(target)
    same(await try_lock(target, lock, "you"), False, "TryLock of a lock that another has is answered with")


@check("lock")
async def lock_is_not_renewed(target: Target) -> None:
    """Who has a lock and asks for it again gets the answer no (contrib: tests/conformance/lock)."""
    lock = await taken(target)
    same(await try_lock(target, lock), False, "TryLock by the owner himself is answered with")


@check("lock")
async def one_of_many_gets_a_lock(target: Target) -> None:
    """Of many that ask at once, exactly one gets the lock."""
    lock = target.name("lock")
    got = await asyncio.gather(*(try_lock(target, lock, f"owner {number}") for number in range(OWNERS)))
    same(sum(got), 1, f"the number of those who got a lock, of {OWNERS}, is")


@check("lock")
async def unlocked_lock_is_free(target: Target) -> None:
    """Unlock by the owner succeeds, and somebody else may take the lock then."""
    lock = await taken(target)
    same(await unlock(target, lock), UnlockStatus.SUCCESS, "Unlock by the owner is answered with")
    expect(await try_lock(target, lock, "you"), found="a lock still taken after Unlock", wanted="a free one")


@check("lock")
async def unlock_of_a_free_lock_says_so(target: Target) -> None:
    """Unlock of what nobody has is answered LOCK_DOES_NOT_EXIST, and no error."""
    found = await unlock(target, target.name("lock"))
    same(found, UnlockStatus.LOCK_DOES_NOT_EXIST, "Unlock of a lock that nobody has is answered with")


@check("lock")
async def unlock_by_another_says_so(target: Target) -> None:
    """Unlock by who is not the owner is answered LOCK_BELONGS_TO_OTHERS, and no error."""
    found = await unlock(target, await taken(target), "you")
    same(found, UnlockStatus.LOCK_BELONGS_TO_OTHERS, "Unlock by another is answered with")


@check("lock")
async def unlock_by_another_changes_nothing(target: Target) -> None:
    """After an Unlock by who is not the owner, the owner still has the lock."""
    lock = await taken(target)
    await unlock(target, lock, "you")
    same(await try_lock(target, lock, "you"), False, "after Unlock by another, TryLock is answered with")


@check("lock")
async def lock_is_kept_for_its_time(target: Target) -> None:
    """A lock of a few seconds is not free at once: the time counts in seconds (dapr: expiry_in_seconds)."""
    lock = await taken(target, seconds=3)
    await asyncio.sleep(1)
    same(await try_lock(target, lock, "you"), False, "TryLock after 1 s of 3 is answered with")


@check("lock")
async def lock_ends_with_its_time(target: Target) -> None:
    """A lock whose time is over is free, though nobody gave it back (contrib: within 5 s of 3)."""
    lock = await taken(target, seconds=1)
    try:
        async with target.within(1 + target.profile.wait_seconds):
            while not await try_lock(target, lock, "you"):  # noqa: ASYNC110  it tells nobody
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        raise ViolationError("a lock still taken long after its time", "a free one") from None


@check("lock")
async def lock_without_a_time_is_refused(target: Target) -> None:
    """A lock that would never end, or has ended already, is an error: who forgets it would lock out all."""
    for seconds in (0, -1):
        request = pb.TryLockRequest(
            resource_id=target.name("lock"), lock_owner="me", expiry_in_seconds=seconds
        )
        status = await target.status(names.LOCK_STORE, "TryLock", request)
        expect(status is not None, found=f"a lock for {seconds} s answered with OK", wanted="an error")
