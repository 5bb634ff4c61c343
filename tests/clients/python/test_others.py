"""Secrets, output bindings, metadata and health, by Dapr's Python client."""

from __future__ import annotations

import pytest

from tests.clients.python.conftest import SECRETS
from tests.clients.python.speaking import Client, refused
from tests.e2e.sidecars import Sidecar


async def test_secret_is_read(dapr: Client) -> None:
    assert (await dapr.call("get_secret", "vault", "plain")).secret == {"plain": SECRETS["plain"]}


async def test_all_secrets_are_read(dapr: Client) -> None:
    found = (await dapr.call("get_bulk_secret", "vault")).secrets

    assert found == {"plain": {"plain": "text"}, "database:password": {"database:password": "hidden"}}


async def test_missing_secret_is_an_error(dapr: Client) -> None:
    with refused("INTERNAL", "secret none not found"):
        await dapr.call("get_secret", "vault", "none")


async def test_binding_does_what_it_is_told(dapr: Client, key: str) -> None:
    name = {"fileName": key.replace("/", "-")}
    await dapr.call("invoke_binding", "files", "create", b"\x00text", name)

    assert (await dapr.call("invoke_binding", "files", "get", b"", name)).data == b"\x00text"
    await dapr.call("invoke_binding", "files", "delete", "", name)


async def test_unknown_binding_is_an_error(dapr: Client) -> None:
    with refused("INTERNAL", "none"):
        await dapr.call("invoke_binding", "none", "create", "")


async def test_metadata_is_read_and_written(dapr: Client, key: str) -> None:
    await dapr.call("set_metadata", key, "value")
    found = await dapr.call("get_metadata")

    assert found.application_id == "shop"
    assert found.extended_metadata[key] == "value"
    listed = {each.name: each for each in found.registered_components}
    assert listed["store"].type == "state.in-memory"
    assert "ETAG" in listed["store"].capabilities


async def test_client_waits_for_the_sidecar(dapr: Client) -> None:
    await dapr.call("wait", 5)


async def test_client_that_finds_none_gives_up(dapr: Client, running: Sidecar) -> None:
    nobody = type(dapr.client._uri)("127.0.0.1:9")
    dapr.client._uri = nobody

    with pytest.raises(OSError):  # noqa: PT011  the system's words differ
        await dapr.call("wait", 0.1)
    assert running.process.returncode is None
