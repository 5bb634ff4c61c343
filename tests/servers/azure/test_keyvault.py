"""Secrets of a double of Key Vault, over TLS: tests/backends/keyvault.py says what it is."""

from __future__ import annotations

import logging

import pytest

from pluggable.errors import (
    DeniedError,
    InvalidRequestError,
    LimitExceededError,
    NotFoundError,
    TimedOutError,
    UnavailableError,
)
from pluggable.secretstores import GetRequest
from pluggable_servers.azure import vault
from tests.backends.certificates import Authority
from tests.backends.keyvault import SECRET, TOKEN, KeyVault

from .vaults import PROVED, opened

pytestmark = pytest.mark.slow


async def test_latest_version_is_the_secret(azure: KeyVault) -> None:
    azure.put("orders", "db", "first")
    azure.put("orders", "db", "<é>&\n")

    async with opened(**PROVED) as store:
        assert await store.get(GetRequest(key="db")) == {"db": "<é>&\n"}
        assert await store.get(GetRequest(key="db", metadata={"version_id": ""})) == {"db": "<é>&\n"}
        assert store.features == ()


async def test_version_is_asked_for(azure: KeyVault) -> None:
    first = azure.put("orders", "db", "1")
    azure.put("orders", "db", "2")

    async with opened(**PROVED) as store:
        assert await store.get(GetRequest(key="db", metadata={"version_id": first})) == {"db": "1"}
        with pytest.raises(NotFoundError, match=f'secret "db" in version "{first[:-1]}9" does not exist'):
            await store.get(GetRequest(key="db", metadata={"version_id": f"{first[:-1]}9"}))


async def test_absent_secret_is_not_found(azure: KeyVault) -> None:
    azure.put("others", "db", "1")

    async with opened(**PROVED) as store:
        with pytest.raises(NotFoundError, match=r'^secret "db" does not exist in https://orders'):
            await store.get(GetRequest(key="db"))


@pytest.mark.parametrize("name", ["", "..", "a/b", "a_b", "a?b", "db/versions"])
async def test_other_names_are_refused_unasked(azure: KeyVault, name: str) -> None:
    azure.put("orders", "db", "1")

    async with opened(**PROVED) as store:
        with pytest.raises(InvalidRequestError, match="letters, digits and dashes"):
            await store.get(GetRequest(key=name))
        with pytest.raises(InvalidRequestError, match=r"version_id is \"1/\.\.\""):
            await store.get(GetRequest(key="db", metadata={"version_id": "1/.."}))

    assert azure.asked == []


async def test_disabled_and_denied_say_so(azure: KeyVault) -> None:
    azure.put("orders", "off", "value of it", enabled=False)
    azure.put("orders", "theirs", "value of it")
    azure.denied.add("theirs")

    async with opened(**PROVED) as store:
        for name, reason in {
            "off": "disabled secret",
            "theirs": "does not have secrets get permission",
        }.items():
            with pytest.raises(
                DeniedError, match=f'secret "{name}" of .* answered 403: .*{reason}'
            ) as caught:
                await store.get(GetRequest(key=name))
            assert "value of it" not in str(caught.value)


async def test_all_that_are_enabled_are_read(azure: KeyVault) -> None:
    azure.page = 10
    for number in range(35):
        azure.put("orders", f"s{number:02}", str(number))
    azure.put("orders", "s07", "later")
    azure.put("orders", "off", "x", enabled=False)

    async with opened(**PROVED) as store:
        found = await store.bulk_get()

    assert list(found) == [f"s{number:02}" for number in range(35)]
    assert found["s34"] == {"s34": "34"}
    assert found["s07"] == {"s07": "later"}


@pytest.mark.parametrize(("most", "count"), [("1", 4), ("4", 4), ("5", 8), ("0", 10), ("-3", 10), ("", 10)])
async def test_enough_secrets_end_with_their_page(azure: KeyVault, most: str, count: int) -> None:
    azure.page = 4
    for number in range(10):
        azure.put("orders", f"s{number}", str(number))

    async with opened(**PROVED) as store:
        assert len(await store.bulk_get({"maxresults": most})) == count


async def test_number_of_secrets_has_to_be_one(azure: KeyVault) -> None:
    async with opened(**PROVED) as store:
        with pytest.raises(InvalidRequestError, match='maxresults is "many", wanted a number'):
            await store.bulk_get({"maxresults": "many"})

    assert azure.asked == []


async def test_secrets_deleted_meanwhile_are_left_out(azure: KeyVault) -> None:
    azure.put("orders", "db", "1")
    azure.put("orders", "old", "2")
    azure.gone.add("old")

    async with opened(**PROVED) as store:
        assert await store.bulk_get() == {"db": {"db": "1"}}


async def test_one_that_is_denied_fails_all(azure: KeyVault) -> None:
    azure.put("orders", "db", "1")
    azure.put("orders", "theirs", "2")
    azure.denied.add("theirs")

    async with opened(**PROVED) as store:
        with pytest.raises(DeniedError, match='secret "theirs"'):
            await store.bulk_get()


async def test_vault_that_was_away_is_read_again(azure: KeyVault) -> None:
    azure.put("orders", "db", "1")

    async with opened(**PROVED) as store:
        await store.ping()
        with azure.away():
            with pytest.raises(UnavailableError, match=r"orders\.vault\.azure\.net: it cannot be reached"):
                await store.get(GetRequest(key="db"))
            with pytest.raises(UnavailableError, match=r"orders\.vault\.azure\.net cannot be reached"):
                await store.ping()

        assert await store.get(GetRequest(key="db")) == {"db": "1"}
        await store.ping()


async def test_store_opens_while_the_vault_is_away(azure: KeyVault) -> None:
    azure.put("orders", "db", "1")

    with azure.away():
        found = opened(**PROVED)
        store = await found.__aenter__()
    try:
        assert await store.get(GetRequest(key="db")) == {"db": "1"}
    finally:
        await found.__aexit__(None, None, None)


async def test_silent_vault_is_not_waited_for_long(azure: KeyVault, monkeypatch: pytest.MonkeyPatch) -> None:
    azure.put("orders", "db", "1")
    monkeypatch.setattr(vault, "REQUEST_SECONDS", 0.3)

    async with opened(**PROVED) as store:
        azure.goes_on.clear()
        with pytest.raises(TimedOutError, match=r'secret "db" of .*: no answer in time'):
            await store.get(GetRequest(key="db"))
        with pytest.raises(TimedOutError, match="did not answer in time"):
            await store.ping()
        azure.goes_on.set()
        monkeypatch.undo()


async def test_throttled_caller_is_told(azure: KeyVault) -> None:
    azure.put("orders", "db", "1")
    azure.limited = True

    async with opened(**PROVED) as store:
        with pytest.raises(LimitExceededError, match=r"answered 429: .*too many requests"):
            await store.get(GetRequest(key="db"))
        azure.limited = False
        assert await store.get(GetRequest(key="db")) == {"db": "1"}


async def test_vault_of_a_stranger_is_not_believed(azure: KeyVault, monkeypatch: pytest.MonkeyPatch) -> None:
    other = azure.trusted.with_name("other.pem")
    other.write_text(Authority().pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(other))

    async with opened(**PROVED) as store:
        with pytest.raises(UnavailableError, match="certificate verify failed"):
            await store.get(GetRequest(key="db"))

    assert azure.asked == []


async def test_ping_needs_no_permission(azure: KeyVault) -> None:
    async with opened(**{**PROVED, "azureClientSecret": "another"}) as store:
        await store.ping()

    assert [request.path.partition("?")[0] for request in azure.asked] == ["/secrets"]


async def test_logs_hold_no_secret(azure: KeyVault, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    azure.put("orders", "db", "value-of-db")

    async with opened(**PROVED) as store:
        await store.get(GetRequest(key="db"))
        await store.bulk_get()
    async with opened(**{**PROVED, "azureClientSecret": "s3cr3t-that-is-wrong"}) as store:
        with pytest.raises(DeniedError) as caught:
            await store.get(GetRequest(key="db"))

    for text in (SECRET, TOKEN, "value-of-db", "s3cr3t-that-is-wrong"):
        assert text not in caplog.text + str(caught.value)
