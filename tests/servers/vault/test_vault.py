"""Secrets of a double of Vault, over HTTP: tests/backends/vault.py says what it is."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pluggable import Metadata
from pluggable.errors import (
    DeniedError,
    InitError,
    InvalidRequestError,
    LimitExceededError,
    MetadataError,
    NotFoundError,
    UnavailableError,
)
from pluggable.secretstores import GetRequest
from pluggable_servers.vault.settings import Settings
from pluggable_servers.vault.store import VaultSecretStore
from tests.backends.vault import TOKEN, Vault


@pytest.fixture
def vault() -> Iterator[Vault]:
    with Vault().running() as found:
        yield found


@asynccontextmanager
async def opened(vault: Vault, **properties: str) -> AsyncIterator[VaultSecretStore]:
    """A store in front of this Vault."""
    given = {"vaultAddr": vault.url, "vaultToken": TOKEN, **properties}
    found = VaultSecretStore()
    await found.init(Metadata({name: value for name, value in given.items() if value}))
    try:
        yield found
    finally:
        await found.close()


async def test_fields_are_values(vault: Vault) -> None:
    vault.put("dapr/db", user="ann", password="<é>&")

    async with opened(vault) as store:
        assert await store.get(GetRequest(key="db")) == {"user": "ann", "password": "<é>&"}
        assert store.features == ("MULTIPLE_KEY_VALUES_PER_SECRET",)


async def test_other_fields_are_their_json(vault: Vault) -> None:
    vault.put("dapr/db", port=5432, on=True, none=None, tags=["a", {"b": 1.5}])

    async with opened(vault) as store:
        values = await store.get(GetRequest(key="db"))

    assert values == {"port": "5432", "on": "true", "none": "", "tags": '["a",{"b":1.5}]'}


async def test_text_is_what_vault_wrote(vault: Vault) -> None:
    vault.put("dapr/db", data={"data": 1}, sign="<&>", n=1.50)

    async with opened(vault, vaultValueType="text") as store:
        values = await store.get(GetRequest(key="db"))
        assert store.features == ()

    assert values == {"db": '{"data":{"data":1},"sign":"\\u003c\\u0026\\u003e","n":1.5}'}


async def test_version_is_asked_for(vault: Vault) -> None:
    vault.put("dapr/db", a="1")
    vault.put("dapr/db", a="2")

    async with opened(vault) as store:
        assert await store.get(GetRequest(key="db", metadata={"version_id": "1"})) == {"a": "1"}
        assert await store.get(GetRequest(key="db", metadata={"version_id": "0"})) == {"a": "2"}
        with pytest.raises(NotFoundError, match='secret "db" does not exist in version 3'):
            await store.get(GetRequest(key="db", metadata={"version_id": "3"}))
        with pytest.raises(InvalidRequestError, match='"version"'):
            await store.get(GetRequest(key="db", metadata={"version_id": "last"}))


async def test_absent_and_deleted_are_not_found(vault: Vault) -> None:
    vault.secrets["dapr/old"] = [{"a": "1"}, None]

    async with opened(vault) as store:
        for name in ("old", "none"):
            with pytest.raises(NotFoundError, match=f'secret "{name}" does not exist$'):
                await store.get(GetRequest(key=name))


async def test_all_are_found_in_folders(vault: Vault) -> None:
    for number in range(30):
        vault.put(f"dapr/deep/er/s{number:02}", a=str(number))
    vault.put("dapr/top", a="t")
    vault.put("dapr/deep", a="also a secret")
    vault.put("elsewhere/top", a="x")
    vault.secrets["dapr/old"] = [{"a": "1"}, None]

    async with opened(vault) as store:
        found = await store.bulk_get()

    assert found == {
        "top": {"a": "t"},
        "deep": {"a": "also a secret"},
        **{f"deep/er/s{number:02}": {"a": str(number)} for number in range(30)},
    }


async def test_all_of_one_version(vault: Vault) -> None:
    vault.put("dapr/a", v="1")
    vault.put("dapr/b", v="1")
    vault.put("dapr/b", v="2")

    async with opened(vault) as store:
        assert await store.bulk_get({"version_id": "2"}) == {"b": {"v": "2"}}


async def test_empty_prefix_has_no_secrets(vault: Vault) -> None:
    async with opened(vault) as store:
        assert await store.bulk_get() == {}


async def test_engine_that_is_not_mounted_is_no_empty_one(vault: Vault) -> None:
    async with opened(vault, enginePath="kv") as store:
        with pytest.raises(NotFoundError, match="answered 404: no handler for route"):
            await store.bulk_get()
        with pytest.raises(NotFoundError, match="no handler for route"):
            await store.get(GetRequest(key="db"))


@pytest.mark.parametrize(
    ("properties", "name"),
    [
        ({}, "dapr/a b/ü?%#"),
        ({"vaultKVPrefix": "team/one"}, "team/one/a b/ü?%#"),
        ({"vaultKVUsePrefix": "false"}, "a b/ü?%#"),
        ({"vaultKVUsePrefix": "false", "vaultKVPrefix": "team"}, "a b/ü?%#"),
        ({"enginePath": "secret"}, "dapr/a b/ü?%#"),
    ],
)
async def test_prefix_stands_before_names(vault: Vault, properties: dict[str, str], name: str) -> None:
    vault.put(name, a="1")

    async with opened(vault, **properties) as store:
        assert await store.get(GetRequest(key="a b/ü?%#")) == {"a": "1"}
        assert await store.bulk_get() == {"a b/ü?%#": {"a": "1"}}


@pytest.mark.parametrize("name", ["../other/db", "a/../../db", "./db", "..", "a/."])
async def test_name_does_not_lead_out_of_the_prefix(vault: Vault, name: str) -> None:
    async with opened(vault) as store:
        with pytest.raises(InvalidRequestError, match="no parts that are"):
            await store.get(GetRequest(key=name))

    assert vault.asked == []


async def test_token_put_into_the_file_counts_from_then_on(vault: Vault, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    vault.put("dapr/db", a="1")

    async with opened(vault, vaultToken="", vaultTokenMountPath=str(path)) as store:
        assert await store.get(GetRequest(key="db")) == {"a": "1"}
        vault.tokens = {"hvs.second"}
        with pytest.raises(DeniedError, match="answered 403: 2 errors occurred"):
            await store.get(GetRequest(key="db"))
        path.write_text("hvs.second")
        assert await store.get(GetRequest(key="db")) == {"a": "1"}


async def test_token_stays_while_its_file_is_gone(
    vault: Vault, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "token"
    path.write_text(TOKEN)
    vault.put("dapr/db", a="1")

    async with opened(vault, vaultToken="", vaultTokenMountPath=str(path)) as store:
        path.unlink()
        assert await store.get(GetRequest(key="db")) == {"a": "1"}

    assert f"the token in {path} stays as it was: No such file or directory" in caplog.text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file or directory"),
        (b" \n", "it is empty"),
        (b"hvs.one\nhvs.two", "it is more than one line"),
        (b"\xff\xfe", "it is no text"),
    ],
)
async def test_token_that_cannot_be_read_is_told(
    vault: Vault, tmp_path: Path, content: bytes | None, said: str
) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(InitError, match=said) as caught:
        async with opened(vault, vaultToken="", vaultTokenMountPath=str(path)):
            pass

    assert "hvs" not in str(caught.value)


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({"vaultToken": ""}, "are missing, wanted one of them"),
        ({"vaultTokenMountPath": "/token"}, "are both set, wanted one of them"),
        ({"vaultAddr": "vault:8200"}, 'vaultAddr is "vault:8200", wanted http:// or https:// and a host'),
        ({"vaultValueType": "list"}, "vaultValueType"),
    ],
)
async def test_settings_at_odds_are_refused(vault: Vault, properties: dict[str, str], said: str) -> None:
    with pytest.raises(MetadataError, match=said):
        async with opened(vault, **properties):
            pass


async def test_vault_that_comes_back_is_used_again(vault: Vault) -> None:
    vault.put("dapr/db", a="1")

    async with opened(vault) as store:
        assert await store.get(GetRequest(key="db")) == {"a": "1"}
        with vault.away():
            with pytest.raises(UnavailableError, match=f"Vault at {vault.url} cannot be reached"):
                await store.get(GetRequest(key="db"))
            with pytest.raises(UnavailableError, match="cannot be reached"):
                await store.ping()
        assert await store.get(GetRequest(key="db")) == {"a": "1"}
        await store.ping()


async def test_store_opens_without_its_vault(vault: Vault) -> None:
    vault.put("dapr/db", a="1")
    with vault.away():
        opening = opened(vault)
        store = await opening.__aenter__()

    assert await store.get(GetRequest(key="db")) == {"a": "1"}
    await opening.__aexit__(None, None, None)


async def test_sealed_vault_is_unavailable(vault: Vault) -> None:
    vault.sealed = True

    async with opened(vault) as store:
        with pytest.raises(UnavailableError, match="answered 503: Vault is sealed"):
            await store.get(GetRequest(key="db"))
        with pytest.raises(UnavailableError, match="Vault is sealed"):
            await store.ping()


async def test_quota_is_a_limit(vault: Vault) -> None:
    vault.limited = True

    async with opened(vault) as store:
        with pytest.raises(LimitExceededError, match="quota exceeded"):
            await store.get(GetRequest(key="db"))


async def test_one_that_is_refused_fails_all(vault: Vault) -> None:
    vault.put("dapr/a", v="1")
    vault.put("dapr/b", v="1")
    vault.denied.add("dapr/b")

    async with opened(vault) as store:
        with pytest.raises(DeniedError, match="permission denied"):
            await store.bulk_get()


async def test_standby_sends_to_the_active_one(vault: Vault) -> None:
    vault.put("dapr/db", a="1")
    with Vault().running() as standby:
        standby.moved = vault.url
        async with opened(standby) as store:
            assert await store.get(GetRequest(key="db")) == {"a": "1"}
            assert await store.bulk_get() == {"db": {"a": "1"}}

            standby.moved = standby.url
            with pytest.raises(UnavailableError, match="sends from one address to the next"):
                await store.get(GetRequest(key="db"))


def test_token_is_not_shown() -> None:
    settings = Metadata({"vaultToken": TOKEN}).parse(Settings)

    assert TOKEN not in repr(settings)


async def test_secrets_are_not_logged(vault: Vault, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    vault.put("dapr/db", a="s3cr3t-value")

    async with opened(vault) as store:
        await store.bulk_get()
        vault.tokens = set()
        with pytest.raises(DeniedError) as caught:
            await store.get(GetRequest(key="db"))

    assert TOKEN not in caplog.text + str(caught.value)
    assert "s3cr3t-value" not in caplog.text
