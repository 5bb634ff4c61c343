from __future__ import annotations

import asyncio

import pytest

from pluggable.runtime.resources import Changes, Component, Origin, Resources, Subscription
from pluggable.runtime.resources.changes import ResourceChanges, difference


def store(name: str, type_: str = "state.in-memory") -> Component:
    return Component(name=name, type=type_)


def of(*components: Component) -> Resources:
    return Resources(components=components)


def test_difference_tells_three_apart() -> None:
    known = of(store("same"), store("other"), store("gone"))
    found = of(store("new"), store("other", "state.redis"), store("same"))

    assert difference(known, found) == Changes(
        added=of(store("new")), changed=of(store("other", "state.redis")), removed=of(store("gone"))
    )


def test_moved_component_is_unchanged() -> None:
    moved = Component(name="a", type="state.in-memory", origin=Origin("b.yaml", 2, 9))

    assert difference(of(store("a")), of(moved)) == Changes()


def test_subscriptions_may_share_a_name() -> None:
    first, second = (Subscription(pubsub="p", topic=topic, name="s") for topic in ("a", "b"))

    changes = difference(Resources(subscriptions=(first,)), Resources(subscriptions=(first, second)))

    assert changes == Changes(added=Resources(subscriptions=(second,)))


async def test_start_is_the_first_batch() -> None:
    changes = ResourceChanges(lambda: of(store("a")))

    assert await anext(changes) == Changes(added=of(store("a")))


async def test_empty_start_is_a_batch() -> None:
    assert await anext(ResourceChanges(Resources)) == Changes()


async def test_reload_gives_the_next_batch() -> None:
    batches = iter([of(), of(store("a"))])
    changes = ResourceChanges(lambda: next(batches))
    await anext(changes)

    changes.reload()
    changes.reload()

    assert await anext(changes) == Changes(added=of(store("a")))


async def test_reload_without_news_is_no_batch() -> None:
    read = asyncio.Event()
    loop = asyncio.get_running_loop()
    loads = iter([of(store("a")), of(store("a")), of()])

    def load() -> Resources:
        loop.call_soon_threadsafe(read.set)
        return next(loads)

    changes = ResourceChanges(load)
    await anext(changes)
    read.clear()
    waiting = asyncio.ensure_future(anext(changes))
    changes.reload()
    async with asyncio.timeout(5):
        await read.wait()
    changes.reload()

    assert await waiting == Changes(removed=of(store("a")))


async def test_failed_load_keeps_what_was_known() -> None:
    loads = iter([of(store("a")), None, of()])

    def load() -> Resources:
        if (found := next(loads)) is None:
            raise ValueError("broken")
        return found

    changes = ResourceChanges(load)
    await anext(changes)
    changes.reload()
    with pytest.raises(ValueError, match="broken"):
        await anext(changes)
    changes.reload()

    assert await anext(changes) == Changes(removed=of(store("a")))
