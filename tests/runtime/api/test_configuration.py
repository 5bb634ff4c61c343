"""Configuration over both APIs: settings, and those who hear of their changes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from pluggable import transport
from pluggable._proto.dapr.proto.runtime.v1 import configuration_pb2 as pb
from pluggable._proto.google.rpc import error_details_pb2, status_pb2
from pluggable.configuration import ConfigurationStore, GetRequest, Item, Notify, SubscribeRequest
from pluggable.errors import DeniedError
from pluggable.runtime.appchannel import app_channel
from pluggable.runtime.blocks import configuration as block, listening
from pluggable.runtime.config import RuntimeConfig
from pluggable.transport import Channel, ClientStream, Code, StatusError
from tests.runtime.api.conftest import Sidecar, Sidecars
from tests.runtime.appchannel.servers import application
from tests.runtime.blocks.inmemory import Components, loaded
from tests.stores import Board, Settings

PREFIX = "/dapr.proto.runtime.v1.Dapr/"


class Sealed(ConfigurationStore):
    """A store that lets nobody read."""

    async def get(self, request: GetRequest) -> dict[str, Item]:  # noqa: ARG002  it says no to all
        raise DeniedError("wrong password")

    async def subscribe(self, request: SubscribeRequest, notify: Notify) -> None:  # noqa: ARG002  it says no to all
        raise DeniedError("wrong password")


class Silent(Settings):
    """A store that never says that a subscription stands."""

    async def subscribe(self, request: SubscribeRequest, notify: Notify) -> None:  # noqa: ARG002  it says no to all
        await asyncio.Event().wait()


@pytest.fixture
def board() -> Board:
    board = Board()
    board.items = {"a": Item(value="1", version="v1"), "b": Item(value="<x>", metadata={"k": "v"})}
    return board


@pytest.fixture
def components(board: Board) -> Components:
    components = Components()
    stores = components.catalog.configuration
    stores["settings"] = loaded("settings", "configuration.memory", Settings(board))
    stores["sealed"] = loaded("sealed", "configuration.sealed", Sealed())
    return components


@pytest.fixture
async def sidecar(sidecars: Sidecars, components: Components) -> Sidecar:
    return await sidecars.open(components)


@pytest.fixture
async def channel(sidecar: Sidecar) -> AsyncIterator[Channel]:
    async with transport.channel(f"127.0.0.1:{sidecar.grpc_port}") as channel:
        yield channel


class Listener:
    """A subscription on a gRPC stream."""

    def __init__(self, stream: ClientStream) -> None:
        self.stream = stream
        self.id = ""

    async def next(self) -> pb.SubscribeConfigurationResponse | None:
        """Return what is told next; ``None`` at the end."""
        async with asyncio.timeout(10):
            data = await self.stream.receive()
        return None if data is None else pb.SubscribeConfigurationResponse.FromString(data)

    async def values(self) -> dict[str, str]:
        """Return the values that are told next."""
        told = await self.next()
        assert told is not None
        assert told.id == self.id
        return {key: item.value for key, item in told.items.items()}


@asynccontextmanager
async def listening_to(
    channel: Channel, *keys: str, store: str = "settings", stage: str = ""
) -> AsyncIterator[Listener]:
    """Subscribe, and wait until that stands."""
    request = pb.SubscribeConfigurationRequest(store_name=store, keys=keys)
    async with channel.stream(f"{PREFIX}SubscribeConfiguration{stage}") as stream:
        await stream.send(request.SerializeToString())
        await stream.half_close()
        listener = Listener(stream)
        first = await listener.next()
        assert first is not None
        assert not first.items
        listener.id = first.id
        yield listener


async def unsubscribed(channel: Channel, id: str) -> pb.UnsubscribeConfigurationResponse:
    request = pb.UnsubscribeConfigurationRequest(id=id).SerializeToString()
    answer = await channel.unary(PREFIX + "UnsubscribeConfiguration", request, timeout=5)
    return pb.UnsubscribeConfigurationResponse.FromString(answer)


async def get(sidecar: Sidecar, path: str) -> tuple[int, Any]:
    answer = await sidecar.call("GET", path)
    return answer.status, json.loads(answer.body) if answer.body else None


# --- get


@pytest.mark.parametrize("version", ["v1.0", "v1.0-alpha1"])
async def test_settings_are_answered_by_key(sidecar: Sidecar, version: str) -> None:
    answer = await sidecar.call("GET", f"/{version}/configuration/settings?key=b&key=no&key=a")

    assert answer.status == 200
    assert answer.body == (
        b'{"a":{"value":"1","version":"v1"},"b":{"value":"\\u003cx\\u003e","metadata":{"k":"v"}}}'
    )


async def test_no_keys_are_all(sidecar: Sidecar) -> None:
    status, found = await get(sidecar, "/v1.0/configuration/settings")

    assert (status, sorted(found)) == (200, ["a", "b"])


async def test_nothing_found_is_no_content(sidecar: Sidecar) -> None:
    assert await get(sidecar, "/v1.0/configuration/settings?key=no") == (204, None)


@pytest.mark.parametrize("stage", ["", "Alpha1"])
async def test_settings_are_answered_in_grpc(channel: Channel, stage: str) -> None:
    request = pb.GetConfigurationRequest(store_name="settings", keys=["a", "no"]).SerializeToString()
    answer = await channel.unary(f"{PREFIX}GetConfiguration{stage}", request, timeout=5)

    [(key, item)] = pb.GetConfigurationResponse.FromString(answer).items.items()
    assert (key, item.value, item.version) == ("a", "1", "v1")


# --- subscribing over gRPC


@pytest.mark.parametrize("stage", ["", "Alpha1"])
async def test_changes_are_told_on_the_stream(channel: Channel, board: Board, stage: str) -> None:
    async with listening_to(channel, "a", stage=stage) as listener:
        board.put("b", "2")
        board.put("a", "2")

        assert await listener.values() == {"a": "2"}


async def test_setting_that_is_gone_has_no_value(channel: Channel, board: Board) -> None:
    async with listening_to(channel) as listener:
        board.remove("a")

        assert await listener.values() == {"a": ""}


async def test_unsubscribing_ends_the_stream(channel: Channel) -> None:
    async with listening_to(channel) as listener:
        assert await unsubscribed(channel, listener.id) == pb.UnsubscribeConfigurationResponse(ok=True)

        assert await listener.next() is None
        again = await unsubscribed(channel, listener.id)
        assert not again.ok
        assert again.message == (
            f"failed to unsubscribe to configuration request {listener.id}: subscription does not exist"
        )


async def test_subscriber_that_leaves_is_forgotten(channel: Channel, board: Board) -> None:
    async with listening_to(channel):
        assert len(board.readers) == 1

    async with asyncio.timeout(5):
        await board.left.wait()
    assert not board.readers


async def test_end_of_the_sidecar_ends_streams_well(sidecar: Sidecar, channel: Channel) -> None:
    async with listening_to(channel) as listener:
        await sidecar.blocks.configuration.close()

        assert await listener.next() is None


async def test_store_that_is_loaded_anew_is_heard(
    channel: Channel, components: Components, board: Board
) -> None:
    async with listening_to(channel, "a") as listener:
        other = Board()
        other.put("a", "9")
        stores = components.catalog.configuration
        del stores["settings"]
        components.catalog.notify()
        stores["settings"] = loaded("settings", "configuration.memory", Settings(other))
        components.catalog.notify()

        assert await listener.values() == {"a": "9"}
        other.put("a", "10")
        assert await listener.values() == {"a": "10"}
    assert not board.readers


async def test_store_that_is_gone_ends_the_stream(
    channel: Channel, components: Components, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "GONE_SECONDS", 0.05)
    async with listening_to(channel) as listener:
        del components.catalog.configuration["settings"]
        components.catalog.notify()

        with pytest.raises(StatusError, match="configuration store settings not found"):
            await listener.next()


async def test_silent_store_is_not_waited_for(
    channel: Channel, components: Components, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "STAND_SECONDS", 0.05)
    components.catalog.configuration["silent"] = loaded("silent", "configuration.silent", Silent())

    with pytest.raises(StatusError, match=r"did not confirm it within 0.05 s") as caught:
        async with listening_to(channel, "a", store="silent"):
            pass
    assert caught.value.code is Code.INVALID_ARGUMENT


# --- subscribing over HTTP


class App:
    """An application that keeps what it is called with."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.calls: asyncio.Queue[tuple[str, str, Any]] = asyncio.Queue()

    async def handle(self, request: web.Request) -> web.Response:
        self.calls.put_nowait((request.method, request.raw_path, await request.json()))
        return web.Response(status=self.status)

    async def next(self) -> tuple[str, str, Any]:
        async with asyncio.timeout(10):
            return await self.calls.get()


@pytest.fixture
async def app() -> App:
    return App()


@pytest.fixture
async def called(sidecars: Sidecars, components: Components, app: App) -> AsyncIterator[Sidecar]:
    """A sidecar with an application."""
    async with application(app.handle) as port:
        config = RuntimeConfig(app_id="app", app_port=port)
        async with app_channel(config) as channel:
            yield await sidecars.open(components, config=config, channel=channel)


async def test_application_is_called_with_each_change(called: Sidecar, app: App, board: Board) -> None:
    status, told = await get(called, "/v1.0/configuration/settings/subscribe?key=a&key=b")
    assert status == 200
    board.tell({"a": Item(value="2", version="3"), "b": None})

    first = {"id": told["id"], "items": {"a": {"value": "2", "version": "3"}}}
    assert await app.next() == ("POST", "/configuration/settings/a", first)
    second = {"id": told["id"], "items": {"b": {}}}
    assert await app.next() == ("POST", "/configuration/settings/b", second)


async def test_application_that_fails_hears_of_the_next(called: Sidecar, app: App, board: Board) -> None:
    await get(called, "/v1.0/configuration/settings/subscribe")
    app.status = 500
    board.put("a", "2")
    await app.next()
    app.status = 200
    board.put("a", "3")

    assert (await app.next())[2]["items"]["a"]["value"] == "3"


async def test_application_unsubscribes(called: Sidecar, board: Board) -> None:
    _, told = await get(called, "/v1.0-alpha1/configuration/settings/subscribe?key=a")
    path = f"/v1.0-alpha1/configuration/settings/{told['id']}/unsubscribe"

    assert await get(called, path) == (200, {"ok": True})
    assert not board.readers
    message = f"failed to unsubscribe to configuration request {told['id']}: "
    assert await get(called, path) == (
        500,
        {"message": f"{message}subscription with id {told['id']} does not exist"},
    )


async def test_without_an_application_nobody_can_be_called(sidecar: Sidecar) -> None:
    assert await get(sidecar, "/v1.0/configuration/settings/subscribe?key=a") == (
        500,
        {
            "errorCode": "ERR_APP_CHANNEL_NIL",
            "message": "app channel is not initialized. cannot subscribe to configuration updates",
        },
    )


async def test_subscriptions_are_bounded(
    called: Sidecar, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(block, "MOST_SUBSCRIPTIONS", 1)
    await get(called, "/v1.0/configuration/settings/subscribe?key=a")
    status, told = await get(called, "/v1.0/configuration/settings/subscribe?key=a")

    assert (status, told["errorCode"]) == (500, "ERR_CONFIGURATION_SUBSCRIBE")
    assert "1 subscriptions are open already" in told["message"]
    assert len(board.readers) == 1


# --- errors


def info(status: StatusError) -> error_details_pb2.ErrorInfo:
    [packed] = status_pb2.Status.FromString(status.details).details
    return error_details_pb2.ErrorInfo.FromString(packed.value)


@pytest.mark.parametrize(
    ("store", "path", "status", "word", "message", "grpc"),
    [
        ("x", "", 400, "STORE_NOT_FOUND", "configuration store x not found", Code.INVALID_ARGUMENT),
        (
            "sealed",
            "?key=a&key=b",
            500,
            "GET",
            "failed to get [a b] from Configuration store sealed: wrong password",
            Code.INTERNAL,
        ),
    ],
)
async def test_both_protocols_tell_why_a_get_fails(
    sidecar: Sidecar,
    channel: Channel,
    store: str,
    path: str,
    status: int,
    word: str,
    message: str,
    grpc: Code,
) -> None:
    code = f"ERR_CONFIGURATION_{word}"
    answer = await get(sidecar, f"/v1.0/configuration/{store}{path}")
    assert answer == (status, {"errorCode": code, "message": message})

    request = pb.GetConfigurationRequest(store_name=store, keys=["a", "b"]).SerializeToString()
    with pytest.raises(StatusError) as caught:
        await channel.unary(PREFIX + "GetConfiguration", request, timeout=5)
    told = info(caught.value)
    assert (caught.value.code, caught.value.message) == (grpc, message)
    assert (told.reason, told.domain) == (code, "dapr.io")


async def test_both_protocols_tell_why_a_subscription_fails(called: Sidecar) -> None:
    message = "failed to subscribe [a] from Configuration store sealed: wrong password"
    assert await get(called, "/v1.0/configuration/sealed/subscribe?key=a") == (
        500,
        {"errorCode": "ERR_CONFIGURATION_SUBSCRIBE", "message": message},
    )
    async with transport.channel(f"127.0.0.1:{called.grpc_port}") as channel:
        with pytest.raises(StatusError) as caught:
            async with listening_to(channel, "a", store="sealed"):
                pass
    assert (caught.value.code, caught.value.message) == (Code.INVALID_ARGUMENT, message)
    assert info(caught.value).reason == "ERR_CONFIGURATION_SUBSCRIBE"


async def test_no_store_at_all_is_told_apart(
    sidecar: Sidecar, channel: Channel, components: Components
) -> None:
    components.catalog.configuration.clear()
    message = "configuration stores not configured"

    assert await get(sidecar, "/v1.0/configuration/x/y/unsubscribe") == (
        500,
        {"errorCode": "ERR_CONFIGURATION_STORE_NOT_CONFIGURED", "message": message},
    )
    with pytest.raises(StatusError) as caught:
        async with listening_to(channel, store="x"):
            pass
    assert (caught.value.code, caught.value.message) == (Code.FAILED_PRECONDITION, message)
    assert info(caught.value).reason == "ERR_CONFIGURATION_STORE_NOT_CONFIGURED"


async def test_stream_without_a_request_is_refused(channel: Channel) -> None:
    async with channel.stream(PREFIX + "SubscribeConfiguration") as stream:
        await stream.half_close()
        with pytest.raises(StatusError, match="SubscribeConfigurationRequest"):
            await stream.receive()
