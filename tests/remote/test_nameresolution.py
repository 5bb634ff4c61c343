"""A name resolver, here and over a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from pluggable import NameResolver, NotFoundError, UnsupportedError
from pluggable._proto.pluggable.components.v1alpha1 import nameresolution_pb2 as pb
from pluggable._wire import names
from pluggable.metadata import Metadata
from pluggable.nameresolution import Instance, Registering, ResolveRequest
from pluggable.remote import Connection, RemoteNameResolver, list_services
from pluggable.testing import connected, served
from tests.conformance.honest import Book, Desk
from tests.remote.speaking import Life, Process

HERE = Instance(id="shop", namespace="prod", host="10.0.0.7", port=50002, http_port=3500, app_port=80)


async def opened(kind: Callable[[], NameResolver], where: str) -> AsyncIterator[NameResolver]:
    if where == "here":
        resolver = kind()
        await resolver.init(Metadata())
        yield resolver
        return
    async with connected(kind) as far_end:
        yield far_end


@pytest.fixture(params=["here", "over a socket"])
async def resolver(request: pytest.FixtureRequest) -> AsyncIterator[NameResolver]:
    async for found in opened(Desk, request.param):
        yield found


@pytest.fixture
def registry(resolver: NameResolver) -> Registering:
    assert isinstance(resolver, Registering)
    return resolver


async def test_addresses_keep_their_order(resolver: NameResolver) -> None:
    found = await resolver.resolve(ResolveRequest(id="orders", namespace="prod", port=50002))

    assert list(found) == ["10.0.0.1:50002", "[fd00::1]:50002"]


async def test_missing_application_is_not_found(resolver: NameResolver) -> None:
    with pytest.raises(NotFoundError, match='nobody is "no-such" in namespace "prod"'):
        await resolver.resolve(ResolveRequest(id="no-such", namespace="prod"))


async def test_registered_instance_is_resolved_until_it_leaves(
    resolver: NameResolver, registry: Registering
) -> None:
    request = ResolveRequest(id=HERE.id, namespace=HERE.namespace)
    await registry.register(HERE, ttl_seconds=60)
    await registry.register(HERE)

    assert list(await resolver.resolve(request)) == ["10.0.0.7:50002"]
    await registry.deregister(HERE)
    with pytest.raises(NotFoundError):
        await resolver.resolve(request)


async def test_namespaces_are_kept_apart(resolver: NameResolver, registry: Registering) -> None:
    await registry.register(HERE)

    with pytest.raises(NotFoundError, match='nobody is "shop" in namespace "test"'):
        await resolver.resolve(ResolveRequest(id=HERE.id, namespace="test"))


async def test_registry_is_served_by_who_is_one() -> None:
    async with served(Desk) as desk, served(Book) as book:
        assert names.NAME_REGISTRY in await list_services(desk, 5)
        assert names.NAME_REGISTRY not in await list_services(book, 5)


async def test_who_is_no_registry_lists_nobody() -> None:
    async with connected(Book) as book:
        assert isinstance(book, Registering)
        with pytest.raises(UnsupportedError):
            await book.register(HERE)


async def test_answer_without_an_address_is_not_found(
    process: Process, life: Life, connection: Connection
) -> None:
    life.services = (names.NAME_RESOLVER,)
    life.on(names.NAME_RESOLVER, "Resolve", pb.ResolveResponse())
    await process.live(life)
    resolver = RemoteNameResolver(connection)
    await resolver.init(Metadata())

    with pytest.raises(NotFoundError, match='has no address for "orders"'):
        await resolver.resolve(ResolveRequest(id="orders"))
