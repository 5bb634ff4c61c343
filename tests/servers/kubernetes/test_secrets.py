from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from pluggable import Metadata
from pluggable.errors import (
    DeniedError,
    InvalidRequestError,
    LimitExceededError,
    NotFoundError,
    UnavailableError,
)
from pluggable.secretstores import GetRequest
from pluggable_servers.kubernetes.store import KubernetesSecretStore
from tests.backends.kubernetes import TOKEN, APIServer


@asynccontextmanager
async def opened(server: APIServer, **properties: str) -> AsyncIterator[KubernetesSecretStore]:
    given = {"kubeconfigPath": str(server.kubeconfig()), "defaultNamespace": "shop", **properties}
    found = KubernetesSecretStore()
    await found.init(Metadata(given))
    try:
        yield found
    finally:
        await found.close()


async def test_values_are_texts(server: APIServer) -> None:
    server.put("shop", "db", {"user": "ann", "password": "<é>", "raw": b"a\xffb", "empty": ""})

    async with opened(server) as store:
        values = await store.get(GetRequest(key="db"))
        assert store.features == ()

    assert values == {"user": "ann", "password": "<é>", "raw": "a\ufffdb", "empty": ""}


async def test_all_of_a_namespace(server: APIServer) -> None:
    server.put("shop", "a", {"v": "1"})
    server.put("shop", "b", {})
    server.put("other", "c", {"v": "3"})

    async with opened(server) as store:
        assert await store.bulk_get() == {"a": {"v": "1"}, "b": {}}
        assert await store.bulk_get({"namespace": "other"}) == {"c": {"v": "3"}}
        assert await store.bulk_get({"namespace": "none"}) == {}


async def test_namespace_is_the_requests_then_the_pods_then_the_default(
    server: APIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for namespace in ("asked", "pods", "shop"):
        server.put(namespace, "db", {"in": namespace})

    async with opened(server) as store:
        assert await store.get(GetRequest(key="db")) == {"in": "shop"}
    monkeypatch.setenv("NAMESPACE", "pods")
    async with opened(server) as store:
        assert await store.get(GetRequest(key="db")) == {"in": "pods"}
        assert await store.get(GetRequest(key="db", metadata={"namespace": "asked"})) == {"in": "asked"}
        assert await store.get(GetRequest(key="db", metadata={"namespace": ""})) == {"in": "pods"}


async def test_no_namespace_is_told(server: APIServer) -> None:
    async with opened(server, defaultNamespace="") as store:
        with pytest.raises(InvalidRequestError, match="no namespace: wanted one in the request's metadata"):
            await store.get(GetRequest(key="db"))
        with pytest.raises(InvalidRequestError, match="defaultNamespace"):
            await store.bulk_get()


async def test_absent_secret_is_not_found(server: APIServer) -> None:
    async with opened(server) as store:
        with pytest.raises(NotFoundError, match='answered 404: secrets "db" not found'):
            await store.get(GetRequest(key="db"))


@pytest.mark.parametrize("name", ["../configmaps/x", "..", ".", "", "a/b", "a%2Fb"])
async def test_name_does_not_lead_elsewhere(server: APIServer, name: str) -> None:
    async with opened(server) as store:
        with pytest.raises(InvalidRequestError, match="is no name of a secret"):
            await store.get(GetRequest(key=name))
        if name:
            with pytest.raises(InvalidRequestError, match="is no name of a namespace"):
                await store.get(GetRequest(key="db", metadata={"namespace": name}))

    assert server.asked == []


async def test_refusal_says_why(server: APIServer) -> None:
    server.forbidden.add("kube-system")

    async with opened(server) as store:
        with pytest.raises(DeniedError, match="answered 403: secrets is forbidden: User"):
            await store.bulk_get({"namespace": "kube-system"})
        server.busy = True
        with pytest.raises(LimitExceededError, match="answered 429: Too many requests"):
            await store.bulk_get()


async def test_server_that_comes_back_is_used_again(server: APIServer) -> None:
    server.put("shop", "db", {"a": "1"})

    async with opened(server) as store:
        assert await store.get(GetRequest(key="db")) == {"a": "1"}
        with server.away(), pytest.raises(UnavailableError, match=f"{server.url} cannot be reached"):
            await store.get(GetRequest(key="db"))
        assert await store.get(GetRequest(key="db")) == {"a": "1"}


async def test_store_opens_without_its_server(server: APIServer) -> None:
    server.put("shop", "db", {"a": "1"})
    with server.away():
        opening = opened(server)
        store = await opening.__aenter__()

    assert await store.get(GetRequest(key="db")) == {"a": "1"}
    await opening.__aexit__(None, None, None)


async def test_secrets_are_not_logged(server: APIServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.put("shop", "db", {"a": "s3cr3t-value"})

    async with opened(server) as store:
        await store.bulk_get()
        server.tokens = set()
        with pytest.raises(DeniedError, match="answered 401: Unauthorized") as caught:
            await store.get(GetRequest(key="db"))

    assert TOKEN not in caplog.text + str(caught.value)
    assert "s3cr3t-value" not in caplog.text
