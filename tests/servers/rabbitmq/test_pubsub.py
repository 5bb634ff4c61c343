from __future__ import annotations

import logging
from collections.abc import Mapping

import pytest
from aiormq.channel import Channel

from pluggable.delivery import Accepted
from pluggable.errors import DeniedError, InitError, InvalidRequestError, LimitExceededError, UnavailableError
from pluggable.metadata import Metadata
from pluggable.pubsub import PublishRequest, Topic
from pluggable_servers.rabbitmq.pubsub import RabbitPubSub
from tests.backends.rabbitmq import RabbitMQ
from tests.servers.running import Inbox, broker, subscribed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("rabbitmq")]


async def test_absent_broker_is_told_and_found_again(node: RabbitMQ, properties: Mapping[str, str]) -> None:
    inbox = Inbox(Accepted())
    async with broker(RabbitPubSub, properties) as events, subscribed(events, "away", inbox):
        with node.away():
            with pytest.raises(UnavailableError, match=f"rabbitmq 127.0.0.1:{node.port}"):
                await events.publish(PublishRequest(topic="away", data=b"1"))
            with pytest.raises(UnavailableError):
                await events.ping()
        await events.publish(PublishRequest(topic="away", data=b"2"))

        assert await inbox.data(1) == [b"2"]


async def test_deleted_exchange_is_declared_again(properties: Mapping[str, str], bare: Channel) -> None:
    async with broker(RabbitPubSub, properties) as events:
        await events.publish(PublishRequest(topic="deleted", data=b"1"))
        await bare.exchange_delete("deleted")
        await events.publish(PublishRequest(topic="deleted", data=b"2"))

        assert (await bare.exchange_declare("deleted", passive=True)).name == "Exchange.DeclareOk"


async def test_subscription_outlives_its_queue(properties: Mapping[str, str], bare: Channel) -> None:
    inbox = Inbox()
    async with broker(RabbitPubSub, properties) as events, subscribed(events, "torn", inbox):
        inbox.registered.clear()
        await bare.queue_delete(f"{properties['consumerID']}-torn")
        await inbox.registered.wait()
        await events.publish(PublishRequest(topic="torn", data=b"1"))

        assert await inbox.data(1) == [b"1"]


async def test_full_queue_refuses_a_message(properties: Mapping[str, str], bare: Channel) -> None:
    async with broker(RabbitPubSub, properties) as events:
        await events.publish(PublishRequest(topic="full", data=b"0"))
        await bare.queue_declare("full", arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
        await bare.queue_bind("full", "full")
        await events.publish(PublishRequest(topic="full", data=b"1"))
        with pytest.raises(LimitExceededError, match="the broker refused the message"):
            await events.publish(PublishRequest(topic="full", data=b"2"))


async def test_invalid_queue_type_is_refused(properties: Mapping[str, str]) -> None:
    async with broker(RabbitPubSub, properties) as events:
        with pytest.raises(InvalidRequestError, match="invalid queue type lazy"):
            await events.subscribe(Topic(name="typed", metadata={"queueType": "lazy"}), Inbox())


async def test_wrong_password_is_denied_and_not_shown(
    node: RabbitMQ, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url = f"amqp://guest:hush-hush@127.0.0.1:{node.port}/"
    events = RabbitPubSub()
    with pytest.raises(InitError) as caught:
        await events.init(Metadata({"connectionString": url, "consumerID": "a"}, "events"))

    assert "check user name and password" in str(caught.value)
    assert isinstance(caught.value, InitError | DeniedError)
    assert "hush-hush" not in str(caught.value) + repr(caught.value) + repr(vars(events)) + caplog.text


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"connectionString": "http://hush-hush"}, "connectionString is no address"),
        ({"connectionString": "amqp://u:hush-hush@h/", "protocol": "amqps"}, "protocol is amqps"),
        ({"prefetchCount": "256"}, "prefetchCount is 256, wanted 0 to 255"),
        ({"deliveryMode": "3"}, 'deliveryMode is "3"'),
        ({"exchangeKind": "odd"}, 'exchangeKind is "odd"'),
        ({"saslExternal": "true"}, "saslExternal is set; it needs"),
    ],
)
async def test_faulty_settings_are_told(given: dict[str, str], fault: str) -> None:
    with pytest.raises(InitError, match=fault) as caught:
        await RabbitPubSub().init(Metadata(given, "events"))

    assert "hush-hush" not in str(caught.value)
