from __future__ import annotations

import asyncio

import pytest

from pluggable.runtime import blocks, resources
from pluggable.runtime.blocks.bindings import Bindings
from pluggable.runtime.blocks.health import Health
from pluggable.runtime.blocks.secrets import Secrets
from pluggable.runtime.components.catalog import Catalog
from pluggable.runtime.config import RuntimeConfig
from pluggable.runtime.errors import (
    BindingError,
    BindingNotFoundError,
    BindingOperationError,
    BulkSecretGetError,
    NotReadyError,
    OperationMissingError,
    OutboundNotReadyError,
    SecretDeniedError,
    SecretGetError,
    SecretStoreNotFoundError,
    SecretStoresNotConfiguredError,
)
from tests.runtime.blocks.inmemory import Components


async def test_binding_is_checked_before_it_is_called(components: Components) -> None:
    block = Bindings(components.catalog)

    with pytest.raises(OperationMissingError, match="operation field is missing from request"):
        await block.invoke("echo", "", b"")
    with pytest.raises(BindingNotFoundError, match="couldn't find output binding x"):
        await block.invoke("x", "create", b"")
    with pytest.raises(BindingOperationError, match=r"does not support operation list. .*:create get fail"):
        await block.invoke("echo", "list", b"")
    assert components.echo.requests == []


async def test_failed_binding_still_tells_metadata(components: Components) -> None:
    with pytest.raises(BindingError, match="binding echo: received status code 404") as caught:
        await Bindings(components.catalog).invoke("echo", "fail", b"")

    assert caught.value.metadata == {"statuscode": "404"}


async def test_secrets_are_found_or_explained(components: Components) -> None:
    block = Secrets(components.catalog)

    assert await block.get("vault", "db") == {"user": "u", "password": "p"}
    with pytest.raises(SecretGetError, match="key nope from secret store vault: secret nope not found"):
        await block.get("vault", "nope")
    with pytest.raises(SecretStoreNotFoundError):
        await block.get("x", "db")
    with pytest.raises(SecretStoresNotConfiguredError):
        await Secrets(Catalog()).get("x", "db")
    with pytest.raises(BulkSecretGetError, match="the vault is sealed"):
        await block.bulk_get("vault", {"fail": ""})


async def test_scopes_hide_secrets(components: Components) -> None:
    block = Secrets(components.catalog, [resources.SecretScope(store="vault", denied=("db",))])

    assert await block.bulk_get("vault") == {"key": {"key": "<v>"}}
    with pytest.raises(SecretDeniedError, match='access denied by policy to get "db" from "vault"'):
        await block.get("vault", "db")


def test_scope_without_its_store_is_a_warning(
    components: Components, caplog: pytest.LogCaptureFixture
) -> None:
    scopes = [resources.SecretScope(store="vault"), resources.SecretScope(store="valt")]
    Secrets(components.catalog, scopes).warn_of_missing()

    assert caplog.messages == [
        'spec.secrets.scopes names the secret store "valt", which is not loaded; there are: vault'
    ]


@pytest.mark.parametrize(
    ("scope", "seen"),
    [
        (resources.SecretScope(store="vault"), {"key", "db"}),
        (resources.SecretScope(store="vault", default_allow=False), set()),
        (resources.SecretScope(store="vault", default_allow=False, allowed=("db",)), {"db"}),
        (resources.SecretScope(store="vault", allowed=("db",)), {"db"}),
        (resources.SecretScope(store="vault", allowed=("db",), denied=("db",)), {"db"}),
        (resources.SecretScope(store="vault", denied=("db",)), {"key"}),
        (resources.SecretScope(store="other", default_allow=False), {"key", "db"}),
    ],
    ids=["all", "none", "allowed", "only allowed", "allowed beats denied", "denied", "of another store"],
)
async def test_scope_lets_through_what_daprd_does(
    components: Components, scope: resources.SecretScope, seen: set[str]
) -> None:
    block = Secrets(components.catalog, [scope])

    assert (await block.bulk_get("vault")).keys() == seen
    for name in ("key", "db"):
        if name in seen:
            assert await block.get("vault", name)
        else:
            with pytest.raises(SecretDeniedError):
                await block.get("vault", name)


async def test_description_tells_capabilities(components: Components) -> None:
    block = blocks.build(components.catalog, RuntimeConfig(app_id="app", app_port=5)).metadata
    block.set("mine", "1")
    block.set("", "ignored")

    told = block.describe()
    found = {component.name: component.capabilities for component in told.components}
    assert found["store"] == ("ETAG", "TRANSACTIONAL", "TTL", "ACTOR")
    assert found["plain"] == ()
    assert found["bulk"] == ("MESSAGE_TTL", "BULK_PUBSUB")
    assert dict(told.extended) == {"daprRuntimeVersion": told.runtime_version, "mine": "1"}
    assert (told.id, told.app.port) == ("app", 5)


async def test_description_follows_subscriptions(components: Components) -> None:
    subscriptions: list[resources.Subscription] = []
    block = blocks.build(
        components.catalog, RuntimeConfig(app_id="app"), subscriptions=lambda: subscriptions
    ).metadata
    subscriptions.append(resources.Subscription(pubsub="broker", topic="t"))

    assert [told.topic for told in block.describe().subscriptions] == ["t"]


async def test_health_opens_gate_by_gate() -> None:
    health = Health()
    waiting = asyncio.create_task(health.outbound.wait())
    with pytest.raises(OutboundNotReadyError, match="components are being loaded"):
        health.check_outbound()

    health.outbound.open()
    await waiting
    health.check_outbound()
    with pytest.raises(NotReadyError, match="dapr is not ready: subscriptions"):
        health.check()

    health.inbound.open()
    health.check()
    health.outbound.shut('waiting for "orders"')
    with pytest.raises(NotReadyError, match='dapr is not ready: waiting for "orders"'):
        health.check()
