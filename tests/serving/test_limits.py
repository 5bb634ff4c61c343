"""How much fits: many sockets, many instances, large values."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from pluggable import transport
from pluggable._proto.dapr.proto.components.v1 import state_pb2 as pb
from pluggable._wire import names
from pluggable.errors import LimitExceededError
from pluggable.metadata import Metadata
from pluggable.remote import Connection, RemoteStateStore, list_services
from pluggable.serving import ComponentServer, instances
from pluggable.state import DeleteRequest, GetRequest, GetResponse, SetRequest, StateStore
from pluggable.transport import DAPRD_RECEIVE_BYTES, Code, StatusError
from tests.serving.calling import Caller
from tests.serving.conftest import Opener

SOCKETS = 200
INSTANCES = 50
#: Tag and length of the one field of 4 MiB in an answer: 1 byte and 4.
FRAMING_BYTES = 5


class Store(StateStore):
    """Keeps values in the object, so that two instances share none."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def get(self, request: GetRequest) -> GetResponse | None:
        found = self.kept.get(request.key)
        return None if found is None else GetResponse(data=found)

    async def set(self, request: SetRequest) -> None:
        self.kept[request.key] = request.value

    async def delete(self, request: DeleteRequest) -> None:
        self.kept.pop(request.key, None)


async def test_a_folder_has_200_sockets(socket_folder: Path) -> None:
    components = {f"store-{number}": Store for number in range(SOCKETS)}

    async with ComponentServer(components, folder=socket_folder) as server:
        served = [await list_services(f"unix:{path}", 10) for path in server.sockets.values()]

    assert len(served) == SOCKETS
    assert all(names.STATE_STORE in services for services in served)


async def test_names_that_ask_for_an_instance_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instances, "INSTANCES", 2)
    mine: instances.Instances[Store] = instances.Instances("state.mine", Store, exclusive=False)
    for name in ("a", "b", "a"):
        await mine.init(instances.Key("", "state", name), Metadata())

    with pytest.raises(LimitExceededError, match=r'^state.mine "c": 2 names have asked this process'):
        await mine.init(instances.Key("", "state", "c"), Metadata())
    await mine.close()


async def test_a_socket_has_50_instances(socket_folder: Path) -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(ComponentServer({"mine": Store}, folder=socket_folder))
        address = f"unix:{server.sockets['mine']}"
        stores = []
        for number in range(INSTANCES):
            connection = Connection(address, instance=f"store-{number}", client="app", init_timeout=30)
            store = RemoteStateStore(await stack.enter_async_context(connection))
            await store.init(Metadata({}, connection.instance))
            stores.append(store)

        await asyncio.gather(
            *(store.set(SetRequest(key="k", value=b"%d" % n)) for n, store in enumerate(stores))
        )
        answers = await asyncio.gather(*(store.get(GetRequest(key="k")) for store in stores))

    assert answers == [GetResponse(data=b"%d" % number) for number in range(INSTANCES)]


async def test_value_of_4_mib_minus_framing_passes(opened: Opener) -> None:
    value = bytes(DAPRD_RECEIVE_BYTES - FRAMING_BYTES)
    async with as_daprd(await opened(Store)) as daprd:
        await put(daprd, value)

        assert await daprd.get("k") == value


async def test_larger_value_names_both_sizes(opened: Opener) -> None:
    value = bytes(DAPRD_RECEIVE_BYTES - FRAMING_BYTES + 1)
    sizes = f"has {DAPRD_RECEIVE_BYTES + 1} bytes, .* {DAPRD_RECEIVE_BYTES};"
    async with as_daprd(await opened(Store)) as daprd:
        await put(daprd, value)

        with pytest.raises(StatusError, match=sizes) as told:
            await daprd.get("k")
    assert told.value.code is Code.RESOURCE_EXHAUSTED


async def test_our_sidecar_gets_larger_values(opened: Opener) -> None:
    ours = (await opened(Store)).other(client="app")
    await ours.init()
    value = bytes(2 * DAPRD_RECEIVE_BYTES)

    await put(ours, value)

    assert await ours.get("k") == value


@asynccontextmanager
async def as_daprd(caller: Caller) -> AsyncIterator[Caller]:
    """Call without our header, over a channel that receives what daprd receives."""
    limits = transport.Limits(receive_bytes=DAPRD_RECEIVE_BYTES)
    async with transport.channel(caller.channel.address, limits=limits) as channel:
        daprd = Caller(channel)
        await daprd.init()
        yield daprd


async def put(caller: Caller, value: bytes) -> None:
    await caller.call(names.STATE_STORE, "Set", pb.SetRequest(key="k", value=value), pb.SetResponse)
