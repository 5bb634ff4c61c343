"""Our far end against our own component servers: the two rules of a restart meet here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from pluggable.delivery import Accepted, Delivery
from pluggable.errors import ETagMismatchError, UnavailableError
from pluggable.metadata import Metadata
from pluggable.pubsub import Message, PublishRequest, PubSub, Topic
from pluggable.remote import Connection, RemotePubSub, RemoteStateStore, list_services
from pluggable.serving import ComponentServer
from pluggable.state import DeleteRequest, ETagged, GetRequest, GetResponse, SetRequest, StateStore
from tests.remote.deliveries import Accepting, Desk

KEY = GetRequest(key="k")


class Rows(StateStore, ETagged):
    """A store that forgets all with its process."""

    def __init__(self) -> None:
        self.rows: dict[str, GetResponse] = {}
        self.name = self.greeting = ""

    async def init(self, metadata: Metadata) -> None:
        self.name = metadata.name
        self.greeting = metadata.properties.get("greeting", "")

    async def get(self, request: GetRequest) -> GetResponse | None:
        if request.key == "greeting":
            return GetResponse(data=f"{self.greeting} {request.key}".encode())
        if request.key == "name":
            return GetResponse(data=self.name.encode())
        return self.rows.get(request.key)

    async def set(self, request: SetRequest) -> None:
        if request.etag not in (None, "1"):
            raise ETagMismatchError(f"{request.key} is at 1, not {request.etag}")
        self.rows[request.key] = GetResponse(data=request.value, etag="1")

    async def delete(self, request: DeleteRequest) -> None:
        self.rows.pop(request.key, None)


class Echo(PubSub):
    """A broker that delivers what is published while somebody is subscribed."""

    def __init__(self) -> None:
        self.published: asyncio.Queue[Message] = asyncio.Queue()

    async def publish(self, request: PublishRequest) -> None:
        self.published.put_nowait(Message(data=request.data, topic=request.topic))

    async def subscribe(self, topic: Topic, deliver: Delivery[Message]) -> None:
        deliver.ready()
        while True:
            outcome = await deliver(await self.published.get())
            assert outcome == Accepted(), topic


@pytest.fixture
async def server(socket_folder: Path) -> AsyncIterator[AsyncExitStack]:
    """What is on the stack is being served; closing it is the death of the server."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(ComponentServer({"mine": [Rows, Echo]}, folder=socket_folder))
        yield stack


@pytest.fixture
async def connection(server: AsyncExitStack, socket_folder: Path) -> AsyncIterator[Connection]:  # noqa: ARG001
    async with Connection(f"unix:{socket_folder}/mine.sock", instance="orders", client="app-1") as found:
        yield found


@pytest.fixture
async def store(connection: Connection) -> RemoteStateStore:
    store = RemoteStateStore(connection)
    await store.init(Metadata({"greeting": "hello"}, "orders"))
    return store


async def test_it_says_what_it_serves(server: AsyncExitStack, socket_folder: Path) -> None:  # noqa: ARG001
    services = await list_services(f"unix:{socket_folder}/mine.sock", timeout=5)

    assert {"dapr.proto.components.v1.StateStore", "dapr.proto.components.v1.PubSub"} <= services


async def test_store_is_as_if_it_were_here(store: RemoteStateStore) -> None:
    await store.set(SetRequest(key="k", value=b"\xff"))

    assert store.features == ("ETAG",)
    assert await store.get(KEY) == GetResponse(data=b"\xff", etag="1")
    assert await store.get(GetRequest(key="greeting")) == GetResponse(data=b"hello greeting")
    with pytest.raises(ETagMismatchError, match="is at 1, not 7"):
        await store.set(SetRequest(key="k", value=b"", etag="7"))
    await store.ping()


@pytest.mark.parametrize("name", ["orders", "50%", " blanks ", "qŵ憺\n", "%20"])
async def test_any_name_arrives_as_it_is(server: AsyncExitStack, socket_folder: Path, name: str) -> None:  # noqa: ARG001
    async with Connection(f"unix:{socket_folder}/mine.sock", instance=name, client="größe") as connection:
        store = RemoteStateStore(connection)
        await store.init(Metadata({}, name))

        assert await store.get(GetRequest(key="name")) == GetResponse(data=name.encode())


async def test_metadata_is_sent_again(
    server: AsyncExitStack, socket_folder: Path, connection: Connection, store: RemoteStateStore
) -> None:
    await store.set(SetRequest(key="k", value=b"1"))
    await server.aclose()
    with pytest.raises(UnavailableError):
        await store.get(KEY)
    await connection.lost()

    await server.enter_async_context(ComponentServer({"mine": [Rows, Echo]}, folder=socket_folder))
    await connection.passable()

    assert await store.get(KEY) is None
    assert await store.get(GetRequest(key="greeting")) == GetResponse(data=b"hello greeting")


async def test_subscription_outlives_the_server(
    server: AsyncExitStack, socket_folder: Path, connection: Connection
) -> None:
    broker = RemotePubSub(connection)
    await broker.init(Metadata())
    desk: Desk[Message] = Accepting()
    async with asyncio.TaskGroup() as tasks:
        subscription = tasks.create_task(broker.subscribe(Topic(name="t"), desk))
        await desk.standing.get()
        await broker.publish(PublishRequest(topic="t", data=b"1"))
        assert (await desk.taken.get())[0].data == b"1"

        await server.aclose()
        await server.enter_async_context(ComponentServer({"mine": [Rows, Echo]}, folder=socket_folder))
        await desk.standing.get()
        await broker.publish(PublishRequest(topic="t", data=b"2"))
        assert (await desk.taken.get())[0].data == b"2"
        subscription.cancel()
