"""Whom a client of Vault trusts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pluggable import Metadata
from pluggable.errors import DeniedError, InitError, UnavailableError
from pluggable.secretstores import GetRequest
from pluggable_servers.vault.store import VaultSecretStore
from tests.backends.certificates import Authority
from tests.backends.vault import TOKEN, Vault


@dataclass(frozen=True, slots=True)
class Trusted:
    """A Vault by TLS, whose certificate names ``vault.test`` and, perhaps, its address."""

    vault: Vault
    folder: Path
    pem: str


@pytest.fixture(params=[("127.0.0.1",), ("vault.test",)], ids=["by address", "by name"])
def trusted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Trusted]:
    authority = Authority()
    with Vault(tls=authority.signs(*request.param).served(tmp_path)).running() as vault:
        vault.put("dapr/db", a="1")
        yield Trusted(vault, tmp_path, authority.pem)


async def read(vault: Vault, **properties: str) -> dict[str, str]:
    store = VaultSecretStore()
    await store.init(Metadata({"vaultAddr": vault.url, "vaultToken": TOKEN, **properties}))
    try:
        return dict(await store.get(GetRequest(key="db")))
    finally:
        await store.close()


@pytest.mark.parametrize("trusted", [("127.0.0.1",)], indirect=True)
@pytest.mark.parametrize("source", ["caPem", "caCert", "caPath"])
async def test_authority_is_trusted(trusted: Trusted, source: str) -> None:
    folder = trusted.folder / "cas"
    (folder / "..2026").mkdir(parents=True)
    (folder / "..2026" / "ca.pem").write_text(trusted.pem)
    (folder / "..data").symlink_to("..2026")  # as Kubernetes mounts it
    (folder / "ca.pem").symlink_to("..data/ca.pem")
    given = {"caPem": trusted.pem, "caCert": str(folder / "ca.pem"), "caPath": str(folder)}

    assert await read(trusted.vault, **{source: given[source]}) == {"a": "1"}


@pytest.mark.parametrize("trusted", [("127.0.0.1",)], indirect=True)
async def test_pem_counts_before_path_and_file(trusted: Trusted) -> None:
    other = trusted.folder / "other.pem"
    other.write_text(Authority().pem)

    assert await read(trusted.vault, caPem=trusted.pem, caCert=str(other)) == {"a": "1"}
    with pytest.raises(UnavailableError):
        await read(trusted.vault, caPath=str(other), caCert=str(trusted.folder / "none"))


@pytest.mark.parametrize("trusted", [("127.0.0.1",)], indirect=True)
async def test_stranger_is_not_trusted(trusted: Trusted) -> None:
    with pytest.raises(UnavailableError, match=r"cannot be reached.*certificate verify failed"):
        await read(trusted.vault)
    with pytest.raises(UnavailableError, match="certificate verify failed"):
        await read(trusted.vault, caPem=Authority().pem)

    assert trusted.vault.asked == [], "a token went to whoever answered"


@pytest.mark.parametrize("trusted", [("vault.test",)], indirect=True)
async def test_name_of_the_certificate_may_be_told(trusted: Trusted) -> None:
    assert await read(trusted.vault, caPem=trusted.pem, tlsServerName="vault.test") == {"a": "1"}
    with pytest.raises(UnavailableError, match="certificate verify failed"):
        await read(trusted.vault, caPem=trusted.pem)


async def test_verification_may_be_skipped(trusted: Trusted, caplog: pytest.LogCaptureFixture) -> None:
    assert await read(trusted.vault, skipVerify="true") == {"a": "1"}
    assert "skipVerify is true" in caplog.text


async def test_only_true_skips_verification(trusted: Trusted) -> None:
    with pytest.raises(UnavailableError, match="certificate verify failed"):
        await read(trusted.vault, skipVerify="yes")


@pytest.mark.parametrize("trusted", [("127.0.0.1",)], indirect=True)
async def test_token_is_not_sent_on_without_tls(trusted: Trusted) -> None:
    with Vault().running() as plain:
        trusted.vault.moved = plain.url
        with pytest.raises(DeniedError, match="sends on to an address without TLS"):
            await read(trusted.vault, caPem=trusted.pem)

        assert plain.asked == []


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({"caPem": "no pem"}, "caPem is set and holds no certificates in PEM"),
        (
            {"caCert": "/nonexistent/ca.pem"},
            "caCert names /nonexistent/ca.pem, which cannot be read: No such",
        ),
        ({"caPath": "{folder}"}, "caPath names {folder}, which holds no certificates in PEM"),
    ],
)
async def test_authority_that_is_none_is_told(tmp_path: Path, properties: dict[str, str], said: str) -> None:
    given = {name: value.format(folder=tmp_path) for name, value in properties.items()}

    with pytest.raises(InitError) as caught:
        await VaultSecretStore().init(Metadata({"vaultToken": TOKEN, **given}))

    assert said.format(folder=tmp_path) in str(caught.value)
