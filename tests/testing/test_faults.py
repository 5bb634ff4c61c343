"""Every fault does what it is called, and a test can go on when it is over."""

from __future__ import annotations

import asyncio

import pytest

from pluggable import InitError, StateStore, UnavailableError
from pluggable.pubsub import PublishRequest
from pluggable.state import GetRequest, GetResponse, SetRequest
from pluggable.testing import Faults, connected, subscribed
from tests.testing.components import Board, Shelf

COLOUR = GetRequest(key="#")
SLOW_SECONDS = 0.1


async def kept(store: StateStore) -> bytes | None:
    found = await store.get(GetRequest(key="k"))
    return found.data if found else None


async def test_component_outlives_its_connection() -> None:
    faults = Faults()
    async with connected(Shelf, faults=faults) as shelf:
        await shelf.set(SetRequest(key="k", value=b"v"))

        for _ in range(3):
            await faults.cut_streams()
            assert await kept(shelf) == b"v"


async def test_call_under_way_fails_when_cut() -> None:
    began, forever = asyncio.Event(), asyncio.Event()

    class Slow(Shelf):
        async def get(self, request: GetRequest) -> GetResponse | None:
            began.set()
            await forever.wait()
            return await super().get(request)

    faults = Faults()
    async with connected(Slow, faults=faults) as shelf:
        getting = asyncio.create_task(shelf.get(COLOUR))
        await began.wait()
        await faults.cut_streams()

        with pytest.raises(UnavailableError):
            await getting


async def test_unanswered_message_comes_again_after_a_cut() -> None:
    faults = Faults()
    async with connected(Board, faults=faults) as board, subscribed(board, "t", answer=None) as inbox:
        await board.publish(PublishRequest(topic="t", data=b"1"))
        assert (await inbox.next()).data == b"1"
        await faults.cut_streams()

        assert (await inbox.next()).data == b"1"


@pytest.mark.parametrize("noticed", [True, False])
async def test_restart_loses_what_was_in_memory(noticed: bool) -> None:
    faults = Faults()
    async with connected(Shelf, {"colour": "red"}, faults=faults) as shelf:
        for _ in range(2):
            await shelf.set(SetRequest(key="k", value=b"v"))
            await faults.restart(noticed=noticed)

            assert await kept(shelf) is None
            assert await shelf.get(COLOUR) == GetResponse(data=b"red")


async def test_subscription_comes_back_after_a_restart() -> None:
    faults = Faults()
    async with connected(Board, faults=faults) as board, subscribed(board, "t") as inbox:
        await faults.restart()
        await inbox.stands()
        await board.publish(PublishRequest(topic="t", data=b"after"))

        assert (await inbox.next()).data == b"after"


async def test_second_init_has_its_own_object() -> None:
    faults = Faults()
    async with connected(Shelf, {"colour": "red"}, faults=faults) as shelf:
        await shelf.set(SetRequest(key="k", value=b"v"))
        await faults.init_again({"colour": "blue"})

        assert await kept(shelf) is None
        assert await shelf.get(COLOUR) == GetResponse(data=b"blue")


async def test_second_init_that_fails_changes_nothing() -> None:
    faults = Faults()
    async with connected(Shelf, {"colour": "red"}, faults=faults) as shelf:
        with pytest.raises(InitError, match="a shelf has a colour"):
            await faults.init_again({"colour": "none"})

        assert await shelf.get(COLOUR) == GetResponse(data=b"red")


async def test_slow_peer_takes_its_time() -> None:
    faults = Faults()
    async with connected(Shelf, faults=faults) as shelf:
        loop = asyncio.get_running_loop()
        with faults.slow(SLOW_SECONDS):
            began = loop.time()
            await kept(shelf)
            assert loop.time() - began >= 2 * SLOW_SECONDS, "there and back"

        began = loop.time()
        await kept(shelf)
        assert loop.time() - began < SLOW_SECONDS


async def test_silent_peer_is_heard_later() -> None:
    faults = Faults()
    async with connected(Shelf, faults=faults) as shelf:
        with faults.silent():
            setting = asyncio.create_task(shelf.set(SetRequest(key="k", value=b"v")))
            done, _ = await asyncio.wait([setting], timeout=SLOW_SECONDS)
            assert not done
        await setting

        assert await kept(shelf) == b"v"


async def test_faults_need_a_component() -> None:
    with pytest.raises(RuntimeError, match="use them inside connected"):
        await Faults().cut_streams()
