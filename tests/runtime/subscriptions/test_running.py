from __future__ import annotations

import asyncio

import pytest

from pluggable.delivery import Accepted, Delivery, Unanswered
from pluggable.pubsub import Message, PublishRequest, Topic
from pluggable.runtime.resources import Changes, Resources, Rule
from pluggable_servers.memory.pubsub import InMemoryPubSub
from tests.runtime.subscriptions.bus import Bus, to, world


async def test_application_asks_for_topics() -> None:
    async with world() as here:
        here.app.topics = [{"pubsubname": "events", "topic": "orders", "route": "/mine"}]
        here.declare(to("orders", name="declared"))
        await here.subscriptions.load_programmatic()
        await here.subscribed()

        assert await here.bus.send("orders") == Accepted()
        assert [path for path, _ in here.app.got] == ["/mine"]
        assert [each.kind for each in here.subscriptions.listing()] == ["PROGRAMMATIC"]


async def test_unreadable_topics_are_none(caplog: pytest.LogCaptureFixture) -> None:
    async with world() as here:
        here.app.topics = [{"topic": "orders"}]
        await here.subscriptions.load_programmatic()

        assert here.subscriptions.listing() == []
    assert "item 1: pubsubname is missing" in caplog.text


async def test_subscription_is_listed_once_it_stands() -> None:
    async with world() as here:
        here.bus.confirms = False
        here.app.topics = [{"pubsubname": "events", "topic": "bills", "route": "/mine"}]
        here.load(here.bus)
        here.declare(to("orders"))
        await here.subscriptions.load_programmatic()
        assert here.subscriptions.listing() == [to("orders")]

        here.subscriptions.open()
        assert here.subscriptions.listing() == []
        await here.bus.until("orders", "bills")
        here.bus.subscribed["orders"].ready()
        assert here.subscriptions.listing() == [to("orders")]
        await here.bus.send("bills")
        assert [each.topic for each in here.subscriptions.listing()] == ["orders", "bills"]


async def test_silent_broker_is_listed_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pluggable.runtime.subscriptions.subscribed.SUBSCRIBED_SECONDS", 0.0)
    async with world() as here:
        here.bus.confirms = False
        here.load(here.bus)
        here.declare(to("orders"))
        here.subscriptions.open()

        assert here.subscriptions.listing() == [to("orders")]


async def test_broker_that_comes_later_is_subscribed_to() -> None:
    async with world() as here:
        here.declare(to("orders"))
        here.subscriptions.open()
        assert here.subscriptions.listing() == [to("orders")]

        bus = here.load()
        await bus.until("orders")


async def test_replaced_broker_is_subscribed_to() -> None:
    async with world() as here:
        await here.subscribed(to("orders"))

        bus = here.load(Bus())
        await here.bus.until()
        await bus.until("orders")


async def test_removed_broker_is_left() -> None:
    async with world() as here:
        await here.subscribed(to("orders"))

        del here.catalog.pubsub["events"]
        here.catalog.notify()
        await here.bus.until()
        assert here.subscriptions.listing() == [to("orders")]


async def test_news_leave_other_subscriptions_alone() -> None:
    async with world() as here:
        await here.subscribed(to("orders"))
        before = here.bus.subscribed["orders"]

        here.declare(to("bills"))
        await here.bus.until("orders", "bills")
        assert here.bus.subscribed["orders"] is before


async def test_changed_subscription_lets_handlers_finish() -> None:
    async with world() as here:
        here.app.hold = asyncio.Event()
        await here.subscribed(to("orders", name="s"))
        under_way = asyncio.create_task(here.bus.send("orders"))
        await here.app.arrived.wait()

        changed = to("orders", Rule(path="/new"), name="s")
        here.subscriptions.declare(Changes(changed=Resources(subscriptions=(changed,))))
        assert await here.bus.send("orders") == Unanswered()
        old = here.bus.subscribed["orders"]
        here.app.hold.set()

        assert await under_way == Accepted()
        async with asyncio.timeout(5):
            while here.bus.subscribed.get("orders") in (old, None):
                here.bus.changed.clear()
                await here.bus.changed.wait()
        await here.bus.send("orders")
        assert [path for path, _ in here.app.got] == ["/orders", "/new"]


@pytest.mark.parametrize(
    "properties",
    [
        {"subscriptionScopes": "shop=bills"},
        {"subscriptionScopes": "shop="},
        {"allowedTopics": "bills"},
        {"protectedTopics": "orders"},
    ],
)
async def test_denied_subscription_is_only_listed(properties: dict[str, str]) -> None:
    async with world() as here:
        await here.subscribed(to("orders"), properties=properties)

        assert here.bus.subscribed == {}
        assert here.subscriptions.listing() == [to("orders")]


@pytest.mark.parametrize(
    ("subscription", "told"),
    [
        (to("orders", Rule(match="event.type ==", path="/")), "is no CEL expression"),
        (to("orders", metadata={"rawPayload": "maybe"}), 'rawPayload is "maybe"'),
    ],
    ids=["rule", "metadata"],
)
async def test_faulty_subscription_spares_the_others(
    subscription: object, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with world() as here:
        await here.subscribed(subscription, to("bills"))  # type: ignore[arg-type]  # parametrised

        assert set(here.bus.subscribed) == {"bills"}
    assert told in caplog.text


async def test_nothing_is_delivered_without_application() -> None:
    async with world(app_port=0) as here:
        await here.subscribed(to("orders"))

        assert here.bus.subscribed == {}
        assert here.subscriptions.listing() == [to("orders")]


async def test_wildcard_takes_every_topic_that_it_means() -> None:
    broker = InMemoryPubSub()
    async with world() as here:
        here.load(broker)  # type: ignore[arg-type]  # any broker will do
        here.declare(to("orders*", Rule(path="/all")))
        here.subscriptions.open()
        assert await here.subscriptions.ready(5)
        for topic in ("orders", "orders-eu", "bills", "orders-us"):
            await broker.publish(PublishRequest(topic=topic, data=b'{"topic":"%s"}' % topic.encode()))

        async with asyncio.timeout(5):
            while len(here.app.got) < 2:
                here.app.arrived.clear()
                await here.app.arrived.wait()
        assert [(path, event["topic"]) for path, event in here.app.got] == [
            ("/all", "orders-eu"),
            ("/all", "orders-us"),
        ]
    await broker.close()


async def test_waiting_for_silent_brokers_is_bounded() -> None:
    async with world() as here:
        here.bus.confirms = False
        here.load(here.bus)
        here.declare(to("orders"))
        here.subscriptions.open()
        await here.bus.until("orders")

        assert not await here.subscriptions.ready(0.01)
        await here.bus.send("orders")
        assert await here.subscriptions.ready(5)


async def test_subscription_that_ends_is_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pluggable.runtime.subscriptions.intake.FIRST_PAUSE_SECONDS", 0.0)

    class Weak(Bus):
        tries = 0

        async def subscribe(self, topic: Topic, deliver: Delivery[Message]) -> None:
            self.tries += 1
            if self.tries == 1:
                raise RuntimeError("the broker is gone")
            if self.tries == 2:
                return
            await super().subscribe(topic, deliver)

    async with world() as here:
        here.bus = Weak()
        await here.subscribed(to("orders"))

        assert here.bus.tries == 3


async def test_close_lets_handlers_finish() -> None:
    async with world() as here:
        here.app.hold = asyncio.Event()
        await here.subscribed(to("orders"))
        deliver = here.bus.subscribed["orders"]
        under_way = asyncio.create_task(here.bus.send("orders"))
        await here.app.arrived.wait()
        closing = asyncio.create_task(here.subscriptions.close())
        await asyncio.sleep(0)

        assert await deliver(Message(data=b"{}", topic="orders")) == Unanswered()
        assert "orders" in here.bus.subscribed
        here.app.hold.set()
        assert await under_way == Accepted()
        await closing
        assert here.bus.subscribed == {}
        assert here.bus.paused
        assert len(here.app.got) == 1


async def test_failure_while_closing_is_unanswered() -> None:
    async with world() as here:
        here.app.hold = asyncio.Event()
        here.app.status = 500
        await here.subscribed(to("orders", dead_letter_topic="dead"))
        under_way = asyncio.create_task(here.bus.send("orders"))
        await here.app.arrived.wait()
        closing = asyncio.create_task(here.subscriptions.close())
        await asyncio.sleep(0)
        here.app.hold.set()

        assert await under_way == Unanswered()
        await closing
        assert here.bus.published == []


async def test_close_gives_up_after_grace(caplog: pytest.LogCaptureFixture) -> None:
    async with world(graceful_shutdown_seconds=0.05) as here:
        here.app.hold = asyncio.Event()
        await here.subscribed(to("orders"))
        under_way = asyncio.create_task(here.bus.send("orders"))
        await here.app.arrived.wait()
        await here.subscriptions.close()

        assert here.bus.subscribed == {}
        under_way.cancel()
        await asyncio.gather(under_way, return_exceptions=True)
    assert "are given up" in caplog.text


async def test_nothing_starts_after_close() -> None:
    async with world() as here:
        await here.subscribed(to("orders"))
        await here.subscriptions.close()
        here.declare(to("bills"))
        here.catalog.notify()

        assert here.bus.subscribed == {}
