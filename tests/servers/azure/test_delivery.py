"""What becomes of messages that fail, that time out, and of brokers that go away."""

from __future__ import annotations

import asyncio
import gc
import logging
import uuid
from collections.abc import Mapping

import pytest
from azure.servicebus import ServiceBusSubQueue
from azure.servicebus.aio import ServiceBusClient

from pluggable import Accepted, Rejected
from pluggable.delivery import Outcome
from pluggable.errors import ComponentError, DeniedError, UnavailableError
from pluggable.pubsub import BulkEntry, BulkPublisher, BulkPublishRequest, Message, PublishRequest
from pluggable_servers.azure.pubsub import ServiceBusQueues, ServiceBusTopics
from tests.backends.servicebus import KEY, ServiceBus
from tests.servers.running import Inbox, broker, subscribed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("azure")]


async def test_rejected_message_comes_again(properties: Mapping[str, str], name: str) -> None:
    inbox = Inbox(Rejected("not now"), Accepted())
    async with broker(ServiceBusQueues, properties) as events, subscribed(events, name, inbox):
        await events.publish(PublishRequest(topic=name, data=b"1"))
        assert await inbox.data(2) == [b"1", b"1"]

    counts = [message.metadata["metadata.DeliveryCount"] for message in inbox.messages]
    assert counts == ["0", "1"]


async def test_poisoned_message_becomes_a_dead_letter(
    properties: Mapping[str, str], name: str, bare: ServiceBusClient
) -> None:
    inbox = Inbox(*[Rejected("poison")] * 20)
    more = {**properties, "maxRetriableErrorsPerSec": "0"}
    async with broker(ServiceBusQueues, more) as events, subscribed(events, name, inbox):
        await events.publish(PublishRequest(topic=name, data=b"poison"))
        async with bare.get_queue_receiver(name, sub_queue=ServiceBusSubQueue.DEAD_LETTER) as dead:
            [found] = await dead.receive_messages(max_message_count=1, max_wait_time=15)

    assert b"".join(found.body) == b"poison"
    assert len(inbox.messages) == 10


async def test_message_that_is_not_handled_in_time_comes_again(
    properties: Mapping[str, str], name: str
) -> None:
    more = {**properties, "handlerTimeoutInSec": "1"}
    answered = asyncio.Event()

    class Slow(Inbox):
        async def __call__(self, message: Message) -> Outcome:
            outcome = await super().__call__(message)
            if len(self.messages) == 1:
                await answered.wait()
            return outcome

    inbox = Slow()
    async with broker(ServiceBusQueues, more) as events, subscribed(events, name, inbox):
        await events.publish(PublishRequest(topic=name, data=b"1"))
        assert await inbox.data(2) == [b"1", b"1"]


async def test_lock_is_renewed_while_a_message_is_handled(name: str) -> None:
    inbox, done = Inbox(), asyncio.Event()

    class Slow(Inbox):
        async def __call__(self, message: Message) -> Outcome:
            await inbox(message)
            await done.wait()
            return Accepted()

    with ServiceBus.running("--lock-seconds", "2") as bus:
        properties = {
            "connectionString": bus.connection_string(),
            "disableEntityManagement": "true",
            "lockRenewalInSec": "1",
        }
        async with broker(ServiceBusQueues, properties) as events, subscribed(events, name, Slow()):
            await events.publish(PublishRequest(topic=name, data=b"1"))
            await inbox.next()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(5):
                    await inbox.next()
            done.set()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_broker_goes_away_and_comes_back() -> None:
    inbox = Inbox()
    with ServiceBus.running() as bus:
        properties = {
            "connectionString": bus.connection_string(),
            "consumerID": "app",
            "disableEntityManagement": "true",
            "minConnectionRecoveryInSec": "0",
            "maxConnectionRecoveryInSec": "1",
            "publishMaxRetries": "0",
        }
        async with broker(ServiceBusTopics, properties) as events, subscribed(events, "orders", inbox):
            await events.publish(PublishRequest(topic="orders", data=b"1"))
            assert await inbox.data(1) == [b"1"]
            with bus.away():
                with pytest.raises(UnavailableError, match=f"service bus 127.0.0.1:{bus.port}"):
                    await events.publish(PublishRequest(topic="orders", data=b"lost"))
                with pytest.raises(UnavailableError):
                    await events.ping()
            await events.publish(PublishRequest(topic="orders", data=b"2"))
            # The first may come again, if its broker went away before it knew that it was handled.
            while (await inbox.next()).data != b"2":
                pass
    gc.collect()  # So that what the client left is found here, and not in another test.


async def test_bulk_arrives_as_single_messages(properties: Mapping[str, str], name: str) -> None:
    entries = [BulkEntry(entry_id=str(each), data=f"{each}".encode()) for each in range(5)]
    inbox = Inbox()
    async with broker(ServiceBusTopics, properties) as events, subscribed(events, name, inbox):
        assert isinstance(events, BulkPublisher)
        assert await events.bulk_publish(BulkPublishRequest(topic=name, entries=entries)) == []
        assert sorted(await inbox.data(5)) == [b"0", b"1", b"2", b"3", b"4"]


async def test_bulk_that_does_not_fit_fails_whole(properties: Mapping[str, str], name: str) -> None:
    entries = [BulkEntry(entry_id=str(each), data=b"x" * 1000) for each in range(3)]
    request = BulkPublishRequest(topic=name, entries=entries, metadata={"maxBulkPubBytes": "2000"})
    async with broker(ServiceBusQueues, properties) as events:
        assert isinstance(events, BulkPublisher)
        failed = await events.bulk_publish(request)

    assert [each.entry_id for each in failed] == ["0", "1", "2"]


async def test_wrong_key_is_denied_and_not_shown(
    bus: ServiceBus, properties: Mapping[str, str], name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = "d3Jvbmcga2V5" + uuid.uuid4().hex
    more = {**properties, "connectionString": bus.connection_string(wrong), "publishMaxRetries": "0"}
    async with broker(ServiceBusQueues, more) as events:
        with pytest.raises(DeniedError, match="check connectionString") as caught:
            await events.publish(PublishRequest(topic=name, data=b"1"))

    assert wrong not in str(caught.value)
    assert wrong not in caplog.text


async def test_key_is_in_no_log(
    properties: Mapping[str, str], name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    inbox = Inbox()
    async with broker(ServiceBusQueues, properties) as events, subscribed(events, name, inbox):
        await events.publish(PublishRequest(topic=name, data=b"1"))
        await inbox.next()

    assert caplog.text
    assert KEY not in caplog.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"connectionString": ""},
        {"connectionString": "no such thing"},
        {"namespaceName": "orders.servicebus.windows.net"},
        {"maxActiveMessages": "0"},
        {"maxRetriableErrorsPerSec": "-1"},
        {"autoDeleteOnIdleInSec": "299"},
        {"defaultMessageTimeToLiveInSec": "0"},
    ],
)
async def test_wrong_settings_are_refused(properties: Mapping[str, str], wrong: Mapping[str, str]) -> None:
    with pytest.raises(ComponentError, match="|".join(wrong)):
        async with broker(ServiceBusQueues, {**properties, **wrong}):
            pass
