"""A subscription to a configuration store whose streams end, lie, or say nothing."""

from __future__ import annotations

import asyncio

import pytest
from google.protobuf.message import Message

from pluggable import transport
from pluggable._proto.pluggable.components.v1alpha1 import configuration_pb2 as pb
from pluggable._wire import configuration as wire, names
from pluggable.configuration import GetRequest, Item, SubscribeRequest
from pluggable.errors import ComponentError, DeniedError, UnavailableError
from pluggable.metadata import Metadata
from pluggable.remote import Connection, RemoteConfigurationStore, watching
from pluggable.transport import ServerStream, Stream
from tests.remote.deliveries import Heard
from tests.remote.speaking import Life, Process, Pulled
from tests.remote.test_configuration import subscribed

OLD, NEW, NEWEST = (Item(value=str(number), version=str(number)) for number in (1, 2, 3))
MINE = SubscribeRequest(keys=["k"], metadata={"m": "1"})


class Following(Pulled):
    """A stream on which the far end says one thing, and half-closes."""

    def _left(self, _: asyncio.Task[None]) -> None: ...


class Store(Life):
    """A component with one setting, and streams that do as the test says."""

    def __init__(self) -> None:
        super().__init__()
        self.services = (names.CONFIGURATION_STORE,)
        self.features = ()
        self.item = OLD
        self.get_error: ComponentError | None = None
        self.asked: list[GetRequest] = []
        self.on(names.CONFIGURATION_STORE, "Get", self._get)

    def handlers(self) -> dict[str, transport.Handler]:
        path = names.path(names.CONFIGURATION_STORE, "Subscribe")
        return {**super().handlers(), path: Stream(self._subscribe)}

    async def next(self) -> Following:
        """Wait for the next stream, and read what it is for."""
        async with asyncio.timeout(10):
            found = await self.streams.get()
            request = pb.SubscribeConfigurationRequest.FromString(await found.answers.get())
        assert wire.subscribe_request(request) == SubscribeRequest(keys=("k",), metadata={"m": "1"})
        assert isinstance(found, Following)
        return found

    def _get(self, data: bytes) -> Message:
        self.asked.append(wire.get_request(pb.GetConfigurationRequest.FromString(data)))
        if self.get_error is not None:
            raise self.get_error
        return wire.get_response_pb({"k": self.item})

    async def _subscribe(self, stream: ServerStream) -> None:
        self._check(self._called(stream))
        if self.sends_headers:
            await stream.send_headers()
        following = Following(stream)
        self.streams.put_nowait(following)
        await following.run()


@pytest.fixture
async def life(process: Process) -> Store:
    store = Store()
    await process.live(store)
    return store


@pytest.fixture
async def store(life: Store, connection: Connection) -> RemoteConfigurationStore:  # noqa: ARG001  it has to live first
    store = RemoteConfigurationStore(connection)
    await store.init(Metadata())
    return store


@pytest.fixture
def heard() -> Heard:
    return Heard()


async def test_items_are_asked_for_as_it_subscribed(
    store: RemoteConfigurationStore, life: Store, heard: Heard
) -> None:
    async with subscribed(store, heard, MINE):
        await life.next()

    assert life.asked == [GetRequest(keys=("k",), metadata={"m": "1"})]


@pytest.mark.parametrize("error", [None, UnavailableError("the backend is gone")])
async def test_ended_stream_is_opened_again(
    store: RemoteConfigurationStore, life: Store, heard: Heard, error: UnavailableError | None
) -> None:
    async with subscribed(store, heard, MINE):
        (await life.next()).end.set_result(error)
        second = await life.next()
        await second.send(wire.subscribe_response_pb({"k": NEW}))

        assert await heard.next() == {"k": NEW}
    assert life.calls.count("Init") == 1


async def test_change_told_by_both_ways_is_told_once(
    store: RemoteConfigurationStore, life: Store, heard: Heard
) -> None:
    async with subscribed(store, heard, MINE):
        life.item = NEW
        (await life.next()).end.set_result(None)
        second = await life.next()
        for item in (NEW, NEWEST, NEW):
            await second.send(wire.subscribe_response_pb({"k": item}))

        assert [await heard.next() for _ in range(3)] == [{"k": NEW}, {"k": NEWEST}, {"k": NEW}]


async def test_last_word_of_the_stream_counts(
    store: RemoteConfigurationStore, life: Store, heard: Heard
) -> None:
    async with subscribed(store, heard, MINE):
        life.item = NEWEST
        (await life.next()).end.set_result(None)
        second = await life.next()
        for item in (NEW, NEWEST):  # as it happened before the items were asked for
            await second.send(wire.subscribe_response_pb({"k": item}))

        assert [await heard.next() for _ in range(3)] == [{"k": NEWEST}, {"k": NEW}, {"k": NEWEST}]


async def test_silent_component_is_taken_to_stand(
    store: RemoteConfigurationStore,
    life: Store,
    heard: Heard,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(watching, "STAND_SECONDS", 0.05)
    life.sends_headers = False
    async with subscribed(store, heard, MINE):
        await (await life.next()).send(wire.subscribe_response_pb({"k": NEW}))

        assert await heard.next() == {"k": NEW}
    assert "does not say that the subscription stands" in caplog.text


async def test_store_that_cannot_be_read_is_followed(
    store: RemoteConfigurationStore, life: Store, heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    life.get_error = DeniedError("only subscriptions")
    async with subscribed(store, heard, MINE):
        await (await life.next()).send(wire.subscribe_response_pb({"k": NEW}))

        assert await heard.next() == {"k": NEW}
    assert "cannot be known: only subscriptions" in caplog.text


async def test_store_that_cannot_be_read_now_is_asked_again(
    store: RemoteConfigurationStore, life: Store, heard: Heard
) -> None:
    async with subscribed(store, heard, MINE):
        life.get_error, life.item = UnavailableError("not now"), NEW
        (await life.next()).end.set_result(None)
        await life.next()
        life.get_error = None

        assert await heard.next() == {"k": NEW}


async def test_failing_listener_hears_the_next_change(
    store: RemoteConfigurationStore, life: Store, heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    heard.failures = [RuntimeError("a fault of ours")]
    async with subscribed(store, heard, MINE):
        stream = await life.next()
        for item in (NEW, NEWEST):
            await stream.send(wire.subscribe_response_pb({"k": item}))

        assert [await heard.next(), await heard.next()] == [{"k": NEW}, {"k": NEWEST}]
    assert "a change could not be told" in caplog.text


async def test_noise_opens_another_stream(store: RemoteConfigurationStore, life: Store, heard: Heard) -> None:
    async with subscribed(store, heard, MINE):
        await (await life.next()).stream.send(b"\xff")
        await (await life.next()).send(wire.subscribe_response_pb({"k": NEW}))

        assert await heard.next() == {"k": NEW}


async def test_stream_refused_as_not_initialised(
    store: RemoteConfigurationStore, life: Store, heard: Heard
) -> None:
    life.initialised.clear()

    async with subscribed(store, heard, MINE):
        await life.next()

    assert [call for call in life.calls if call != "Get"] == ["Init", "Features", "Subscribe"] * 2


async def test_cancelled_subscription_ends_its_stream(
    store: RemoteConfigurationStore, life: Store, heard: Heard
) -> None:
    async with subscribed(store, heard, MINE) as task:
        stream = await life.next()

    async with asyncio.timeout(10):
        await stream.gone.wait()
    assert task.cancelled()
