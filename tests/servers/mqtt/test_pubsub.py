from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest

from pluggable import Accepted, PubSub, Rejected, Unanswered
from pluggable.errors import DeniedError, InitError, InvalidRequestError, MetadataError, UnavailableError
from pluggable.pubsub import PublishRequest, Topic
from pluggable_servers.mqtt import pubsub
from pluggable_servers.mqtt.pubsub import MQTTPubSub
from tests.backends.mosquitto import Mosquitto
from tests.servers.mqtt.bare import bare
from tests.servers.running import Inbox, Silent, broker, subscribed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("mqtt")]


def at(port: int, **more: str) -> dict[str, str]:
    return {"url": f"mqtt://127.0.0.1:{port}", "consumerID": f"app-{uuid.uuid4()}", **more}


@pytest.fixture
def topic() -> str:
    return f"orders-{uuid.uuid4()}"


@pytest.fixture
async def events(mosquitto: Mosquitto) -> AsyncIterator[PubSub]:
    async with broker(MQTTPubSub, at(mosquitto.port)) as found:
        yield found


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not handled comes again soon."""
    monkeypatch.setattr(pubsub, "FIRST_PAUSE", 0.01)


async def publish(events: PubSub, topic: str, *data: bytes, **metadata: str) -> None:
    for each in data:
        await events.publish(PublishRequest(topic=topic, data=each, metadata=metadata))


@pytest.mark.parametrize("qos", ["0", "1", "2"])
async def test_message_is_the_payload(mosquitto: Mosquitto, topic: str, qos: str) -> None:
    with bare(mosquitto.port) as other:
        other.subscribe(topic)
        async with broker(MQTTPubSub, at(mosquitto.port, qos=qos)) as events:
            await publish(events, topic, b"\x00x", traceid="t")
            found = await asyncio.to_thread(other.next)

    assert (found.payload, found.qos, found.retain) == (b"\x00x", int(qos), False)


@pytest.mark.parametrize("qos", ["0", "1", "2"])
async def test_message_arrives_at_each_quality(mosquitto: Mosquitto, topic: str, qos: str) -> None:
    inbox = Inbox()
    async with (
        broker(MQTTPubSub, at(mosquitto.port, qos=qos)) as events,
        subscribed(events, topic, inbox),
    ):
        await publish(events, topic, *(str(number).encode() for number in range(300)))
        found = await inbox.data(300)

    assert found == [str(number).encode() for number in range(300)]
    assert (inbox.messages[0].topic, dict(inbox.messages[0].metadata)) == (topic, {"retained": "false"})


async def test_message_of_64_publishers_at_once_arrives(events: PubSub, topic: str) -> None:
    sent = [str(number).encode() for number in range(2000)]
    inbox = Inbox()
    room = asyncio.Semaphore(64)

    async def one(data: bytes) -> None:
        async with room:
            await publish(events, topic, data)

    async with subscribed(events, topic, inbox):
        await asyncio.gather(*map(one, sent))
        found = await inbox.data(len(sent))

    assert sorted(found, key=int) == sent


async def test_retained_message_comes_to_who_subscribes_later(events: PubSub, topic: str) -> None:
    await publish(events, topic, b"kept", retain="true")
    inbox = Inbox()
    async with subscribed(events, topic, inbox):
        found = await inbox.next()

    assert (found.data, dict(found.metadata)) == (b"kept", {"retained": "true"})


async def test_retain_that_is_no_truth_is_refused(events: PubSub, topic: str) -> None:
    with pytest.raises(InvalidRequestError, match='retain is "perhaps"'):
        await publish(events, topic, b"1", retain="perhaps")


async def test_wildcard_is_no_topic_to_publish_to(events: PubSub) -> None:
    with pytest.raises(InvalidRequestError, match=r"orders/\+"):
        await publish(events, "orders/+", b"1")


async def test_wildcards_bring_the_topic_published_to(events: PubSub, topic: str) -> None:
    inbox, exact = Inbox(), Inbox()
    async with subscribed(events, f"{topic}/+/new", inbox), subscribed(events, f"{topic}/b/new", exact):
        await publish(events, f"{topic}/a/new", b"1")
        await publish(events, f"{topic}/b/new", b"2")
        found = await inbox.next(), await exact.next()

    assert [message.topic for message in found] == [f"{topic}/a/new", f"{topic}/b/new"]


async def test_shared_subscription_shares(mosquitto: Mosquitto, topic: str) -> None:
    first, second = Inbox(), Inbox()
    async with (
        broker(MQTTPubSub, at(mosquitto.port)) as one,
        broker(MQTTPubSub, at(mosquitto.port)) as other,
        subscribed(one, f"$share/g/{topic}", first),
        subscribed(other, f"$share/g/{topic}", second),
    ):
        await publish(one, topic, *(str(number).encode() for number in range(40)))
        async with asyncio.timeout(15):
            while len(first.messages) + len(second.messages) < 40:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    found = [message.data for message in (*first.messages, *second.messages)]
    assert sorted(found, key=int) == [str(number).encode() for number in range(40)]
    assert first.messages
    assert second.messages


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("outcome", [Rejected("no such order"), Unanswered()])
async def test_message_that_was_not_handled_comes_again(
    events: PubSub, topic: str, outcome: Rejected | Unanswered
) -> None:
    inbox = Inbox(outcome, outcome, Accepted())
    async with subscribed(events, topic, inbox):
        await publish(events, topic, b"1")

        assert await inbox.data(3) == [b"1", b"1", b"1"]


async def test_message_of_a_cut_stream_comes_again(events: PubSub, topic: str) -> None:
    silent, inbox = Silent(), Inbox()
    async with subscribed(events, topic, silent):
        await publish(events, topic, b"1", b"2")
        await silent.data(2)
    await publish(events, topic, b"3")
    async with subscribed(events, topic, inbox):
        assert await inbox.data(3) == [b"1", b"2", b"3"]


async def test_unacknowledged_message_is_the_next_clients(mosquitto: Mosquitto, topic: str) -> None:
    properties, silent, inbox = at(mosquitto.port), Silent(), Inbox()
    async with broker(MQTTPubSub, properties) as events, subscribed(events, topic, silent):
        await publish(events, topic, b"1", b"2")
        await silent.data(2)
    with bare(mosquitto.port) as other:
        other.publish(topic, b"3")

    async with broker(MQTTPubSub, properties) as events, subscribed(events, topic, inbox):
        assert await inbox.data(3) == [b"1", b"2", b"3"]


async def test_acknowledged_message_does_not_come_again(mosquitto: Mosquitto, topic: str) -> None:
    properties, inbox, later = at(mosquitto.port), Inbox(), Inbox()
    async with broker(MQTTPubSub, properties) as events, subscribed(events, topic, inbox):
        await publish(events, topic, b"1")
        await inbox.next()
        await publish(events, topic, b"2")
        await inbox.next()
        await asyncio.sleep(0)  # the second is acknowledged when its handler has returned

    async with broker(MQTTPubSub, properties) as events, subscribed(events, topic, later):
        await publish(events, topic, b"3")
        assert (await later.data(1))[0] in (b"2", b"3")
        assert b"1" not in [message.data for message in later.messages]


async def test_clean_session_forgets(mosquitto: Mosquitto, topic: str) -> None:
    properties, inbox, later = at(mosquitto.port, cleanSession="true"), Inbox(), Inbox()
    async with broker(MQTTPubSub, properties) as events, subscribed(events, topic, inbox):
        pass
    with bare(mosquitto.port) as other:
        other.publish(topic, b"lost")

    async with broker(MQTTPubSub, properties) as events, subscribed(events, topic, later):
        await publish(events, topic, b"seen")
        assert await later.data(1) == [b"seen"]


@pytest.mark.parametrize("given", ["true", "false"])
async def test_subscription_ends_at_the_broker_only_where_asked(
    mosquitto: Mosquitto, topic: str, given: str
) -> None:
    properties, first, later = at(mosquitto.port), Inbox(), Inbox()
    wanted = Topic(name=topic, metadata={"unsubscribeOnClose": given})
    async with broker(MQTTPubSub, properties) as events:
        subscription = asyncio.create_task(events.subscribe(wanted, first))
        await first.registered.wait()
        subscription.cancel()
        await asyncio.wait({subscription})
    with bare(mosquitto.port) as other:
        other.publish(topic, b"between")

    async with broker(MQTTPubSub, properties) as events, subscribed(events, topic, later):
        await publish(events, topic, b"last")
        assert await later.data(1) == ([b"last"] if given == "true" else [b"between"])


async def test_broker_that_restarts_loses_nothing(own_mosquitto: Mosquitto, topic: str) -> None:
    silent, inbox = Silent(), Inbox()
    async with broker(MQTTPubSub, at(own_mosquitto.port)) as events:
        async with subscribed(events, topic, silent):
            await publish(events, topic, b"1", b"2")
            await silent.data(2)
            await asyncio.to_thread(own_mosquitto.restart)
            await publish(events, topic, b"3")
            await silent.next()
        assert [message.data for message in silent.messages] == [b"1", b"2", b"3"]

        async with subscribed(events, topic, inbox):
            assert await inbox.data(3) == [b"1", b"2", b"3"]


async def test_broker_that_is_away_is_said_and_found_again(own_mosquitto: Mosquitto, topic: str) -> None:
    inbox = Inbox()
    async with broker(MQTTPubSub, at(own_mosquitto.port)) as events, subscribed(events, topic, inbox):
        await asyncio.to_thread(own_mosquitto.stop)
        with pytest.raises(UnavailableError, match=f"mqtt 127.0.0.1:{own_mosquitto.port}: "):
            await publish(events, topic, b"lost")
        with pytest.raises(UnavailableError):
            await events.ping()
        await asyncio.to_thread(own_mosquitto.start)

        async with asyncio.timeout(30):
            while True:
                try:
                    await publish(events, topic, b"found")
                except UnavailableError:
                    continue  # each waits by itself
                break
        assert (await inbox.next()).data == b"found"


async def test_wrong_password_is_refused_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    with Mosquitto.running("allow_anonymous false") as server:
        url = f"mqtt://ann:s3cret-word@127.0.0.1:{server.port}"
        with pytest.raises(InitError, match="check the user and the password") as caught:
            async with broker(MQTTPubSub, at(server.port, url=url)):
                raise AssertionError

    assert isinstance(caught.value.__cause__, DeniedError)
    assert "s3cret-word" not in str(caught.value) + caplog.text


async def test_broker_that_is_not_there_is_said() -> None:
    with pytest.raises(InitError, match=r"mqtt 127.0.0.1:1: .*refused"):
        async with broker(MQTTPubSub, at(1)):
            raise AssertionError


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({"consumerID": "a"}, "url is missing"),
        ({"url": "mqtt://h", "consumerID": " "}, "consumerID is missing"),
        ({"url": "http://ann:s3cret-word@h", "consumerID": "a"}, "url is not one of a broker"),
        ({"url": "mqtt://h", "consumerID": "a", "qos": "3"}, "qos is 3, wanted 0, 1 or 2"),
        ({"url": "mqtts://h", "consumerID": "a", "clientCert": "x"}, "of clientCert and clientKey one"),
    ],
)
async def test_faults_of_the_yaml_are_said(properties: dict[str, str], said: str) -> None:
    with pytest.raises(MetadataError, match=said) as caught:
        async with broker(MQTTPubSub, properties):
            raise AssertionError

    assert "s3cret-word" not in str(caught.value)


async def test_what_the_broker_kept_for_an_absent_client_arrives_in_order(topic: str) -> None:
    numbers = [b"%d" % number for number in range(50)]
    inbox = Inbox()
    with Mosquitto.running("allow_anonymous true", "max_queued_messages 5") as server:
        subscriber = at(server.port)
        async with broker(MQTTPubSub, subscriber) as events, subscribed(events, topic, Inbox()):
            pass  # the broker keeps messages for it from now on
        async with broker(MQTTPubSub, at(server.port)) as publisher:
            await publish(publisher, topic, *numbers)  # each acknowledged, also those that are dropped
            async with broker(MQTTPubSub, subscriber) as events, subscribed(events, topic, inbox):
                kept = [await inbox.next()]
                await publish(publisher, topic, b"last")
                while kept[-1].data != b"last":
                    kept.append(await inbox.next())

    found = [message.data for message in kept[:-1]]
    assert found == numbers[: len(found)]
    assert len(found) < len(numbers)
