from __future__ import annotations

import time

import pytest

from pluggable.lock import TryLockRequest, UnlockRequest, UnlockStatus
from pluggable.metadata import Metadata
from pluggable_servers.memory import expirations
from pluggable_servers.memory.lock import InMemoryLockStore


def asked(owner: str = "me", seconds: int = 60) -> TryLockRequest:
    return TryLockRequest(resource="r", owner=owner, expiry_seconds=seconds)


async def test_lock_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    await InMemoryLockStore().init(Metadata({}, "locks"))

    assert 'lock.in-memory "locks"' in caplog.text
    assert "other sidecars do not see them" in caplog.text


async def test_lock_ends_by_a_clock_that_nobody_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    store = InMemoryLockStore()
    assert await store.try_lock(asked())

    later = time.time() + 3600
    monkeypatch.setattr(time, "time", lambda: later)
    assert not await store.try_lock(asked("you"))
    passed = time.monotonic() + 61
    monkeypatch.setattr(time, "monotonic", lambda: passed)
    assert await store.try_lock(asked("you"))
    await store.close()


async def test_locks_that_ended_take_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expirations, "SHORTEST_WAIT", 0.0)
    store = InMemoryLockStore()
    for number in range(100):
        await store.try_lock(TryLockRequest(resource=f"r{number}", owner="me", expiry_seconds=60))
    passed, moment = time.monotonic() + 61, time.time() + 61
    monkeypatch.setattr(time, "monotonic", lambda: passed)
    monkeypatch.setattr(time, "time", lambda: moment)
    store._expirations._sweep()

    assert not store._held
    await store.close()


async def test_lock_given_back_is_gone() -> None:
    store = InMemoryLockStore()
    await store.try_lock(asked())

    assert await store.unlock(UnlockRequest(resource="r", owner="me")) is UnlockStatus.SUCCESS
    assert not store._held
    await store.close()
