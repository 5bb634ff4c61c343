"""The bulk calls of state stores, which are mandatory on the wire."""

from __future__ import annotations

from ..._proto.dapr.proto.components.v1 import state_pb2 as pb
from ..._wire import names, state as wire
from ...remote import RemoteStateStore
from ...state import BulkGetItem, DeleteRequest, GetRequest, SetRequest
from ..check import check, expect, same
from ..target import Target
from .state import store, written

KEYS = 20


@check("state")
async def bulk_set_stores_all(target: Target) -> None:
    """BulkSet stores every value (contrib: tests/conformance/state, bulkset)."""
    keys = await _many(target)
    for number, key in enumerate(keys):
        found = await store(target).get(GetRequest(key=key))
        same(found and found.data, b"%d" % number, "a value of a bulk set is read back as")


@check("state")
async def bulk_get_has_an_item_for_each_key(target: Target) -> None:
    """BulkGet answers with an item for every key that was asked for (contrib: state/bulk.go)."""
    keys = await _many(target)
    items = await _items(target, keys)
    same(sorted(items), sorted(keys), "the keys of the items are")
    values = [items[key].data for key in keys]
    same(values, [b"%d" % number for number in range(KEYS)], "the values are")


@check("state")
async def missing_key_in_bulk_is_no_error(target: Target) -> None:
    """A key that is not there has an item with neither data nor error (contrib: state/bulk.go)."""
    there, missing = await written(target), target.name("missing")
    items = await _items(target, [there, missing])
    item = items.get(missing)
    expect(item is not None, found="no item for a missing key", wanted="an empty one")
    assert item is not None
    same((item.data, item.error, item.etag.value), (b"", "", ""), "a missing key's data, error and etag are")


@check("state")
async def bulk_get_honours_parallelism(target: Target) -> None:
    """Whatever ``parallelism`` says, all keys are answered; 0 and less set no bound."""
    keys = await _many(target)
    for parallelism in (-1, 0, 1, 3):
        found: list[BulkGetItem] = await store(target).bulk_get(
            [GetRequest(key=key) for key in keys], parallelism=parallelism
        )
        values = [item.value.data if item.value else None for item in found]
        same(values, [b"%d" % number for number in range(KEYS)], f"with parallelism {parallelism} there are")


@check("state")
async def bulk_delete_removes_all(target: Target) -> None:
    """BulkDelete removes every key, and a missing one is no error."""
    keys = await _many(target)
    await store(target).bulk_delete([DeleteRequest(key=key) for key in [*keys, target.name("missing")]])
    left = [key for key in keys if await store(target).get(GetRequest(key=key)) is not None]
    same(left, [], "after a bulk delete there are")


@check("state")
async def empty_bulk_is_no_error(target: Target) -> None:
    """A bulk call for nothing does nothing."""
    far_end = target.far_end(RemoteStateStore)
    same(await far_end.bulk_get([]), [], "a bulk get of nothing is answered with")
    await far_end.bulk_set([])
    await far_end.bulk_delete([])


async def _many(target: Target) -> list[str]:
    keys = [target.name() for _ in range(KEYS)]
    await store(target).bulk_set(
        [SetRequest(key=key, value=b"%d" % number) for number, key in enumerate(keys)]
    )
    return keys


async def _items(target: Target, keys: list[str]) -> dict[str, pb.BulkStateItem]:
    """Return the items as they came: the far end would fill in what is missing."""
    request = wire.bulk_get_request_pb([GetRequest(key=key) for key in keys])
    answer = await target.call(names.STATE_STORE, "BulkGet", request, pb.BulkGetResponse)
    return {item.key: item for item in answer.items}
