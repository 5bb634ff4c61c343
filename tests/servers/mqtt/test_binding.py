from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from datetime import timedelta

import pytest

from pluggable.bindings import InvokeRequest
from pluggable.delivery import Accepted, Outcome, Rejected, Unanswered
from pluggable.errors import DeniedError, InitError, InvalidRequestError, MetadataError, UnavailableError
from pluggable.metadata import Metadata
from pluggable_servers.mqtt import binding
from pluggable_servers.mqtt.binding import MQTTBinding
from tests.backends.mosquitto import Mosquitto
from tests.servers.events import Events, bound, reading
from tests.servers.mqtt.bare import bare

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("mqtt")]


@pytest.fixture
def properties(mosquitto: Mosquitto) -> dict[str, str]:
    """Properties of a binding with a topic and clients that no other test has."""
    mine = uuid.uuid4().hex
    return {"url": f"mqtt://127.0.0.1:{mosquitto.port}", "consumerID": mine, "topic": f"lamps-{mine}"}


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not handled comes again soon."""
    monkeypatch.setattr(binding, "PAUSE", timedelta(milliseconds=10))


def create(data: bytes, **metadata: str) -> InvokeRequest:
    return InvokeRequest(operation="create", data=data, metadata=metadata)


async def test_event_is_the_message(properties: Mapping[str, str]) -> None:
    events = Events()
    async with bound(MQTTBinding, properties) as found, reading(found, events):
        await found.invoke(create(b"\x00x", other="y"))
        event = await events.next()

    assert (event.data, dict(event.metadata)) == (b"\x00x", {"topic": properties["topic"]})


@pytest.mark.parametrize("retain", ["true", "false"])
async def test_message_is_published_as_told(
    mosquitto: Mosquitto, properties: Mapping[str, str], retain: str
) -> None:
    topic = f"{properties['topic']}/1"
    with bare(mosquitto.port) as other:
        async with bound(MQTTBinding, {**properties, "retain": retain, "qos": "0"}) as found:
            await found.invoke(create(b"1", topic=topic))
            await found.invoke(create(b"2", topic=topic))
            other.subscribe(topic)
            await found.invoke(create(b"3", topic=topic))
            message = await asyncio.to_thread(other.next)

    wanted = (b"2", 1, True) if retain == "true" else (b"3", 1, False)
    assert (message.payload, message.qos, message.retain) == wanted


async def test_instances_of_both_directions_leave_each_other_alone(
    properties: Mapping[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    events = Events()
    async with (
        bound(MQTTBinding, properties) as reads,
        bound(MQTTBinding, properties) as writes,
        reading(reads, events),
    ):
        for number in range(3):
            await writes.invoke(create(b"%d" % number))
        await reads.ping()
        await writes.ping()
        assert await events.data(3) == [b"0", b"1", b"2"]

    assert "connection was lost" not in caplog.text


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("outcome", [Rejected("no such lamp"), Unanswered()])
@pytest.mark.parametrize("retries", ["2", "-1"])
async def test_event_that_was_not_handled_comes_again(
    properties: Mapping[str, str], outcome: Outcome, retries: str
) -> None:
    events = Events(outcome, outcome, Accepted())
    async with (
        bound(MQTTBinding, {**properties, "backOffMaxRetries": retries}) as found,
        reading(found, events),
    ):
        await found.invoke(create(b"1"))

        assert await events.data(3) == [b"1", b"1", b"1"]


async def test_event_that_was_given_up_is_the_next_connections(properties: Mapping[str, str]) -> None:
    failing, events = Events(Rejected("broken")), Events()
    async with bound(MQTTBinding, properties) as found:
        async with reading(found, failing):
            await found.invoke(create(b"bad"))
            await found.invoke(create(b"good"))
            assert sorted(await failing.data(2)) == [b"bad", b"good"]
        async with reading(found, events):
            assert (await events.next()).data == b"bad"


async def test_broker_that_is_away_is_said_and_found_again(own_mosquitto: Mosquitto) -> None:
    url = f"mqtt://127.0.0.1:{own_mosquitto.port}"
    events = Events()
    async with (
        bound(MQTTBinding, {"url": url, "consumerID": "a", "topic": "lamps"}) as found,
        reading(found, events),
    ):
        await found.invoke(create(b"1"))
        assert (await events.next()).data == b"1"
        await asyncio.to_thread(own_mosquitto.stop)
        with pytest.raises(UnavailableError, match=f"mqtt 127.0.0.1:{own_mosquitto.port}: "):
            await found.invoke(create(b"lost"))
        with pytest.raises(UnavailableError):
            await found.ping()
        await asyncio.to_thread(own_mosquitto.start)
        await connected(found)
        await found.invoke(create(b"2"))

        while (await events.next()).data != b"2":
            pass  # the first again, where its acknowledgement was lost


async def test_broker_that_was_never_there_is_said(own_mosquitto: Mosquitto) -> None:
    url = f"mqtt://127.0.0.1:{own_mosquitto.port}"
    own_mosquitto.stop()
    with pytest.raises(InitError, match=f"mqtt 127.0.0.1:{own_mosquitto.port}: "):
        await MQTTBinding().init(Metadata({"url": url, "consumerID": "a", "topic": "lamps"}, "lamp"))


async def test_wrong_password_is_denied_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    with Mosquitto.running("allow_anonymous false") as server:
        url = f"mqtt://ann:s3cret-word@127.0.0.1:{server.port}"
        async with bound(MQTTBinding, {"url": url, "consumerID": "a", "topic": "lamps"}) as found:
            with pytest.raises(DeniedError, match="check the user and the password") as caught:
                await found.invoke(create(b"1"))

    assert "s3cret-word" not in str(caught.value) + caplog.text


async def test_requests_it_cannot_do_are_refused(properties: Mapping[str, str]) -> None:
    async with bound(MQTTBinding, properties) as found:
        with pytest.raises(InvalidRequestError, match="unsupported operation delete, wanted create"):
            await found.invoke(InvokeRequest(operation="delete", data=b"", metadata={}))
        with pytest.raises(InvalidRequestError, match=r"lamps/\+"):
            await found.invoke(create(b"1", topic="lamps/+"))


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"topic": ""}, "topic is missing"),
        ({"consumerID": " "}, "consumerID is missing"),
        ({"url": "http://ann:s3cret-word@h"}, "url is not one of a broker"),
        ({"clientKey": "s3cret-word"}, "of clientCert and clientKey one is missing"),
        ({"backOffMaxRetries": "often"}, "backOffMaxRetries"),
    ],
)
async def test_faulty_settings_are_told(given: dict[str, str], fault: str) -> None:
    good = {"url": "mqtt://h", "consumerID": "a", "topic": "lamps"}
    with pytest.raises(MetadataError, match=fault) as caught:
        await MQTTBinding().init(Metadata({**good, **given}, "lamp"))

    assert "s3cret-word" not in str(caught.value)


async def connected(found: MQTTBinding) -> None:
    """Wait until the broker is found again."""
    async with asyncio.timeout(30):
        while True:
            try:
                await found.ping()
            except UnavailableError:
                continue  # each waits by itself
            return
