"""ETags and first-write of state stores, and what they are refused with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from ..._proto.dapr.proto.components.v1 import state_pb2 as pb
from ..._wire import names
from ...errors import BulkError, ComponentError, ETagInvalidError, ETagMismatchError
from ...state import Concurrency, Consistency, DeleteRequest, GetRequest, SetRequest
from ..check import ViolationError, check, expect, refused, same
from ..target import Target
from .state import etag_of, store, written

WRITERS = 16
#: dapr: pkg/components/state/pluggable.go, which parses nothing else.
DETAIL = 'status FAILED_PRECONDITION with one detail, a BadRequest with one violation of the field "etag"'
FIRST = Concurrency.FIRST_WRITE


@check("state", needs="ETAG")
async def every_write_changes_the_etag(target: Target) -> None:
    """A stored value has an ETag, and another one after each write (contrib: tests/conformance/state)."""
    key = await written(target)
    first = await etag_of(target, key)
    expect(bool(first), found="a value without an ETag", wanted="one, since ETAG is claimed")
    await store(target).set(SetRequest(key=key, value=b"2", etag=first))
    second = await etag_of(target, key)
    expect(second != first, found=f"the ETag {second} before and after a write", wanted="another after it")


@check("state", needs="ETAG")
async def stale_etag_is_a_mismatch(target: Target) -> None:
    """A set with an ETag of an earlier write is refused so that the runtime answers 409 and not 500."""
    key = await written(target)
    stale = await etag_of(target, key)
    await store(target).set(SetRequest(key=key, value=b"2"))
    write = store(target).set(SetRequest(key=key, value=b"3", etag=stale))
    await refused(write, ETagMismatchError, "a set with a stale ETag is", DETAIL)
    found = await store(target).get(GetRequest(key=key))
    same(found and found.data, b"2", "after a refused set the value is")


@check("state", needs="ETAG")
async def stale_etag_refuses_a_delete(target: Target) -> None:
    """A delete with an ETag of an earlier write is a mismatch, and the value stays."""
    key = await written(target)
    stale = await etag_of(target, key)
    await store(target).set(SetRequest(key=key, value=b"2"))
    removal = store(target).delete(DeleteRequest(key=key, etag=stale))
    await refused(removal, ETagMismatchError, "a delete with a stale ETag is", DETAIL)
    found = await store(target).get(GetRequest(key=key))
    same(found and found.data, b"2", "after a refused delete the value is")


@check("state", needs="ETAG")
async def right_etag_passes_a_delete(target: Target) -> None:
    """A delete with the stored ETag removes the value."""
    key = await written(target)
    await store(target).delete(DeleteRequest(key=key, etag=await etag_of(target, key)))
    same(await store(target).get(GetRequest(key=key)), None, "a deleted key is answered with")


@check("state", needs="ETAG")
async def strange_etag_is_refused_as_one(target: Target) -> None:
    """An ETag that the store never gave is a mismatch, or invalid; either way the runtime is told so."""
    key = await written(target)
    write = store(target).set(SetRequest(key=key, value=b"2", etag="\N{SNOWMAN} no etag"))
    try:
        await write
    except (ETagMismatchError, ETagInvalidError):
        return
    except ComponentError as error:
        raise ViolationError(
            f"a set with a strange ETag refused with {error.code.name}: {error}", DETAIL
        ) from error
    raise ViolationError("a set with a strange ETag accepted", DETAIL)


@check("state", needs="ETAG")
async def empty_etag_is_none(target: Target) -> None:
    """An ETag message with an empty value says the same as none: overwrite (dapr sends both)."""
    key = await written(target)
    request = pb.SetRequest(key=key, value=b"2", etag=pb.Etag(value=""))
    await target.call(names.STATE_STORE, "Set", request, pb.SetResponse)
    found = await store(target).get(GetRequest(key=key))
    same(found and found.data, b"2", "after a set with an empty ETag the value is")


@check("state", needs="ETAG")
async def bulk_get_shows_etags(target: Target) -> None:
    """The items of a bulk get have the ETags that a get shows."""
    key = await written(target)
    items = await store(target).bulk_get([GetRequest(key=key)])
    found = items[0].value.etag if items[0].value else None
    same(found, await etag_of(target, key), "the ETag of a bulk get is")


@check("state", needs="ETAG")
async def failing_item_of_a_bulk_set_costs_no_other(target: Target) -> None:
    """In a bulk set with one stale ETag the others are stored, and the call says that one was not."""
    good, bad = await written(target), await written(target)
    stale = await etag_of(target, bad)
    await store(target).set(SetRequest(key=bad, value=b"2"))
    requests = [
        SetRequest(key=bad, value=b"3", etag=stale),
        SetRequest(key=good, value=b"3", etag=await etag_of(target, good)),
    ]
    await _refused_in_bulk(store(target).bulk_set(requests))
    values = [await _value(target, key) for key in (good, bad)]
    same(values, [b"3", b"2"], "after a bulk set with one stale ETag the good and the bad value are")


@check("state", needs="ETAG")
async def first_write_inserts_only(target: Target) -> None:
    """With first-write and no ETag a set stores a new key, and refuses one that is there."""
    for etag in (None, ""):
        key = target.name()
        request = SetRequest(
            key=key, value=b"1", etag=etag, concurrency=FIRST, consistency=Consistency.STRONG
        )
        await store(target).set(request)
        await refused(store(target).set(request), ComponentError, "a second first-write is", "an error")


@check("state", needs="ETAG")
async def one_of_many_first_writers_wins(target: Target) -> None:
    """Of many first-writes of one key at once exactly one is stored."""
    key = target.name()

    async def won(number: int) -> bool:
        try:
            await store(target).set(SetRequest(key=key, value=b"%d" % number, concurrency=FIRST))
        except ComponentError:
            return False
        return True

    winners = [number for number, won_ in enumerate(await asyncio.gather(*map(won, range(WRITERS)))) if won_]
    same(len(winners), 1, f"of {WRITERS} first-writers those who won are")
    same(await _value(target, key), b"%d" % winners[0], "the winner's value is stored as")


@check("state", needs="ETAG")
async def concurrent_writers_lose_no_update(target: Target) -> None:
    """Writers that read, add and write back with the ETag they saw lose nothing of each other's."""
    key = await written(target, b"0")

    async def add() -> None:
        while True:
            found = await store(target).get(GetRequest(key=key))
            assert found is not None
            request = SetRequest(key=key, value=b"%d" % (int(found.data) + 1), etag=found.etag)
            try:
                return await store(target).set(request)
            except ETagMismatchError:
                continue

    await asyncio.gather(*(add() for _ in range(WRITERS)))
    same(await _value(target, key), b"%d" % WRITERS, f"after {WRITERS} additions of 1 the value is")


@check("state", lacks="ETAG")
async def etags_not_claimed_are_not_shown(target: Target) -> None:
    """A store without ETAG shows none: an application would take it for a promise."""
    found = await etag_of(target, await written(target))
    expect(not found, found=f"the ETag {found}", wanted="none, or the feature ETAG")


async def _value(target: Target, key: str) -> bytes | None:
    found = await store(target).get(GetRequest(key=key))
    return None if found is None else found.data


async def _refused_in_bulk(call: Awaitable[None]) -> None:
    try:
        await call
    except (BulkError, ETagMismatchError):
        return
    except ComponentError as error:
        raise ViolationError(
            f"a bulk set with a stale ETag refused with {error.code.name}: {error}", DETAIL
        ) from error
    raise ViolationError("a bulk set with a stale ETag accepted", DETAIL)
