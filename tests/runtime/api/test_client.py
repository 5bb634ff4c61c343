"""The official client, unpatched, against both APIs."""

from __future__ import annotations

import asyncio
import json
import os
import sys

import pytest

from tests.runtime.api.conftest import Sidecar

#: What the calls leave behind.
LEFT = ({"app||c": b"\xff", "app||d": b"4"}, {"n": 1}, [False])


def left(sidecar: Sidecar) -> tuple[dict[str, bytes], object, list[bool]]:
    store = {key: value.data for key, value in sidecar.components.store.values.items()}
    return store, json.loads(sidecar.components.broker.published[0].data)["data"], sidecar.shutdowns


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
async def test_client_in_a_thread_gets_its_answers(sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch) -> None:
    from dapr.clients import DaprClient

    from tests.runtime.api.client_calls import CALLS

    monkeypatch.setenv("DAPR_HTTP_PORT", str(sidecar.http_port))

    def use() -> None:
        with DaprClient(f"127.0.0.1:{sidecar.grpc_port}") as client:
            for name, call, look, wanted in CALLS:
                assert look(call(client)) == wanted, name

    await asyncio.to_thread(use)
    await sidecar.stopped.wait()

    assert left(sidecar) == LEFT


async def test_asynchronous_client_gets_its_answers(sidecar: Sidecar) -> None:
    ports = {"DAPR_HTTP_PORT": str(sidecar.http_port), "DAPR_GRPC_PORT": str(sidecar.grpc_port)}
    command = [sys.executable, "-m", "tests.runtime.api.client_calls"]
    process = await asyncio.create_subprocess_exec(
        *command, env={**os.environ, **ports}, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(60):
        _, errors = await process.communicate()

    assert process.returncode == 0, errors.decode()
    assert left(sidecar) == LEFT
