"""What probes are told of components: each instance, one that is replaced, and a server that leaves."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar

import pytest

from pluggable import Metadata, StateStore, UnavailableError, state, transport
from pluggable._proto.grpc.health.v1 import health_pb2 as pb
from pluggable._wire import names
from pluggable.serving.endpoint import Endpoint
from pluggable.serving.health import Round
from pluggable.serving.instances import Key
from pluggable.serving.services import Services
from tests.serving.calling import Caller
from tests.serving.conftest import Opener

SERVING, NOT_SERVING = pb.HealthCheckResponse.SERVING, pb.HealthCheckResponse.NOT_SERVING


class Store(StateStore):
    """A store that can be hung and that may be ill."""

    exclusive = True
    waiting: ClassVar[asyncio.Event]
    go: ClassVar[asyncio.Event]
    pings: ClassVar[int] = 0

    async def init(self, metadata: Metadata) -> None:
        self.ill = metadata.get("ill")
        if metadata.get("waits"):
            self.waiting.set()
            await self.go.wait()

    async def ping(self) -> None:
        Store.pings += 1
        if self.ill == "hung":
            await asyncio.Event().wait()
        if self.ill:
            raise UnavailableError(self.ill)

    async def get(self, _: state.GetRequest) -> state.GetResponse | None:
        return None

    async def set(self, request: state.SetRequest) -> None: ...

    async def delete(self, request: state.DeleteRequest) -> None: ...


async def health(caller: Caller, service: str = "") -> pb.HealthCheckResponse.ServingStatus.ValueType:
    request = pb.HealthCheckRequest(service=service)
    return (await caller.call(names.HEALTH, "Check", request, pb.HealthCheckResponse)).status


async def test_nobody_initialised_can_work(opened: Opener) -> None:
    caller = await opened(Store)

    assert [await health(caller), await health(caller, names.STATE_STORE)] == [SERVING, SERVING]


async def test_one_ill_instance_of_several_counts(opened: Opener, caplog: pytest.LogCaptureFixture) -> None:
    caller = await opened(Store)
    await caller.init()
    before = await health(caller)
    await caller.other(instance="prices").init(ill="the disk is full")

    assert before == SERVING
    assert await health(caller, names.STATE_STORE) == NOT_SERVING
    assert 'state.mine "prices" cannot work: the disk is full' in caplog.text


async def test_hung_ping_says_so(
    opened: Opener, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("pluggable.serving.health.PING_SECONDS", 0.01)
    caller = await opened(Store)
    await caller.init(ill="hung")

    assert await health(caller) == NOT_SERVING
    assert 'state.mine "orders" cannot work: its ping was not answered within 0.01 s' in caplog.text


async def test_those_who_ask_meanwhile_share_a_round() -> None:
    services = Services("mine", Store)
    for number in range(120):
        key = Key("client", "state", f"orders-{number}")
        await services.instances[names.STATE_STORE].init(key, Metadata({}))
    asking, Store.pings = Round(services, names.STATE_STORE), 0
    told = await asyncio.gather(*(asking.status() for _ in range(50)))

    assert told == [SERVING] * 50
    assert Store.pings == 2 * 120  # the first who asked, and all who came while that was under way


async def test_only_owner_being_replaced_cannot_work(opened: Opener) -> None:
    Store.waiting, Store.go = asyncio.Event(), asyncio.Event()
    caller = await opened(Store)
    await caller.init()
    again = asyncio.create_task(caller.init(waits="yes"))
    await asyncio.wait_for(Store.waiting.wait(), 5)
    meanwhile = await health(caller)
    Store.go.set()
    await again

    assert [meanwhile, await health(caller)] == [NOT_SERVING, SERVING]


async def test_leaving_server_tells_who_watches(socket_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pluggable.serving.health.WATCH_SECONDS", 60.0)
    path = socket_folder / "mine.sock"
    watch = names.path(names.HEALTH, "Watch")
    async with (
        asyncio.timeout(10),
        Endpoint("mine", Store, path) as endpoint,
        transport.channel(f"unix:{path}") as channel,
        channel.stream(watch) as watching,
    ):
        await watching.send(pb.HealthCheckRequest().SerializeToString())
        told = [await watching.receive()]
        draining = asyncio.create_task(endpoint.drain(10))
        told.append(await watching.receive())
        statuses = [pb.HealthCheckResponse.FromString(each or b"").status for each in told]

        assert statuses == [SERVING, NOT_SERVING]
        assert await health(Caller(channel)) == NOT_SERVING
        draining.cancel()
        await asyncio.gather(draining, return_exceptions=True)
