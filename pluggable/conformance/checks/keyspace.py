"""What state stores can do with keys, where they serve it: remove by prefix, list, fetch many in one go."""

from __future__ import annotations

from typing import Final

from google.protobuf.message import Message

from ..._proto.dapr.proto.components.v1 import common_pb2, state_pb2
from ..._proto.pluggable.components.v1alpha1 import state_pb2 as pb
from ..._wire import names, state as wire
from ...keyspace import DeleteWithPrefixRequest, KeysLikeRequest
from ...state import DeleteRequest, GetRequest, SetRequest
from ..check import ViolationError, check, expect, same
from ..target import Target
from .state import store

PAGE: Final = 3
#: More than a page of any store, as upstream's suite has them.
MANY: Final = 1025


async def _written(target: Target, *keys: str) -> None:
    await store(target).bulk_set([SetRequest(key=key, value=b"1") for key in keys])


async def _there(target: Target, *keys: str) -> list[str]:
    items = await store(target).bulk_get([GetRequest(key=key) for key in keys])
    return [item.key for item in items if item.value is not None]


async def _refused(target: Target, service: str, method: str, request: Message, what: str) -> None:
    status = await target.status(service, method, request)
    expect(status is not None, found=f"{what} answered with OK", wanted="an error")


@check("state")
async def features_have_words_of_daprs_contract_alone(target: Target) -> None:
    """
    Features does not claim what Dapr's contract has no call for.

    A daprd would show it, and could not do it; who can call it learns of it by reflection.
    """
    answer = await target.call(
        names.STATE_STORE, "Features", common_pb2.FeaturesRequest(), common_pb2.FeaturesResponse
    )
    claimed = [each for each in answer.features if each in names.FEATURE_OF_SERVICE.values()]
    expect(not claimed, found=f"{', '.join(claimed)} among the features", wanted="services that tell so")


@check("state", needs="DELETE_WITH_PREFIX")
async def keys_right_below_a_prefix_are_removed(target: Target) -> None:
    """DeleteWithPrefix removes what has no further ``||`` behind the prefix (contrib: its state suite)."""
    prefix = f"{target.name('prefix')}||"
    below = [f"{prefix}key1", f"{prefix}key2"]
    others = [f"{prefix}prefix2||key3", f"other-{prefix}key1", prefix.removesuffix("||")]
    await _written(target, *below, *others)
    await store(target).delete_with_prefix(DeleteWithPrefixRequest(prefix=prefix))
    same(await _there(target, *below, *others), others, "the keys left are")


@check("state", needs="DELETE_WITH_PREFIX")
async def removed_keys_are_counted(target: Target) -> None:
    """DeleteWithPrefix says how many keys it removed, and 0 where there is none."""
    prefix = f"{target.name('prefix')}||"
    await _written(target, f"{prefix}key1", f"{prefix}key2")
    for wanted in (2, 0):
        found = await store(target).delete_with_prefix(DeleteWithPrefixRequest(prefix=prefix))
        same(found, wanted, "the number of keys removed is")


@check("state", needs="DELETE_WITH_PREFIX")
async def prefix_gets_its_separator(target: Target) -> None:
    """A prefix that does not end with ``||`` gets it appended (contrib: DeleteWithPrefixRequest.Validate)."""
    prefix = target.name("prefix")
    below, beside = f"{prefix}||key", f"{prefix}-beside"
    await _written(target, below, beside)
    request = pb.DeleteWithPrefixRequest(prefix=prefix)
    await target.call(
        names.PREFIX_DELETING_STATE_STORE, "DeleteWithPrefix", request, pb.DeleteWithPrefixResponse
    )
    same(await _there(target, below, beside), [beside], "the keys left are")


@check("state", needs="DELETE_WITH_PREFIX")
async def prefix_of_everything_is_refused(target: Target) -> None:
    """An empty prefix, and ``||`` alone, are errors (contrib: a prefix is required)."""
    for prefix in ("", "||"):
        request = pb.DeleteWithPrefixRequest(prefix=prefix)
        service = names.PREFIX_DELETING_STATE_STORE
        await _refused(target, service, "DeleteWithPrefix", request, f'the prefix "{prefix}"')


@check("state", needs="KEYS_LIKE")
async def keys_match_as_in_sql(target: Target) -> None:
    """In a pattern ``%`` is any text, ``_`` any character, and a backslash takes the next as it is."""
    base = target.name()
    keys = [f"{base}{end}" for end in ("||a", "||ab", "||B", "50%", "501", "5_1", "größe")]
    await _written(target, *keys)
    for pattern, wanted in {
        "||%": keys[:3],
        "||a_": keys[1:2],
        "||_": [keys[0], keys[2]],
        "50\\%": keys[3:4],
        "5\\_1": keys[5:6],
        "gr__e": keys[6:],
        "": [],
    }.items():
        found = await store(target).keys_like(KeysLikeRequest(pattern=base + pattern))
        same(sorted(found.keys), sorted(wanted), f"the keys like {base}{pattern} are")


@check("state", needs="KEYS_LIKE")
async def empty_pattern_is_refused(target: Target) -> None:
    """An empty pattern is an error (contrib: ErrKeysLikeEmptyPattern)."""
    await _refused(target, names.KEYS_LIKE_STATE_STORE, "KeysLike", pb.KeysLikeRequest(), "an empty pattern")


@check("state", needs="KEYS_LIKE")
async def pages_have_each_key_once(target: Target) -> None:
    """Pages are no larger than asked for, have each key once, and the last one has no token."""
    base = target.name()
    keys = [f"{base}-{number:02}" for number in range(3 * PAGE + 1)]
    await _written(target, *keys)
    same(sorted(await _paged(target, base, remove=False)), keys, "the keys of all pages are")


@check("state", needs="KEYS_LIKE")
async def pages_outlive_removals(target: Target) -> None:
    """Paging passes by no key because others were removed meanwhile (contrib: state suite, keyslike)."""
    base = target.name()
    keys = [f"{base}-{number:02}" for number in range(3 * PAGE)]
    await _written(target, *keys)
    same(sorted(await _paged(target, base, remove=True)), keys, "the keys of all pages are")


@check("state", needs="KEYS_LIKE")
async def all_keys_come_without_a_page_size(target: Target) -> None:
    """Without a page size all keys are listed, without a token for more."""
    base = target.name()
    await _written(target, *(f"{base}-{number}" for number in range(MANY)))
    found = await store(target).keys_like(KeysLikeRequest(pattern=f"{base}-%"))
    same((len(set(found.keys)), found.token), (MANY, None), "the number of keys and the token are")


@check("state", needs="NATIVE_BULK")
async def many_keys_are_fetched_in_one_go(target: Target) -> None:
    """A store that serves bulk natively answers as many keys as it says, or a thousand, in their order."""
    limit = await store(target).bulk_get_limit() or MANY
    keys = [target.name() for _ in range(min(limit, MANY))]
    await store(target).bulk_set([SetRequest(key=key, value=key.encode()) for key in keys])
    request = wire.bulk_get_request_pb([GetRequest(key=key) for key in keys])
    answer = await target.call(names.STATE_STORE, "BulkGet", request, state_pb2.BulkGetResponse)
    found = [(item.key, item.data) for item in answer.items]
    expect(
        found == [(key, key.encode()) for key in keys],
        found=f"{len(found)} items, or in another order",
        wanted=f"{len(keys)} as they were asked for",
    )


async def _paged(target: Target, base: str, *, remove: bool) -> list[str]:
    """Return the keys of all pages, each removed when its page has come, if so wanted."""
    found: list[str] = []
    token: str | None = None
    for _ in range(100):
        request = KeysLikeRequest(pattern=f"{base}-%", page_size=PAGE, token=token)
        page = await store(target).keys_like(request)
        expect(len(page.keys) <= PAGE, found=f"a page of {len(page.keys)} keys", wanted=f"{PAGE} at most")
        found += page.keys
        for key in page.keys if remove else ():
            await store(target).delete(DeleteRequest(key=key))
        if (token := page.token) is None:
            return found
    raise ViolationError("a token on the hundredth page", "none on the last, which has to come")
