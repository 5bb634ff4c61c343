from __future__ import annotations

import asyncio
import json
from typing import Any, NoReturn

import pytest

from pluggable.delivery import Accepted, Outcome, Rejected, Unanswered
from pluggable.pubsub import ImmediateBulk
from pluggable.runtime.appchannel import HTTPAppChannel
from pluggable.runtime.resources import BulkSubscribe, Rule, Subscription
from pluggable.runtime.subscriptions import batches
from tests.runtime.subscriptions.bus import Bus, World, event_data, to, world

#: Longer than any test: only what a test is about makes the messages go.
NEVER = 60.0


class ImmediateBus(Bus, ImmediateBulk):
    """A bus that asks for messages to be handed over as they come."""


def event(data: str, **attributes: str) -> bytes:
    return json.dumps({"id": data, "data": data, **attributes}).encode()


def bulk(most: int, seconds: float = NEVER, *rules: Rule, **given: Any) -> Subscription:
    asked = BulkSubscribe(enabled=True, max_messages=most, max_await_seconds=seconds)
    return to("orders", *rules, bulk=asked, **given)


async def send(here: World, *messages: bytes) -> list[Outcome]:
    """Deliver the messages at once and return what became of each."""
    async with asyncio.timeout(5):
        return await asyncio.gather(*(here.bus.send("orders", message) for message in messages))


def bodies(here: World) -> list[list[str]]:
    """Return what the application got, request by request."""
    return [[event_data(entry) for entry in body["entries"]] for _, body in here.app.got]


async def test_full_batch_goes_at_once() -> None:
    async with world() as here:
        here.app.statuses = lambda _: "SUCCESS"
        await here.subscribed(bulk(3))

        assert await send(here, *(event(str(n)) for n in range(6))) == [Accepted()] * 6
        assert bodies(here) == [["0", "1", "2"], ["3", "4", "5"]]
        assert here.app.got[0][1]["topic"] == "orders"
        assert here.app.requests[0].headers["content-type"] == "application/json"


async def test_batch_goes_when_its_first_message_has_waited() -> None:
    async with world() as here:
        here.app.statuses = lambda _: "SUCCESS"
        await here.subscribed(bulk(100, 0.1))
        begun = asyncio.get_running_loop().time()

        assert await send(here, event("a"), event("b")) == [Accepted()] * 2
        assert asyncio.get_running_loop().time() - begun > 0.09
        assert await send(here, event("c")) == [Accepted()]
        assert bodies(here) == [["a", "b"], ["c"]]


async def test_window_is_not_begun_by_earlier_messages() -> None:
    async with world() as here:
        here.app.statuses = lambda _: "SUCCESS"
        await here.subscribed(bulk(2, 0.2))
        await send(here, event("a"), event("b"))
        begun = asyncio.get_running_loop().time()

        await send(here, event("c"))
        assert asyncio.get_running_loop().time() - begun > 0.19


async def test_component_that_asks_for_it_is_not_kept_waiting() -> None:
    async with world() as here:
        here.app.statuses = lambda _: "SUCCESS"
        here.bus = ImmediateBus()
        await here.subscribed(bulk(100))

        assert await send(here, event("a"), event("b")) == [Accepted()] * 2
        assert bodies(here) == [["a"], ["b"]]


async def test_each_message_has_its_own_outcome() -> None:
    async with world() as here:
        here.app.statuses = lambda data: {"a": "SUCCESS", "b": "RETRY", "c": "DROP"}.get(data, "")
        await here.subscribed(bulk(4))

        first, second, third, fourth = await send(here, *(event(data) for data in "abcd"))
        assert (first, third) == (Accepted(), Accepted())
        assert isinstance(second, Rejected)
        assert isinstance(fourth, Rejected)


async def test_only_unhandled_messages_are_dead_lettered() -> None:
    async with world() as here:
        here.app.statuses = lambda data: {"a": "SUCCESS", "b": "RETRY", "c": "DROP"}[data]
        await here.subscribed(bulk(3, dead_letter_topic="dead"))

        assert await send(here, *(event(data) for data in "abc")) == [Accepted()] * 3
        assert [request.topic for request in here.bus.published] == ["dead", "dead"]
        assert {request.data for request in here.bus.published} == {event("b"), event("c")}


@pytest.mark.parametrize("status", [404, 500])
async def test_refused_batch_is_dead_lettered(status: int) -> None:
    async with world() as here:
        here.app.status = status
        await here.subscribed(bulk(2, dead_letter_topic="dead"))

        assert await send(here, event("a"), event("b")) == [Accepted()] * 2
        assert len(here.bus.published) == 2


async def test_unreachable_application_rejects_the_batch() -> None:
    async with world(app_port=1) as here:
        await here.subscribed(bulk(2))

        outcomes = await send(here, event("a"), event("b"))
        assert all(isinstance(outcome, Rejected) for outcome in outcomes)


async def test_message_that_is_no_event_spares_the_batch() -> None:
    async with world() as here:
        here.app.statuses = lambda _: "SUCCESS"
        await here.subscribed(bulk(2))

        first, second, third = await send(here, event("a"), b"[1]", event("b"))
        assert (first, third) == (Accepted(), Accepted())
        assert isinstance(second, Rejected)
        assert bodies(here) == [["a", "b"]]


async def test_routes_of_a_batch_are_apart() -> None:
    rules = (Rule(match='event.type == "big"', path="/big"), Rule(path="/rest"))
    async with world() as here:
        here.app.statuses = lambda _: "SUCCESS"
        await here.subscribed(bulk(3, NEVER, *rules))

        await send(here, event("a", type="big"), event("b", type="small"), event("c", type="big"))
        got = {path: [event_data(entry) for entry in body["entries"]] for path, body in here.app.got}
        assert got == {"/big": ["a", "c"], "/rest": ["b"]}


async def test_raw_messages_go_as_they_came() -> None:
    async with world() as here:
        here.app.statuses = lambda _: "SUCCESS"
        await here.subscribed(bulk(2, metadata={"rawPayload": "true"}))

        assert await send(here, b"\x00", b"x") == [Accepted()] * 2
        assert bodies(here) == [["\x00", "x"]]
        assert here.app.got[0][1]["entries"][0]["contentType"] == "application/octet-stream"


async def held(here: World) -> asyncio.Task[Outcome]:
    """Deliver a message to batches of two that stays alone, and return once it waits."""
    first, second, third = (asyncio.create_task(here.bus.send("orders", event(data))) for data in "abc")
    async with asyncio.timeout(5):
        await asyncio.gather(first, second)
    return third


async def test_closing_hands_over_what_is_held() -> None:
    async with world() as here:
        here.app.statuses = lambda _: "SUCCESS"
        await here.subscribed(bulk(2))
        waiting = await held(here)

        await here.subscriptions.close()
        assert await waiting == Accepted()
        assert bodies(here) == [["a", "b"], ["c"]]


async def test_failure_while_closing_is_unanswered() -> None:
    async with world() as here:
        here.app.statuses = lambda data: "SUCCESS" if data in "ab" else "RETRY"
        await here.subscribed(bulk(2, dead_letter_topic="dead"))
        waiting = await held(here)

        await here.subscriptions.close()
        assert await waiting == Unanswered()
        assert here.bus.published == []


async def test_batch_given_up_is_unanswered() -> None:
    async with world(graceful_shutdown_seconds=0.05) as here:
        here.app.hold = asyncio.Event()
        await here.subscribed(bulk(1))
        under_way = asyncio.create_task(send(here, event("a")))
        async with asyncio.timeout(5):
            await here.app.arrived.wait()

        await here.subscriptions.close()
        assert await under_way == [Unanswered()]


async def test_batch_that_breaks_the_sidecar_is_not_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pluggable.runtime.subscriptions.intake.FIRST_PAUSE_SECONDS", 0.0)
    async with world() as here:
        here.app.statuses = lambda _: "SUCCESS"
        await here.subscribed(bulk(1))
        deliver = HTTPAppChannel.deliver_bulk

        async def broken(*_: object) -> NoReturn:
            monkeypatch.setattr(HTTPAppChannel, "deliver_bulk", deliver)
            raise RuntimeError("a fault of ours")

        monkeypatch.setattr(HTTPAppChannel, "deliver_bulk", broken)
        assert await send(here, event("a")) == [Unanswered()]
        assert await send(here, event("b")) == [Accepted()]
        assert bodies(here) == [["b"]]


async def test_batch_is_bounded_by_what_comes_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "DELIVERIES_AT_ONCE", 2)
    async with world() as here:
        here.app.statuses = lambda _: "SUCCESS"
        await here.subscribed(bulk(1000))

        await send(here, *(event(str(n)) for n in range(4)))
        assert bodies(here) == [["0", "1"], ["2", "3"]]
