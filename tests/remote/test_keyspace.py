"""What a state store over a socket can do with keys: its services tell, and its calls are carried."""

from __future__ import annotations

import pytest

from pluggable import Capability, UnavailableError, transport
from pluggable._proto.dapr.proto.components.v1 import common_pb2, state_pb2
from pluggable._proto.pluggable.components.v1alpha1 import state_pb2 as pb
from pluggable._wire import names
from pluggable.errors import InvalidRequestError, UnsupportedError
from pluggable.keyspace import (
    DeleteWithPrefixRequest,
    KeysLike,
    KeysLikeRequest,
    KeysLikeResponse,
    NativeBulk,
    PrefixDeletable,
)
from pluggable.metadata import Metadata
from pluggable.remote import Connection, RemoteStateStore
from pluggable.serving import reflection
from pluggable.testing import connected, served
from pluggable.transport import Code, ServerStream, StatusError, Stream
from pluggable_servers.memory.state import InMemoryStateStore
from tests.remote.speaking import Life, Process

CAPABILITIES: tuple[type[Capability], ...] = (PrefixDeletable, KeysLike, NativeBulk)
OURS = ("ETAG", "TRANSACTIONAL", "TTL", "DELETE_WITH_PREFIX", "KEYS_LIKE", "NATIVE_BULK")


class Reflecting(Life):
    """A component that says what it serves, as all have to that a sidecar finds."""

    def __init__(self, reflected: bool = True) -> None:
        super().__init__()
        self.reflected = reflected

    def handlers(self) -> dict[str, transport.Handler]:
        found = super().handlers()
        if self.reflected:
            return {**found, **reflection.handlers(found)}
        return {**found, names.path(names.REFLECTION_V1, "ServerReflectionInfo"): Stream(_refuse)}


async def _refuse(_: ServerStream) -> None:
    raise StatusError(Code.INTERNAL, "not today")


@pytest.fixture
def life() -> Reflecting:
    return Reflecting()


@pytest.fixture
async def store(connection: Connection) -> RemoteStateStore:
    return RemoteStateStore(connection)


async def test_features_are_those_of_the_component_here() -> None:
    async with connected(InMemoryStateStore) as store:
        assert store.features == InMemoryStateStore().features == OURS
        assert all(isinstance(store, capability) for capability in CAPABILITIES)


async def test_daprd_reads_what_it_can_call_alone() -> None:
    headers = names.instance_headers("orders")
    async with served(InMemoryStateStore) as address, transport.channel(address) as channel:
        path = names.path(names.STATE_STORE, "Init")
        await channel.unary(path, state_pb2.InitRequest().SerializeToString(), metadata=headers)
        answer = await channel.unary(names.path(names.STATE_STORE, "Features"), b"", metadata=headers)

    assert list(common_pb2.FeaturesResponse.FromString(answer).features) == ["ETAG", "TRANSACTIONAL", "TTL"]


async def test_services_count_and_claims_do_not(
    process: Process, life: Reflecting, store: RemoteStateStore
) -> None:
    life.features = ("TTL", "DELETE_WITH_PREFIX", "MY_OWN", "ETAG")
    life.on(names.KEYS_LIKE_STATE_STORE, "KeysLike", pb.KeysLikeResponse())
    await process.live(life)
    await store.init(Metadata())

    assert store.features == ("ETAG", "TTL", "KEYS_LIKE", "MY_OWN")


@pytest.mark.parametrize("other", [Life(), Reflecting(reflected=False)], ids=["none", "failing"])
async def test_store_without_reflection_has_daprs_features(
    process: Process, store: RemoteStateStore, other: Life
) -> None:
    await process.live(other)
    await store.init(Metadata())

    assert store.features == ("ETAG", "TRANSACTIONAL")


async def test_next_life_may_be_able_to_do_more(
    process: Process, life: Reflecting, connection: Connection, store: RemoteStateStore
) -> None:
    await process.live(life)
    await store.init(Metadata())
    assert "NATIVE_BULK" not in store.features
    await process.die()
    with pytest.raises(UnavailableError):
        await store.bulk_get_limit()
    await connection.lost()
    second = Reflecting()
    second.on(names.NATIVE_BULK_STATE_STORE, "BulkGetLimit", pb.BulkGetLimitResponse(max_keys=25))
    await process.live(second)
    await connection.passable()

    assert await store.bulk_get_limit() == 25
    assert "NATIVE_BULK" in store.features


async def test_calls_of_a_store_that_cannot_are_unsupported(
    process: Process, life: Reflecting, store: RemoteStateStore
) -> None:
    await process.live(life)
    await store.init(Metadata())

    with pytest.raises(UnsupportedError):
        await store.delete_with_prefix(DeleteWithPrefixRequest(prefix="p"))
    with pytest.raises(UnsupportedError):
        await store.keys_like(KeysLikeRequest(pattern="%"))
    with pytest.raises(UnsupportedError):
        await store.bulk_get_limit()


async def test_requests_are_as_the_contract_says(
    process: Process, life: Reflecting, store: RemoteStateStore
) -> None:
    asked: list[object] = []

    def delete(data: bytes) -> pb.DeleteWithPrefixResponse:
        asked.append(pb.DeleteWithPrefixRequest.FromString(data))
        return pb.DeleteWithPrefixResponse(count=3)

    def keys(data: bytes) -> pb.KeysLikeResponse:
        asked.append(pb.KeysLikeRequest.FromString(data))
        return pb.KeysLikeResponse(keys=["b", "a"], continuation_token="3")

    life.on(names.PREFIX_DELETING_STATE_STORE, "DeleteWithPrefix", delete)
    life.on(names.KEYS_LIKE_STATE_STORE, "KeysLike", keys)
    await process.live(life)
    await store.init(Metadata())

    assert await store.delete_with_prefix(DeleteWithPrefixRequest(prefix="p", metadata={"a": "b"})) == 3
    assert await store.keys_like(KeysLikeRequest(pattern="%", page_size=2, token="2")) == KeysLikeResponse(
        keys=["b", "a"], token="3"
    )
    assert asked == [
        pb.DeleteWithPrefixRequest(prefix="p||", metadata={"a": "b"}),
        pb.KeysLikeRequest(pattern="%", page_size=2, continuation_token="2"),
    ]


async def test_refusal_keeps_its_kind() -> None:
    async with connected(InMemoryStateStore) as store:
        assert isinstance(store, KeysLike)
        with pytest.raises(InvalidRequestError, match='"7" is no token of this store'):
            await store.keys_like(KeysLikeRequest(pattern="%", token="7"))
