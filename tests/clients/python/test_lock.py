"""Locks, by Dapr's Python client."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients.python.speaking import Client, refused


def status(name: str) -> Any:
    from dapr.clients.grpc._response import UnlockResponseStatus

    return UnlockResponseStatus[name]


async def test_lock_has_one_owner_until_it_is_given_back(dapr: Client, key: str) -> None:
    assert (await dapr.call("try_lock", "locks", key, "one", 60)).success
    assert not (await dapr.call("try_lock", "locks", key, "other", 60)).success

    assert (await dapr.call("unlock", "locks", key, "other")).status is status("lock_belongs_to_others")
    assert (await dapr.call("unlock", "locks", key, "one")).status is status("success")
    assert (await dapr.call("unlock", "locks", key, "one")).status is status("lock_does_not_exist")
    assert (await dapr.call("try_lock", "locks", key, "other", 60)).success


async def test_lock_is_given_back_at_the_end_of_its_block(dapr: Client, key: str) -> None:
    lock = await dapr.call("try_lock", "locks", key, "one", 60)
    if dapr.form == "async":
        async with lock as held:
            assert held
    else:
        with lock as held:
            assert held

    assert (await dapr.call("try_lock", "locks", key, "other", 60)).success


async def test_unknown_store_is_an_error(dapr: Client) -> None:
    with refused("INVALID_ARGUMENT", "none"):
        await dapr.call("try_lock", "none", "key", "one", 60)


async def test_lock_without_a_time_is_not_asked_for(dapr: Client) -> None:
    with pytest.raises(ValueError, match="expiry_in_seconds"):
        await dapr.call("try_lock", "locks", "key", "one", 0)
