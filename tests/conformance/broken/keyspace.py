"""State stores that break one rule about their keys each, by the check that finds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pluggable._proto.dapr.proto.components.v1 import common_pb2
from pluggable._proto.pluggable.components.v1alpha1 import state_pb2 as pb
from pluggable._wire import names
from pluggable.keyspace import DeleteWithPrefixRequest, KeysLikeRequest, KeysLikeResponse
from pluggable.state import BulkGetItem, GetRequest
from pluggable_servers.memory.state import InMemoryStateStore as Store
from tests.conformance.broken.serving import Broken, answering


class RemovesAllBelow(Store):
    async def delete_with_prefix(self, request: DeleteWithPrefixRequest) -> int:
        found = [key for key in self._items if key.startswith(request.prefix)]
        for key in found:
            self._delete(key)
        return len(found)


class CountsNothing(Store):
    async def delete_with_prefix(self, request: DeleteWithPrefixRequest) -> int:
        await super().delete_with_prefix(request)
        return 0


class TakesThePrefixAsItIs(Store):
    async def delete_with_prefix(self, request: DeleteWithPrefixRequest) -> int:
        prefix = request.prefix.removesuffix("||")
        found = [key for key in self._items if key.startswith(prefix)]
        for key in found:
            self._delete(key)
        return len(found)


class KnowsNoEscape(Store):
    async def keys_like(self, request: KeysLikeRequest) -> KeysLikeResponse:
        return await super().keys_like(replace(request, pattern=request.pattern.replace("\\", "")))


class ListsInOneGo(Store):
    async def keys_like(self, request: KeysLikeRequest) -> KeysLikeResponse:
        return await super().keys_like(replace(request, page_size=None, token=None))


class PagesByNumber(Store):
    """Its token is how many keys came before, which changes when some are removed."""

    async def keys_like(self, request: KeysLikeRequest) -> KeysLikeResponse:
        found = (await super().keys_like(KeysLikeRequest(pattern=request.pattern))).keys
        first = int(request.token or 0)
        last = first + (request.page_size or len(found))
        return KeysLikeResponse(keys=found[first:last], token=str(last) if last < len(found) else None)


class ListsAThousand(Store):
    async def keys_like(self, request: KeysLikeRequest) -> KeysLikeResponse:
        return await super().keys_like(replace(request, page_size=request.page_size or 1000))


class FetchesAHundred(Store):
    async def bulk_get_limit(self) -> int | None:
        return 200

    async def bulk_get(self, requests: Sequence[GetRequest], *, parallelism: int = 0) -> list[BulkGetItem]:
        return await super().bulk_get(requests[:100])


KEYSPACE: dict[str, Broken] = {
    "features-have-words-of-daprs-contract-alone": Broken(
        Store,
        answering(
            names.STATE_STORE,
            "Features",
            common_pb2.FeaturesResponse(features=["ETAG", "DELETE_WITH_PREFIX"]),
        ),
    ),
    "keys-right-below-a-prefix-are-removed": Broken(RemovesAllBelow),
    "removed-keys-are-counted": Broken(CountsNothing),
    "prefix-gets-its-separator": Broken(TakesThePrefixAsItIs),
    "prefix-of-everything-is-refused": Broken(
        Store,
        answering(names.PREFIX_DELETING_STATE_STORE, "DeleteWithPrefix", pb.DeleteWithPrefixResponse()),
    ),
    "keys-match-as-in-sql": Broken(KnowsNoEscape),
    "empty-pattern-is-refused": Broken(
        Store, answering(names.KEYS_LIKE_STATE_STORE, "KeysLike", pb.KeysLikeResponse())
    ),
    "pages-have-each-key-once": Broken(ListsInOneGo),
    "pages-outlive-removals": Broken(PagesByNumber),
    "all-keys-come-without-a-page-size": Broken(ListsAThousand),
    "many-keys-are-fetched-in-one-go": Broken(FetchesAHundred),
}
