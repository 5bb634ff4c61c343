"""A Kafka that asks for passwords over SCRAM: a wrong one is told, and one that changes loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from pluggable import InitError
from pluggable.errors import UnavailableError
from pluggable.pubsub import PublishRequest
from pluggable_servers.kafka.pubsub import KafkaPubSub
from tests.backends.kafka import GuardedKafka
from tests.servers.running import Inbox, broker, subscribed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kafka")]


@pytest.fixture(scope="module")
def guarded() -> Iterator[GuardedKafka]:
    """A broker that asks for a password."""
    with GuardedKafka.running() as server:
        yield server


def as_shop(server: GuardedKafka, mechanism: str, password: str) -> dict[str, str]:
    return {
        "brokers": server.address,
        "authType": "password",
        "saslUsername": "shop",
        "saslPassword": password,
        "saslMechanism": mechanism,
        "disableTls": "true",
        "consumerGroup": "shop",
        "initialOffset": "oldest",
        "readTimeout": "2s",
    }


@pytest.mark.parametrize("mechanism", ["SHA-256", "SHA-512"])
async def test_right_password_is_let_in(guarded: GuardedKafka, topic: str, mechanism: str) -> None:
    inbox = Inbox()
    properties = as_shop(guarded, mechanism, guarded.first_password)
    async with broker(KafkaPubSub, properties) as events, subscribed(events, topic, inbox):
        await events.publish(PublishRequest(topic=topic, data=b"1"))

        assert await inbox.data(1) == [b"1"]


@pytest.mark.parametrize("mechanism", ["SHA-256", "SHA-512"])
async def test_wrong_password_is_told(guarded: GuardedKafka, mechanism: str) -> None:
    reason = f"invalid credentials with SASL mechanism SCRAM-{mechanism}"
    with pytest.raises(InitError, match=f"kafka {guarded.address}: .*{reason}") as refused:
        async with broker(KafkaPubSub, as_shop(guarded, mechanism, "guessed")):
            pass

    assert "guessed" not in str(refused.value)


async def test_other_mechanism_than_the_brokers_is_told(guarded: GuardedKafka) -> None:
    with pytest.raises(InitError, match="UnsupportedSaslMechanism"):
        async with broker(KafkaPubSub, as_shop(guarded, "PLAINTEXT", guarded.first_password)):
            pass


async def test_nothing_is_lost_as_the_password_changes(topic: str) -> None:
    inbox = Inbox()
    with GuardedKafka.running() as own:
        async with broker(KafkaPubSub, as_shop(own, "SHA-512", own.first_password)) as old:
            async with subscribed(old, topic, inbox):
                await old.publish(PublishRequest(topic=topic, data=b"before"))
                assert await inbox.data(1) == [b"before"]
            await asyncio.to_thread(own.change_password, "second-secret")
            # Kafka asks whoever is connected no more.
            await old.publish(PublishRequest(topic=topic, data=b"meanwhile"))
            await asyncio.to_thread(own.restart)
            refused = pytest.raises(UnavailableError, match=f"{own.address}: .*Authentication failed")
            with refused:
                await old.publish(PublishRequest(topic=topic, data=b"refused"))
            with refused:
                await old.publish(PublishRequest(topic=f"{topic}-new", data=b"refused"))
            with refused:
                await old.ping()

        async with (
            broker(KafkaPubSub, as_shop(own, "SHA-512", "second-secret")) as new,
            subscribed(new, topic, inbox),
        ):
            await new.publish(PublishRequest(topic=topic, data=b"after"))

            assert await inbox.data(2) == [b"meanwhile", b"after"]
