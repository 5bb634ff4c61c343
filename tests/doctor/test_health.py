"""The health of what is behind a socket, from servers that have the protocol and servers that have not."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pluggable import Metadata
from pluggable._wire import names
from pluggable.doctor.health import health_of
from pluggable.errors import UnavailableError
from pluggable.remote import Connection, RemoteStateStore
from pluggable.testing import served
from pluggable.transport import Handler, ServerCall, Unary
from pluggable_servers.memory.state import InMemoryStateStore
from tests.doctor.situations import STATE, bound, reflecting

CHECK = names.path(names.HEALTH, "Check")
STORE = names.STATE_STORE


class Ailing(InMemoryStateStore):
    """Has lost its backend."""

    async def ping(self) -> None:
        raise UnavailableError("the backend is gone")


@pytest.mark.parametrize("service", ["", STORE])
async def test_component_that_can_work_is_serving(service: str) -> None:
    async with served(InMemoryStateStore) as address:
        health = await health_of(address, 5, service=service)

    assert (health.works, health.text) == (True, "says SERVING")


async def test_component_without_its_backend_is_not_serving() -> None:
    async with (
        served(Ailing) as address,
        Connection(address, instance="orders", client="") as connection,
    ):
        before = await health_of(address, 5)
        await RemoteStateStore(connection).init(Metadata({}, "orders"))
        after = await health_of(address, 5)

    assert before.works
    assert (after.works, after.text) == (False, "says NOT_SERVING")


async def test_unknown_service_is_named() -> None:
    async with served(InMemoryStateStore) as address:
        health = await health_of(address, 5, service=names.PUBSUB)

    assert (health.works, health.text) == (False, f'has no service "{names.PUBSUB}"')


@pytest.mark.parametrize(
    ("services", "works"), [(STATE, True), ((names.TRANSACTIONAL_STATE_STORE,), False)], ids=["some", "none"]
)
async def test_without_the_protocol_a_component_must_be_found(
    services: tuple[str, ...], works: bool, socket_folder: Path
) -> None:
    async with reflecting(socket_folder / "x", names.REFLECTION_V1ALPHA, services=services) as path:
        health = await health_of(f"unix:{path}", 5)

    assert health.works is works
    assert health.text.startswith(f"has no {names.HEALTH}, and serves ")


async def test_without_protocol_and_reflection_nothing_works(socket_folder: Path) -> None:
    async with reflecting(socket_folder / "x") as path:
        health = await health_of(f"unix:{path}", 5)

    assert not health.works
    assert "does not say what it serves" in health.text


async def test_silence_is_given_up(socket_folder: Path) -> None:
    async with bound(socket_folder / "x", listening=True) as path:
        began = time.monotonic()
        health = await health_of(f"unix:{path}", 0.2)

    assert (health.works, health.text) == (False, "gave no answer within 0.2 s")
    assert time.monotonic() - began < 2


async def test_stale_socket_does_not_answer(socket_folder: Path) -> None:
    async with bound(socket_folder / "x", listening=False) as path:
        health = await health_of(f"unix:{path}", 5)

    assert not health.works
    assert health.text.startswith("does not answer: ")


async def test_babble_is_no_health(socket_folder: Path) -> None:
    async def babble(_: bytes, __: ServerCall) -> bytes:
        return b"\x0a\xff\x01"

    handlers: dict[str, Handler] = {CHECK: Unary(babble)}
    async with reflecting(socket_folder / "x", handlers=handlers) as path:
        health = await health_of(f"unix:{path}", 5)

    assert (health.works, health.text) == (False, "gave an answer that is not of the health protocol")


async def test_status_of_a_later_protocol_is_no_health(socket_folder: Path) -> None:
    async def ninth(_: bytes, __: ServerCall) -> bytes:
        return b"\x08\x09"

    handlers: dict[str, Handler] = {CHECK: Unary(ninth)}
    async with reflecting(socket_folder / "x", handlers=handlers) as path:
        health = await health_of(f"unix:{path}", 5)

    assert (health.works, health.text) == (False, "says status 9")
