from __future__ import annotations

from collections.abc import Mapping

import pytest

from pluggable.metadata import Metadata
from pluggable.secretstores import GetRequest
from pluggable_servers.local.env import EnvSecretStore


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "SHOP_KEY": "k",
        "SHOP_": "bare",
        "OTHER": "o",
        "DAPR_API_TOKEN": "leak",
        "App_Api_Token": "leak",
    }.items():
        monkeypatch.setenv(name, value)


async def opened(**properties: str) -> EnvSecretStore:
    store = EnvSecretStore()
    await store.init(Metadata(properties))
    return store


async def get(store: EnvSecretStore, key: str) -> Mapping[str, str]:
    return await store.get(GetRequest(key=key))


async def test_variable_is_a_secret() -> None:
    assert await get(await opened(), "SHOP_KEY") == {"SHOP_KEY": "k"}
    assert await get(await opened(prefix="SHOP_"), "KEY") == {"KEY": "k"}


async def test_unset_variable_is_empty() -> None:
    assert await get(await opened(), "NOBODY_SETS_THIS") == {"NOBODY_SETS_THIS": ""}


@pytest.mark.parametrize(
    ("prefix", "key"), [("", "DAPR_API_TOKEN"), ("", "App_Api_Token"), ("DAPR_", "API_TOKEN")]
)
async def test_forbidden_variable_is_empty(prefix: str, key: str) -> None:
    assert await get(await opened(prefix=prefix), key) == {key: ""}


async def test_bulk_strips_the_prefix() -> None:
    assert await (await opened(prefix="SHOP_")).bulk_get() == {"KEY": {"KEY": "k"}}


async def test_bulk_leaves_forbidden_out() -> None:
    found = await (await opened()).bulk_get()

    assert found["OTHER"] == {"OTHER": "o"}
    assert not {"DAPR_API_TOKEN", "App_Api_Token"} & set(found)
