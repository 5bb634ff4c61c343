"""Values that live as long as ``ttlInSeconds`` says."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from ...errors import ComponentError
from ...state import GetRequest, SetRequest
from ..check import ViolationError, check, expect, refused
from ..target import Target
from .state import store, written

POLL_SECONDS = 0.1
#: How far the time of expiry may be from what was asked for: clocks differ.
TOLERANCE = timedelta(minutes=10)


@check("state", needs="TTL")
async def value_is_gone_after_its_life(target: Target) -> None:
    """A value with a life of 1 s is there at once, and gone soon after (contrib: within 3 s of 2)."""
    key = await written(target, ttlInSeconds="1")
    found = await store(target).get(GetRequest(key=key))
    expect(found is not None, found="no value right after it was set", wanted="one, for a second")
    try:
        async with target.within(1 + target.profile.wait_seconds):
            while await store(target).get(GetRequest(key=key)) is not None:  # noqa: ASYNC110  it tells nobody
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        raise ViolationError("the value still there long after its life", "none") from None


@check("state", needs="TTL")
async def time_of_expiry_is_right(target: Target) -> None:
    """A time of expiry, ``ttlExpireTime``, is in RFC 3339, and when the life ends; it need not be shown."""
    key = await written(target, ttlInSeconds="3600")
    found = await store(target).get(GetRequest(key=key))
    if not (text := found.metadata.get("ttlExpireTime", "") if found else ""):
        return
    wanted = "ttlExpireTime, RFC 3339, an hour from now"
    try:
        shown = datetime.fromisoformat(text)
    except ValueError:
        raise ViolationError(f'"{text}" as the time of expiry', wanted) from None
    expect(shown.tzinfo is not None, found=f"{text} without a time zone", wanted=wanted)
    off = abs(shown - datetime.now(UTC) - timedelta(hours=1))
    expect(off < TOLERANCE, found=f"{text} as the time of expiry", wanted=wanted)


@check("state", needs="TTL")
async def life_ends_with_minus_one_or_none(target: Target) -> None:
    """A set with a life of -1, or with none, lets the value live for ever."""
    for metadata in ({"ttlInSeconds": "-1"}, {}):
        key = await written(target, ttlInSeconds="3600")
        await store(target).set(SetRequest(key=key, value=b"2", metadata=metadata))
        found = await store(target).get(GetRequest(key=key))
        shown = dict(found.metadata) if found else None
        expect(
            shown is not None and "ttlExpireTime" not in shown,
            found=f"the metadata {shown} after a set with {metadata or 'no life'}",
            wanted="no ttlExpireTime",
        )


@check("state", needs="TTL")
async def life_that_is_no_number_is_refused(target: Target) -> None:
    """A ``ttlInSeconds`` that is no number is an error (contrib: set ttl with bad value should error)."""
    request = SetRequest(key=target.name(), value=b"1", metadata={"ttlInSeconds": "foo"})
    await refused(store(target).set(request), ComponentError, 'a life of "foo" is', "an error")
