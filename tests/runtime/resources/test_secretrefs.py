from __future__ import annotations

import uuid
from collections.abc import Mapping

import pytest

from pluggable import secretstores
from pluggable.errors import MetadataError, NotFoundError
from pluggable.metadata import NO_METADATA
from pluggable.runtime.components.catalog import Loaded
from pluggable.runtime.config import RuntimeConfig
from pluggable.runtime.resources import Component, MetadataItem
from pluggable.runtime.resources.secretrefs import Resolved, SecretStorePending, init_properties


class Vault(secretstores.SecretStore):
    """Two secrets, and a count of who asked."""

    def __init__(self) -> None:
        self.asked: list[secretstores.GetRequest] = []

    async def get(self, request: secretstores.GetRequest) -> Mapping[str, str]:
        self.asked.append(request)
        if request.key == "redis":
            return {"redis": "one", "password": "hunter2", "user": "{appID}"}
        raise NotFoundError(f"secret {request.key} not found")

    async def bulk_get(self, metadata: Mapping[str, str] = NO_METADATA) -> Mapping[str, Mapping[str, str]]:
        raise NotImplementedError(metadata)


@pytest.fixture
def vault() -> Vault:
    return Vault()


async def resolve(
    *items: MetadataItem,
    vault: Vault | None = None,
    environ: dict[str, str] | None = None,
    namespace: str = "",
    type_: str = "state.redis",
    store: str = "vault",
) -> Resolved:
    config = RuntimeConfig(app_id="shop", namespace=namespace)
    spec = Component(name="c", type=type_, metadata=items, namespace="prod", secret_store=store)
    loaded = Loaded(Component(name="vault", type="secretstores.test"), vault, {}) if vault else None
    return await init_properties(spec, config, environ or {}, {"vault": loaded} if loaded else {})


async def one(value: str, **options: str) -> str:
    resolved = await resolve(MetadataItem(name="x", value=value), **options)  # type: ignore[arg-type]
    return resolved.properties["x"]


async def test_values_keep_case_and_order() -> None:
    resolved = await resolve(MetadataItem(name="redisHost", value="a"), MetadataItem(name="B", value=""))

    assert list(resolved.properties.items()) == [("redisHost", "a"), ("B", "")]
    assert resolved.warnings == ()


async def test_placeholders_are_filled() -> None:
    assert await one("{appID}-{namespace}") == "shop-default.shop"
    assert await one("{namespace}", namespace="prod") == "prod.shop"
    assert await one("{other}") == "{other}"


async def test_each_uuid_is_another() -> None:
    first, second = (await one("{uuid} {uuid}")).split()

    assert uuid.UUID(first) != uuid.UUID(second)


async def test_pod_name_must_be_known() -> None:
    item = MetadataItem(name="id", value="{podName}")

    assert (await resolve(item, environ={"POD_NAME": "pod-1"})).properties == {"id": "pod-1"}
    with pytest.raises(MetadataError, match=r"id refers to \{podName\}, but POD_NAME is not set"):
        await resolve(item)


async def test_variable_is_read() -> None:
    resolved = await resolve(MetadataItem(name="x", env="REDIS"), environ={"REDIS": "host"})

    assert resolved.properties == {"x": "host"}


async def test_value_beats_variable() -> None:
    resolved = await resolve(MetadataItem(name="x", value="", env="REDIS"), environ={"REDIS": "host"})

    assert resolved.properties == {"x": ""}


@pytest.mark.parametrize("variable", ["APP_API_TOKEN", "dapr_api_token", "A B", "OTHER"])
async def test_forbidden_variable_is_empty(variable: str) -> None:
    environ = {variable: "leak", "DAPR_ENV_KEYS": "REDIS REDIS_2"}

    resolved = await resolve(MetadataItem(name="x", env=variable), environ=environ)

    assert resolved.properties == {"x": ""}
    assert f"environment variable {variable}, which may not be read" in resolved.warnings[0]


async def test_secrets_are_fetched_once(vault: Vault) -> None:
    resolved = await resolve(
        MetadataItem(name="password", secret_name="redis", secret_key="password"),
        MetadataItem(name="whole", secret_name="redis"),
        vault=vault,
    )

    assert resolved.properties == {"password": "hunter2", "whole": "one"}
    assert [(each.key, dict(each.metadata)) for each in vault.asked] == [("redis", {"namespace": "prod"})]


async def test_secret_may_have_placeholders(vault: Vault) -> None:
    resolved = await resolve(MetadataItem(name="x", secret_name="redis", secret_key="user"), vault=vault)

    assert resolved.properties == {"x": "shop"}


@pytest.mark.parametrize(
    ("name", "key", "warning"),
    [
        ("gone", None, "failed to give gone: secret gone not found"),
        ("redis", "no", "redis in vault has no value under no; its keys are password, redis, user"),
    ],
)
async def test_missing_secret_is_a_warning(vault: Vault, name: str, key: str | None, warning: str) -> None:
    resolved = await resolve(MetadataItem(name="x", secret_name=name, secret_key=key), vault=vault)

    assert resolved.properties == {"x": ""}
    assert warning in resolved.warnings[0]


async def test_store_not_loaded_is_pending() -> None:
    with pytest.raises(SecretStorePending, match='secret store "vault", which is not loaded') as raised:
        await resolve(MetadataItem(name="x", secret_name="redis"))

    assert raised.value.store == "vault"


async def test_no_store_named_is_a_warning() -> None:
    resolved = await resolve(MetadataItem(name="x", secret_name="redis"), store="")

    assert resolved.warnings == ("x refers to the secret redis, but auth.secretStore names no store",)


async def test_consumer_id_defaults_to_app() -> None:
    blank = MetadataItem(name="consumerID", value=" ")

    assert (await resolve(type_="pubsub.redis")).properties == {"consumerID": "shop"}
    assert (await resolve(blank, type_="pubsub.redis")).properties == {"consumerID": "shop"}
    assert "consumerID" not in (await resolve(type_="state.redis")).properties


def test_repr_hides_properties() -> None:
    assert "hunter2" not in repr(Resolved(properties={"p": "hunter2"}))
