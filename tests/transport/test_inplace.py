"""Coroutines that begin in place, and what they may rely on as in any task."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

import anyio
import pytest

from pluggable.transport.inplace import InPlace

Begin = Callable[[Coroutine[Any, Any, None]], Awaitable[asyncio.Task[None] | None]]

VARIABLE = contextvars.ContextVar("VARIABLE", default="nobody's")


@pytest.fixture
async def in_place() -> AsyncIterator[InPlace]:
    in_place = InPlace()
    yield in_place
    in_place.close()
    await asyncio.sleep(0)
    await asyncio.sleep(0)


@pytest.fixture
def begin(in_place: InPlace) -> Begin:
    """Begin a coroutine where no task is at work, as the transport does."""

    async def begin(work: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
        loop = asyncio.get_running_loop()
        begun: asyncio.Future[asyncio.Task[None] | None] = loop.create_future()
        loop.call_soon(lambda: begun.set_result(in_place.begin(work)))
        return await begun

    return begin


async def test_one_that_does_not_wait_ends_at_once(begin: Begin) -> None:
    seen: list[str] = []

    async def work() -> None:
        seen.append("done")

    assert await begin(work()) is None
    assert seen == ["done"]


async def test_task_is_the_same_all_along(begin: Begin) -> None:
    seen: asyncio.Queue[asyncio.Task[Any] | None] = asyncio.Queue()
    release = asyncio.Event()

    async def work() -> None:
        seen.put_nowait(asyncio.current_task())
        await release.wait()
        seen.put_nowait(asyncio.current_task())

    task = await begin(work())
    release.set()
    async with asyncio.timeout(5):
        assert await seen.get() is await seen.get() is task


async def test_tasks_are_used_again(begin: Begin) -> None:
    seen: set[asyncio.Task[Any] | None] = set()

    async def work() -> None:
        seen.add(asyncio.current_task())
        await asyncio.sleep(0)
        seen.add(asyncio.current_task())

    for _ in range(10):
        await begin(work())
        await asyncio.sleep(0.01)
    assert len(seen) == 1


async def test_many_wait_at_once(begin: Begin) -> None:
    together = asyncio.Barrier(201)

    async def work() -> None:
        await together.wait()

    tasks = [await begin(work()) for _ in range(200)]
    async with asyncio.timeout(5):
        await together.wait()
    assert len(set(tasks)) == 200


@pytest.mark.parametrize("seconds", [0, -1, 0.01])
async def test_timeout_begun_in_place_fires(begin: Begin, seconds: float) -> None:
    ends: asyncio.Queue[str] = asyncio.Queue()

    async def work() -> None:
        try:
            async with asyncio.timeout(seconds):
                await asyncio.Event().wait()
        except TimeoutError:
            await asyncio.sleep(0)
            ends.put_nowait("timed out")

    await begin(work())

    async with asyncio.timeout(5):
        assert await ends.get() == "timed out"


async def test_timeout_that_does_not_fire_leaves_no_trace(begin: Begin) -> None:
    counts: asyncio.Queue[int] = asyncio.Queue()

    async def work() -> None:
        async with asyncio.timeout(10):
            await asyncio.sleep(0)
        task = asyncio.current_task()
        assert task is not None
        counts.put_nowait(task.cancelling())

    await begin(work())
    async with asyncio.timeout(5):
        assert await counts.get() == 0


@pytest.mark.parametrize("turns", range(4))
async def test_cancellation_reaches_what_it_waits_for(begin: Begin, turns: int) -> None:
    ends: asyncio.Queue[str] = asyncio.Queue()

    async def work() -> None:
        waited = asyncio.get_running_loop().create_future()
        try:
            await waited
        except asyncio.CancelledError:
            ends.put_nowait(f"cancelled, and the future too: {waited.cancelled()}")
            raise

    task = await begin(work())
    assert task is not None
    for _ in range(turns):  # before the task has taken over, and after
        await asyncio.sleep(0)
    task.cancel()

    async with asyncio.timeout(5):
        assert await ends.get() == "cancelled, and the future too: True"
        await asyncio.wait([task])
    assert task.cancelled()


async def test_cancelled_before_its_task_ran_at_all(in_place: InPlace) -> None:
    ends: asyncio.Queue[str] = asyncio.Queue()

    async def work() -> None:
        try:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            await asyncio.Event().wait()
        finally:
            ends.put_nowait("ended")

    def begin_and_cancel() -> None:
        task = in_place.begin(work())
        assert task is not None
        task.cancel()

    asyncio.get_running_loop().call_soon(begin_and_cancel)

    async with asyncio.timeout(5):
        assert await ends.get() == "ended"


async def test_one_may_cancel_itself(begin: Begin) -> None:
    ends: asyncio.Queue[str] = asyncio.Queue()

    async def work() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            ends.put_nowait("cancelled")
            raise

    await begin(work())

    async with asyncio.timeout(5):
        assert await ends.get() == "cancelled"


async def test_cancelling_itself_at_the_end_harms_no_next_one(begin: Begin) -> None:
    seen: list[str] = []

    async def suicidal() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()

    async def work() -> None:
        await asyncio.sleep(0)
        seen.append("alive")

    for _ in range(5):
        await begin(suicidal())
        await begin(work())
    await asyncio.sleep(0.05)
    assert seen == ["alive"] * 5


async def test_groups_and_scopes_work(begin: Begin) -> None:
    ends: asyncio.Queue[str] = asyncio.Queue()

    async def work() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(asyncio.sleep(0))
        with anyio.move_on_after(0.01) as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(anyio.sleep_forever)
        ends.put_nowait(f"moved on: {scope.cancelled_caught}")

    await begin(work())

    async with asyncio.timeout(5):
        assert await ends.get() == "moved on: True"


async def test_context_of_one_is_not_the_next_one_s(begin: Begin) -> None:
    seen: list[str] = []

    async def at_once(value: str) -> None:
        seen.append(VARIABLE.get())
        VARIABLE.set(value)

    async def later(value: str) -> None:
        VARIABLE.set(value)
        await asyncio.sleep(0)
        seen.append(VARIABLE.get())

    for value in ("a", "b"):
        await begin(at_once(value))
    await begin(later("c"))
    await begin(at_once("d"))
    await asyncio.sleep(0.01)
    assert sorted(seen) == ["c", "nobody's", "nobody's", "nobody's"]
    assert VARIABLE.get() == "nobody's"


async def test_one_inside_another_becomes_a_task(in_place: InPlace) -> None:
    seen: list[asyncio.Task[Any] | None] = []

    async def work() -> None:
        seen.append(asyncio.current_task())

    task = in_place.begin(work())  # this test is a task
    assert seen == []
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert seen == [task]


@pytest.mark.parametrize("waits", [False, True])
async def test_exception_is_reported(begin: Begin, waits: bool) -> None:
    reported: asyncio.Queue[BaseException] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: reported.put_nowait(context["exception"]))

    async def work() -> None:
        if waits:
            await asyncio.sleep(0)
        raise LookupError("nobody deals with it")

    await begin(work())

    async with asyncio.timeout(5):
        assert isinstance(await reported.get(), LookupError)


async def test_closing_ends_parked_tasks() -> None:
    before = asyncio.all_tasks()
    in_place = InPlace()

    async def work() -> None:
        await asyncio.sleep(0)

    loop = asyncio.get_running_loop()
    for _ in range(5):
        loop.call_soon(lambda: in_place.begin(work()) and None)
    await asyncio.sleep(0.01)
    assert asyncio.all_tasks() > before
    in_place.close()
    await asyncio.sleep(0.01)
    assert asyncio.all_tasks() == before
