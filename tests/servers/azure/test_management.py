"""Queues, topics and subscriptions are made by a double of the administration, over TLS."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient

from pluggable import Metadata
from pluggable.errors import ComponentError, DeniedError, UnavailableError
from pluggable.pubsub import PublishRequest
from pluggable_servers.azure.binding import ServiceBusQueueBinding
from pluggable_servers.azure.management import Entities
from pluggable_servers.azure.namespace import Namespace
from pluggable_servers.azure.pubsub import ServiceBusQueues
from pluggable_servers.azure.settings import ServiceBusSettings
from tests.backends.administration import KEY, Administration
from tests.backends.servicebus import ServiceBus
from tests.servers.running import broker

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("azure")]


@pytest.fixture
def administration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Administration]:
    with Administration(tmp_path).running() as double:
        for name, value in double.environment.items():
            monkeypatch.setenv(name, value)
        yield double


@asynccontextmanager
async def entities(administration: Administration, **properties: str) -> AsyncIterator[Entities]:
    """What makes entities, by these properties."""
    given = {"connectionString": administration.connection_string(), **properties}
    found = await Entities.open(Metadata(given).parse(ServiceBusSettings), None)
    try:
        yield found
    finally:
        await found.close()


async def test_queue_is_made_as_the_settings_say(administration: Administration) -> None:
    properties = {
        "maxDeliveryCount": "7",
        "lockDurationInSec": "90",
        "defaultMessageTimeToLiveInSec": "3600",
        "autoDeleteOnIdleInSec": "300",
    }
    async with entities(administration, **properties) as found:
        await found.make("queue", "jobs")

    assert administration.made() == {
        "jobs": {
            "LockDuration": "PT1M30S",
            "DefaultMessageTimeToLive": "PT1H",
            "MaxDeliveryCount": "7",
            "AutoDeleteOnIdle": "PT5M",
        }
    }


async def test_subscription_is_made_with_its_topic(administration: Administration) -> None:
    async with entities(administration, maxDeliveryCount="7") as found:
        await found.make("topic", "orders", "app")

    assert administration.made() == {"orders": {}, "orders/subscriptions/app": {"MaxDeliveryCount": "7"}}


async def test_what_is_there_stays(administration: Administration) -> None:
    async with entities(administration) as found:
        await found.make("topic", "orders", "app")
    async with entities(administration, maxDeliveryCount="7") as found:
        await found.make("topic", "orders", "app")

    assert administration.made() == {"orders": {}, "orders/subscriptions/app": {}}
    assert [request.method for request in administration.asked] == ["GET", "PUT", "GET", "PUT", "GET", "GET"]


async def test_somebody_else_may_be_faster(administration: Administration) -> None:
    administration.raced.add("jobs")

    async with entities(administration) as found:
        await found.make("queue", "jobs")

    assert [request.method for request in administration.asked] == ["GET", "PUT"]


async def test_entity_is_made_before_it_is_used(
    administration: Administration, bus: ServiceBus, name: str, bare: ServiceBusClient
) -> None:
    settings = Metadata({"connectionString": bus.connection_string()}).parse(ServiceBusSettings)
    async with entities(administration) as found:
        client = ServiceBusClient.from_connection_string(settings.connection_string)
        namespace = Namespace(settings, client, "topic", entities=found)
        receiver = await namespace.receiver(name, "app")
        assert set(administration.entities) == {name, f"{name}/subscriptions/app"}
        async with receiver, bare.get_subscription_receiver(name, "other"):
            await namespace.send(name, ServiceBusMessage(b"1"))
            await namespace.send(f"{name}-2", ServiceBusMessage(b"1"))
            [message] = await receiver.receive_messages(max_message_count=1, max_wait_time=15)
            await receiver.complete_message(message)
        await namespace.close()

    assert f"{name}-2" in administration.entities


async def test_component_makes_its_queue(administration: Administration) -> None:
    properties = {"connectionString": administration.connection_string(), "publishMaxRetries": "0"}
    async with broker(ServiceBusQueues, properties) as events:
        with pytest.raises(ComponentError):  # nobody speaks AMQP there
            await events.publish(PublishRequest(topic="jobs", data=b"1"))

    assert set(administration.entities) == {"jobs"}


async def test_binding_makes_its_queue_at_once(administration: Administration) -> None:
    metadata = Metadata({"connectionString": administration.connection_string(), "queueName": "work"})
    administration.manages = False
    refused = ServiceBusQueueBinding()
    with pytest.raises(DeniedError, match="else set disableEntityManagement"):
        await refused.init(metadata)
    await refused.close()

    administration.manages = True
    binding = ServiceBusQueueBinding()
    await binding.init(metadata)
    await binding.close()

    assert set(administration.entities) == {"work"}


async def test_who_may_not_manage_is_told_what_to_do(
    administration: Administration, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    administration.manages = False
    properties = {"connectionString": administration.connection_string()}
    async with broker(ServiceBusQueues, properties) as events:
        with pytest.raises(
            DeniedError, match=r"Manage,EntityRead .* else set disableEntityManagement"
        ) as caught:
            await events.publish(PublishRequest(topic="jobs", data=b"1"))

    assert KEY not in caplog.text + str(caught.value)
    assert len(administration.asked) == 1


async def test_wrong_key_is_denied(administration: Administration) -> None:
    properties = {"connectionString": administration.connection_string("b3RoZXI=")}
    async with broker(ServiceBusQueues, properties) as events:
        with pytest.raises(DeniedError, match="InvalidSignature") as caught:
            await events.publish(PublishRequest(topic="jobs", data=b"1"))

    assert "b3RoZXI=" not in str(caught.value)


async def test_administration_that_is_away_is_asked_again(administration: Administration) -> None:
    properties = {"connectionString": administration.connection_string(), "publishMaxRetries": "0"}
    async with broker(ServiceBusQueues, properties) as events:
        with administration.away(), pytest.raises(UnavailableError, match="Bad Gateway"):
            await events.publish(PublishRequest(topic="jobs", data=b"1"))
        with pytest.raises(ComponentError):
            await events.publish(PublishRequest(topic="jobs", data=b"1"))

    assert set(administration.entities) == {"jobs"}


async def test_nothing_is_made_where_others_do(
    administration: Administration, bus: ServiceBus, name: str
) -> None:
    more = {"connectionString": administration.connection_string(), "disableEntityManagement": "true"}
    async with broker(ServiceBusQueues, {**more, "publishMaxRetries": "0"}) as events:
        with pytest.raises(ComponentError):
            await events.publish(PublishRequest(topic=name, data=b"1"))
    async with broker(ServiceBusQueues, {"connectionString": bus.connection_string()}) as events:
        await events.publish(PublishRequest(topic=name, data=b"1"))

    assert administration.asked == []
