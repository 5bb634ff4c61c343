"""Sidecar processes that find and call each other with nothing configured, a real daprd among them."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from tests.e2e.daprds import daprd, needs_daprd
from tests.e2e.sidecars import Sidecar, sidecar
from tests.runtime.appchannel.servers import application

EVENTS = 5


async def told(request: web.Request) -> web.StreamResponse:
    """Answer with what is asked, or with events."""
    if request.path == "/dapr/subscribe":
        return web.json_response([])
    if request.path == "/dapr/config":
        return web.json_response({})
    if request.path != "/events":
        body = (await request.read()).decode()
        headers = {name.lower(): value for name, value in request.headers.items()}
        return web.json_response([request.method, request.raw_path, headers, body])
    answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await answer.prepare(request)
    for number in range(EVENTS):
        await answer.write(b"data: %d\n\n" % number)
        await asyncio.sleep(0.01)
    return answer


async def calls_all(caller: Sidecar, callee: str) -> None:
    """Call an application by its id with a body, with one in pieces, and for events."""
    whole = await caller.call("POST", f"/v1.0/invoke/{callee}/method/a/b?x=1", b"hello")
    method, path, headers, body = whole.json()
    assert (whole.status, method, path, body) == (200, "POST", "/a/b?x=1", "hello")
    assert headers["dapr-callee-app-id"] == callee
    lost = await caller.call("GET", f"/v1.0/invoke/nobody-{uuid.uuid4().hex}/method/m")
    assert (lost.status, "couldn't find service" in lost.json()["message"]) == (500, True)

    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b"one ", b"two ", b"three"):
            yield piece
            await asyncio.sleep(0.01)

    base = f"http://127.0.0.1:{caller.http_port}/v1.0/invoke/{callee}/method"
    async with ClientSession() as session:
        async with session.post(f"{base}/c", data=pieces()) as answer:
            assert json.loads(await answer.read())[3] == "one two three"
        async with session.get(f"{base}/events", headers={"Accept": "text/event-stream"}) as answer:
            events = (await answer.read()).split()
    assert len([each for each in events if each == b"data:"]) == EVENTS


@pytest.mark.slow
async def test_sidecars_find_each_other_with_nothing_configured() -> None:
    one, two = uuid.uuid4().hex, uuid.uuid4().hex
    async with (
        application(told) as port,
        sidecar(app_id=one, app_port=port) as first,
        sidecar(app_id=two, app_port=port) as second,
    ):
        await calls_all(first, two)
        await calls_all(second, one)


@needs_daprd
async def test_daprd_and_ours_call_each_other(tmp_path: Path) -> None:
    ours, theirs = uuid.uuid4().hex, uuid.uuid4().hex
    async with (
        application(told) as port,
        sidecar(app_id=ours, app_port=port) as first,
        daprd(tmp_path, theirs, port) as second,
    ):
        await calls_all(first, theirs)
        await calls_all(second, ours)
