"""Sidecars that find each other by multicast on this host, each with a name that nobody else has."""

from __future__ import annotations

import asyncio
import socket
import uuid
from collections.abc import AsyncIterator

import pytest

from pluggable.runtime.invocation import Names, UnknownAppError
from pluggable.runtime.invocation.mdns import Announced, MulticastResolver, resolver as asking
from pluggable.runtime.invocation.mdns.group import GROUP, PORT
from pluggable.runtime.invocation.mdns.messages import read
from pluggable.runtime.invocation.mdns.services import found, question


@pytest.fixture
async def resolver() -> AsyncIterator[MulticastResolver]:
    async with MulticastResolver() as opened:
        if opened._group is None:
            pytest.skip("this network has no multicast")
        yield opened


def announced(app_id: str, port: int) -> Announced:
    return Announced(app_id=app_id, host=f"vm-{uuid.uuid4().hex[:8]}", address="127.0.0.1", port=port)


async def test_sidecars_find_each_other(resolver: MulticastResolver) -> None:
    app_id = uuid.uuid4().hex
    async with MulticastResolver() as other:
        other.announce(announced(app_id, 7))

        assert list(await resolver.resolve(app_id, "default")) == ["127.0.0.1:7"]


async def test_sidecar_that_comes_later_is_found(resolver: MulticastResolver) -> None:
    app_id = uuid.uuid4().hex
    looking = asyncio.create_task(resolver.resolve(app_id, "default"))
    await asyncio.sleep(0.05)
    async with MulticastResolver() as other:
        other.announce(announced(app_id, 7))

        assert list(await looking) == ["127.0.0.1:7"]


async def test_all_of_one_application_have_their_turn(resolver: MulticastResolver) -> None:
    app_id = uuid.uuid4().hex
    async with MulticastResolver() as one, MulticastResolver() as two:
        await resolver_asks(resolver, app_id)
        one.announce(announced(app_id, 7))
        two.announce(announced(app_id, 8))
        async with asyncio.timeout(5):
            while len(await resolver.resolve(app_id, "default")) < 2:
                continue
        names = Names(resolver)

        assert {await names.address(app_id, "default") for _ in range(4)} == {"127.0.0.1:7", "127.0.0.1:8"}


async def resolver_asks(resolver: MulticastResolver, app_id: str) -> None:
    """Have the resolver listen for an application."""
    asked = asyncio.create_task(resolver.resolve(app_id, "default"))
    await asyncio.sleep(0)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)


async def test_unknown_application_is_an_error_in_time(
    resolver: MulticastResolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "ANSWER_SECONDS", 0.1)

    with pytest.raises(UnknownAppError, match="couldn't find service: nobody-"):
        async with asyncio.timeout(5):
            await resolver.resolve(f"nobody-{uuid.uuid4().hex}", "default")


async def test_sidecar_that_leaves_says_goodbye(
    resolver: MulticastResolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "ANSWER_SECONDS", 0.2)
    app_id = uuid.uuid4().hex
    async with MulticastResolver() as other:
        other.announce(announced(app_id, 7))
        await resolver.resolve(app_id, "default")
    await asyncio.sleep(0.1)

    with pytest.raises(UnknownAppError):
        await resolver.resolve(app_id, "default")


async def test_who_asks_from_another_port_is_answered_there(resolver: MulticastResolver) -> None:
    app_id = uuid.uuid4().hex
    resolver.announce(announced(app_id, 7))
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as legacy:
        legacy.setblocking(False)
        legacy.sendto(question(app_id), (GROUP, PORT))
        async with asyncio.timeout(5):
            data = await loop.sock_recv(legacy, 9000)

    assert dict(found(read(data), app_id)) == {"127.0.0.1:7": True}


async def test_what_is_no_message_is_passed_over(resolver: MulticastResolver) -> None:
    app_id = uuid.uuid4().hex
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as loose:
        for data in (b"", b"\xff" * 40, b"\0" * 9000):
            loose.sendto(data, (GROUP, PORT))
    async with MulticastResolver() as other:
        other.announce(announced(app_id, 7))

        assert await resolver.resolve(app_id, "default")


async def test_network_without_multicast_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(socket, "if_nameindex", list)
    async with MulticastResolver() as opened:
        opened.announce(announced("app", 7))

        with pytest.raises(UnknownAppError, match="no network interface takes multicast"):
            await opened.resolve("other", "default")
    assert "other applications cannot be found" in caplog.text
