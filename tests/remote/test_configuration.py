"""A configuration store, here and over a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from pluggable import ConfigurationStore, Metadata
from pluggable.configuration import GetRequest, Item, SubscribeRequest
from pluggable.errors import DeniedError
from pluggable.remote import Connection, RemoteConfigurationStore
from pluggable.serving import ComponentServer
from pluggable.testing import connected
from tests.remote.deliveries import Heard
from tests.stores import Board, Settings

ALL = SubscribeRequest()


@asynccontextmanager
async def subscribed(
    store: ConfigurationStore, heard: Heard, request: SubscribeRequest = ALL
) -> AsyncIterator[asyncio.Task[None]]:
    """Subscribe, and wait until that stands."""
    task = asyncio.create_task(store.subscribe(request, heard))
    try:
        await heard.stands()
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture(params=["here", "over a socket"])
async def store(request: pytest.FixtureRequest, board: Board) -> AsyncIterator[ConfigurationStore]:
    if request.param == "here":
        yield Settings(board)
        return
    async with connected(partial(Settings, board)) as found:
        yield found


async def test_items_come_by_key(store: ConfigurationStore, board: Board) -> None:
    board.items = {
        "empty": Item(value=""),
        "größe": Item(value="größer", version="v\n1", metadata={"a": "b", "c": ""}),
        "other": Item(value="x"),
    }
    wanted = {key: board.items[key] for key in ("empty", "größe")}

    assert await store.get(GetRequest(keys=["größe", "empty", "missing"])) == wanted


async def test_no_keys_are_all_keys(store: ConfigurationStore, board: Board) -> None:
    board.put("a", "1")
    board.put("b", "2")

    assert await store.get(GetRequest()) == board.items


async def test_missing_key_is_left_out(store: ConfigurationStore) -> None:
    assert await store.get(GetRequest(keys=["missing"])) == {}


async def test_refusal_is_the_stores_own() -> None:
    class Denied(Settings):
        async def get(self, request: GetRequest) -> dict[str, Item]:
            raise DeniedError(f"no right to read {', '.join(request.keys)} as {request.metadata['user']}")

    async with connected(Denied) as store:
        with pytest.raises(DeniedError, match=r"^no right to read a, b as me$"):
            await store.get(GetRequest(keys=["a", "b"], metadata={"user": "me"}))


async def test_changes_are_told_in_order(store: ConfigurationStore, board: Board, heard: Heard) -> None:
    board.put("k", "before")
    async with subscribed(store, heard):
        written = [board.put("k", str(number)) for number in range(50)]
        told = [await heard.next() for _ in written]

    assert told == [{"k": item} for item in written]


async def test_key_that_is_gone_is_none(store: ConfigurationStore, board: Board, heard: Heard) -> None:
    board.put("k", "1")
    async with subscribed(store, heard):
        board.remove("k")

        assert await heard.next() == {"k": None}


async def test_several_changes_come_together(store: ConfigurationStore, board: Board, heard: Heard) -> None:
    changes = {"a": Item(value=""), "b": None, "c": Item(value="1", version="2", metadata={"m": ""})}
    async with subscribed(store, heard):
        board.tell(changes)

        assert await heard.next() == changes


async def test_only_its_keys_are_told(store: ConfigurationStore, board: Board, heard: Heard) -> None:
    async with subscribed(store, heard, SubscribeRequest(keys=["mine"])):
        board.put("other", "1")
        mine = board.put("mine", "1")

        assert await heard.next() == {"mine": mine}


async def test_end_of_a_subscription_reaches_the_store(
    store: ConfigurationStore, board: Board, heard: Heard
) -> None:
    async with subscribed(store, heard) as ended, subscribed(store, other := Heard()):
        ended.cancel()
        await asyncio.wait([ended])
        async with asyncio.timeout(10):
            await board.left.wait()
        item = board.put("k", "1")

        assert await other.next() == {"k": item}
    assert heard.told.empty()


@pytest.fixture
async def server(socket_folder: Path, board: Board) -> AsyncIterator[AsyncExitStack]:
    """What is on the stack is being served; closing it is the death of the server."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(serving(socket_folder, board))
        yield stack


def serving(folder: Path, board: Board) -> ComponentServer:
    return ComponentServer({"mine": partial(Settings, board)}, folder=folder)


@pytest.fixture
async def remote(server: AsyncExitStack, socket_folder: Path) -> AsyncIterator[RemoteConfigurationStore]:  # noqa: ARG001
    async with Connection(f"unix:{socket_folder}/mine.sock", instance="settings", client="c") as connection:
        store = RemoteConfigurationStore(connection)
        await store.init(Metadata())
        yield store


@pytest.mark.parametrize("keys", [(), ("same", "changed", "gone", "new")])
async def test_what_changed_while_it_was_away_is_told(
    server: AsyncExitStack,
    remote: RemoteConfigurationStore,
    socket_folder: Path,
    board: Board,
    heard: Heard,
    keys: tuple[str, ...],
) -> None:
    for key in ("same", "changed", "gone"):
        board.put(key, "1")
    async with subscribed(remote, heard, SubscribeRequest(keys=keys)):
        await server.aclose()
        changed = {"changed": board.put("changed", "2"), "new": board.put("new", "1")}
        board.remove("gone")
        await server.enter_async_context(serving(socket_folder, board))

        assert await heard.next() == {**changed, "gone": None}
        await heard.stands()
        same = board.put("same", "2")
        assert await heard.next() == {"same": same}


async def test_nothing_is_told_twice_over_restarts(
    server: AsyncExitStack,
    remote: RemoteConfigurationStore,
    socket_folder: Path,
    board: Board,
    heard: Heard,
) -> None:
    async with subscribed(remote, heard):
        first = board.put("k", "1")
        assert await heard.next() == {"k": first}
        for _ in range(2):
            await server.aclose()
            await server.enter_async_context(serving(socket_folder, board))
            await heard.stands()
        second = board.put("k", "2")

        assert await heard.next() == {"k": second}
