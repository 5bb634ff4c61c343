from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from nats.js.client import JetStreamContext

from pluggable import Accepted, PubSub, Rejected, Unanswered
from pluggable.errors import DeniedError, InitError, MetadataError, NotFoundError, UnavailableError
from pluggable.pubsub import PublishRequest
from pluggable_servers.nats import consumer
from pluggable_servers.nats.pubsub import JetStreamPubSub
from tests.backends.nats import NATS
from tests.servers.running import Inbox, Silent, broker, subscribed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("nats")]


def at(port: int, **more: str) -> dict[str, str]:
    return {"natsURL": f"nats://127.0.0.1:{port}", **more}


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not handled comes again soon."""
    monkeypatch.setattr(consumer, "FIRST_PAUSE", 0.01)


@pytest.fixture
async def streams(nats_server: NATS) -> AsyncIterator[JetStreamContext]:
    async with nats_server.streams() as found:
        yield found


@pytest.fixture
async def stream(streams: JetStreamContext) -> str:
    """A stream of its own, of the subjects that begin with its name."""
    name = f"s{uuid.uuid4().hex}"
    await streams.add_stream(name=name, subjects=[f"{name}.>"])
    return name


@pytest.fixture
async def events(nats_server: NATS) -> AsyncIterator[PubSub]:
    async with broker(JetStreamPubSub, at(nats_server.port)) as found:
        yield found


async def publish(events: PubSub, topic: str, *data: bytes) -> None:
    for each in data:
        await events.publish(PublishRequest(topic=topic, data=each, metadata={"traceid": "t"}))


async def test_message_is_daprs(events: PubSub, streams: JetStreamContext, stream: str) -> None:
    await publish(events, f"{stream}.a", b'{"id":"e-1"}', b"\x00x", b'{"id":1}')

    found = [await streams.get_msg(stream, number) for number in (1, 2, 3)]
    assert [message.data for message in found] == [b'{"id":"e-1"}', b"\x00x", b'{"id":1}']
    assert [message.headers for message in found] == [{"Nats-Msg-Id": "e-1"}, None, None]


async def test_event_published_twice_is_there_once(events: PubSub, stream: str) -> None:
    inbox = Inbox()
    await publish(events, f"{stream}.a", b'{"id":"e-1"}', b'{"id":"e-1"}', b"last")
    async with subscribed(events, f"{stream}.a", inbox):
        assert await inbox.data(2) == [b'{"id":"e-1"}', b"last"]


async def test_event_goes_on_to_another_topic_of_the_stream_once(events: PubSub, stream: str) -> None:
    inbox = Inbox()
    event = b'{"id":"e-1"}'
    await publish(events, f"{stream}.a", event)
    await publish(events, f"{stream}.b", event, event, b"last")
    async with subscribed(events, f"{stream}.b", inbox):
        assert await inbox.data(2) == [event, b"last"]


async def test_messages_keep_their_order(events: PubSub, stream: str) -> None:
    sent = [str(number).encode() for number in range(500)]
    inbox = Inbox()
    async with subscribed(events, f"{stream}.a", inbox):
        await asyncio.gather(*(publish(events, f"{stream}.b", each) for each in sent))
        await publish(events, f"{stream}.a", *sent)
        assert await inbox.data(len(sent)) == sent


async def test_wildcard_tells_the_subject(events: PubSub, stream: str) -> None:
    inbox = Inbox()
    async with subscribed(events, f"{stream}.*", inbox):
        await publish(events, f"{stream}.a", b"1")
        found = await inbox.next()

    assert (found.topic, dict(found.metadata)) == (f"{stream}.*", {"Topic": f"{stream}.a"})


async def test_topic_without_a_stream_is_refused(events: PubSub) -> None:
    with pytest.raises(NotFoundError, match='no stream has the topic "nobody"'):
        await publish(events, "nobody", b"1")


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("mode", ["single", "parallel"])
@pytest.mark.parametrize("outcome", [Rejected("no such order"), Unanswered()])
async def test_message_that_was_not_handled_comes_again(
    nats_server: NATS, stream: str, mode: str, outcome: Rejected | Unanswered
) -> None:
    inbox = Inbox(outcome, outcome, Accepted())
    async with (
        broker(JetStreamPubSub, at(nats_server.port, concurrencyMode=mode)) as events,
        subscribed(events, f"{stream}.a", inbox),
    ):
        await publish(events, f"{stream}.a", b"1")
        assert await inbox.data(3) == [b"1", b"1", b"1"]


@pytest.mark.usefixtures("hurried")
async def test_poisoned_message_comes_no_more_than_max_deliver(nats_server: NATS, stream: str) -> None:
    inbox = Inbox(*[Rejected("poison")] * 2)
    async with (
        broker(JetStreamPubSub, at(nats_server.port, maxDeliver="2", ackWait="50ms")) as events,
        subscribed(events, f"{stream}.a", inbox),
    ):
        await publish(events, f"{stream}.a", b"poison")
        assert await inbox.data(2) == [b"poison", b"poison"]
        await publish(events, f"{stream}.a", b"good")
        assert await inbox.data(1) == [b"good"]


async def test_parallel_handles_at_once(nats_server: NATS, stream: str) -> None:
    silent = Silent()
    async with (
        broker(JetStreamPubSub, at(nats_server.port, concurrencyMode="parallel")) as events,
        subscribed(events, f"{stream}.a", silent),
    ):
        await publish(events, f"{stream}.a", b"1", b"2", b"3")
        assert sorted(await silent.data(3)) == [b"1", b"2", b"3"]


async def test_durable_consumer_is_daprs(nats_server: NATS, streams: JetStreamContext, stream: str) -> None:
    properties = at(
        nats_server.port, durableName="d", queueGroupName="g", ackWait="7s", maxDeliver="9",
        maxAckPending="11", flowControl="false", heartbeat="", backOff="",
    )  # fmt: skip
    async with (
        broker(JetStreamPubSub, properties) as events,
        subscribed(events, f"{stream}.a", Inbox()),
    ):
        found = (await streams.consumer_info(stream, "d")).config

    shown: Mapping[str, Any] = {
        name: getattr(found, name)
        for name in ("durable_name", "deliver_group", "filter_subject", "ack_wait", "max_deliver")
    }
    assert shown == {
        "durable_name": "d", "deliver_group": "g", "filter_subject": f"{stream}.a", "ack_wait": 7,
        "max_deliver": 9,
    }  # fmt: skip
    assert (found.max_ack_pending, found.ack_policy, found.deliver_policy) == (11, "explicit", "all")
    assert found.deliver_subject.startswith("_INBOX.")


async def test_durable_consumer_goes_on_where_it_was(nats_server: NATS, stream: str) -> None:
    properties, topic = at(nats_server.port, durableName="d"), f"{stream}.a"
    inbox, silent, later = Inbox(), Silent(), Inbox()
    async with broker(JetStreamPubSub, properties) as events:
        async with subscribed(events, topic, inbox):
            await publish(events, topic, b"1")
            await inbox.next()
        async with subscribed(events, topic, silent):
            await publish(events, topic, b"2", b"3")
            await silent.next()
    async with broker(JetStreamPubSub, properties) as events, subscribed(events, topic, later):
        found = await later.data(2)

    # The first may come again, as its acknowledgement may have been cut off with its stream.
    assert found in ([b"2", b"3"], [b"1", b"2"])


async def test_new_policy_leaves_out_what_was_there(nats_server: NATS, stream: str) -> None:
    inbox, topic = Inbox(), f"{stream}.a"
    async with broker(JetStreamPubSub, at(nats_server.port, deliverPolicy="new")) as events:
        await publish(events, topic, b"old")
        async with subscribed(events, topic, inbox):
            await publish(events, topic, b"new")
            assert await inbox.data(1) == [b"new"]


@pytest.mark.parametrize(
    "where", [{"deliverPolicy": "sequence", "startSequence": "2"}, {"deliverPolicy": "last"}]
)
async def test_consumer_begins_where_it_is_told(
    nats_server: NATS, stream: str, where: dict[str, str]
) -> None:
    inbox, topic = Inbox(), f"{stream}.a"
    async with broker(JetStreamPubSub, at(nats_server.port, **where)) as events:
        await publish(events, topic, b"1", b"2")
        async with subscribed(events, topic, inbox):
            assert await inbox.data(1) == [b"2"]


async def test_flow_control_is_answered(nats_server: NATS, stream: str) -> None:
    inbox, topic = Inbox(), f"{stream}.a"
    sent = [b"%d" % number + b"." * 5000 for number in range(2000)]
    async with broker(JetStreamPubSub, at(nats_server.port, flowControl="true", heartbeat="1s")) as events:
        await asyncio.gather(*(publish(events, topic, each) for each in sent))
        async with subscribed(events, topic, inbox):
            assert sorted(await inbox.data(len(sent))) == sorted(sent)


async def pinged(events: PubSub) -> None:
    """Ping until that fails."""
    async with asyncio.timeout(10):
        while True:
            await events.ping()
            await asyncio.sleep(0.01)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("durable", ["", "d"])
async def test_server_that_restarts_loses_nothing(own_nats_server: NATS, durable: str) -> None:
    async with own_nats_server.streams() as streams:
        await streams.add_stream(name="s", subjects=["s.>"])
    inbox = Inbox()
    async with (
        broker(JetStreamPubSub, at(own_nats_server.port, durableName=durable)) as events,
        subscribed(events, "s.a", inbox),
    ):
        await publish(events, "s.a", b"1", b"2")
        await inbox.data(2)
        await asyncio.to_thread(own_nats_server.stop)
        with pytest.raises(UnavailableError):
            await pinged(events)
        with pytest.raises(UnavailableError, match="the connection is lost"):
            await publish(events, "s.a", b"lost")
        await asyncio.to_thread(own_nats_server.start)
        async with asyncio.timeout(30):
            while True:
                try:
                    await publish(events, "s.a", b"3")
                except UnavailableError:
                    continue  # each waits by itself
                break

        async with asyncio.timeout(30):
            while (await inbox.next()).data != b"3":
                pass


async def test_wrong_token_is_refused_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    with NATS.running("--auth", "right") as server:
        with pytest.raises(InitError, match="uthorization") as caught:
            async with broker(JetStreamPubSub, at(server.port, token="s3cret-word")):
                raise AssertionError
        async with broker(JetStreamPubSub, at(server.port, token="right")) as events:
            await events.ping()

    assert "s3cret-word" not in str(caught.value) + caplog.text
    assert not isinstance(caught.value, DeniedError)


async def test_login_in_the_url_may_be_escaped() -> None:
    with NATS.running("--user", "sh/op", "--pass", "p:ss@w/rd") as server:
        url = f"nats://sh%2Fop:p%3Ass%40w%2Frd@127.0.0.1:{server.port}"
        async with broker(JetStreamPubSub, {"natsURL": url}) as events:
            await events.ping()


async def test_token_in_the_url_may_be_escaped() -> None:
    with NATS.running("--auth", "t:ken/@") as server:
        url = f"nats://t%3Aken%2F%40@127.0.0.1:{server.port}"
        async with broker(JetStreamPubSub, {"natsURL": url}) as events:
            await events.ping()


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({}, "natsURL is missing"),
        ({"natsURL": "nats://h", "jwt": "s3cret-word"}, "of jwt and seedKey one is missing"),
        ({"natsURL": "nats://h", "tls_client_key": "x"}, "of tls_client_cert and tls_client_key one"),
        ({"natsURL": "nats://h", "deliverPolicy": "some"}, "deliverPolicy"),
        ({"natsURL": "nats://h", "concurrencyMode": "some"}, "concurrencyMode"),
        ({"natsURL": "nats://h", "flowControl": "true"}, "flowControl needs heartbeat"),
    ],
)
async def test_faults_of_the_yaml_are_said(properties: dict[str, str], said: str) -> None:
    with pytest.raises(MetadataError, match=said) as caught:
        async with broker(JetStreamPubSub, properties):
            raise AssertionError

    assert "s3cret-word" not in str(caught.value)
