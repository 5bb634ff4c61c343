"""Who a component is to Entra ID: all ways to a token, and what is wrong with them."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from pluggable import Metadata
from pluggable.errors import DeniedError, InitError, MetadataError, UnavailableError
from pluggable.secretstores import GetRequest
from pluggable_servers.azure import credentials
from pluggable_servers.azure.keyvault import KeyVaultSettings
from tests.backends.http import HTTPDouble, Reply, Request
from tests.backends.keyvault import APPLICATION, DOMAINS, SECRET, TENANT, TOKEN, KeyVault
from tests.ports import free_ports

from .vaults import NAMED, PROVED, opened

pytestmark = pytest.mark.slow


class ManagedIdentity(HTTPDouble):
    """What App Service has for its applications, by Microsoft's reference of its REST endpoint."""

    def answer(self, request: Request) -> Reply:
        if request.headers.get("x-identity-header") != "header":
            return Reply(status=401)
        told = {"access_token": TOKEN, "expires_on": str(int(time.time()) + 3600), "token_type": "Bearer"}
        return Reply(body=json.dumps({**told, "resource": "https://vault.azure.net"}))


async def read(**properties: str) -> str:
    """Read the secret ``db``."""
    async with opened(**properties) as store:
        return (await store.get(GetRequest(key="db")))["db"]


@pytest.fixture(autouse=True)
def db(azure: KeyVault) -> None:
    azure.put("orders", "db", "1")


@pytest.mark.parametrize(
    ("vault", "environment", "domain"),
    [
        ("orders", "", "vault.azure.net"),
        ("orders", "AzurePublic", "vault.azure.net"),
        ("orders", "azurechinacloud", "vault.azure.cn"),
        ("orders", "AzureUSGovernment", "vault.usgovcloudapi.net"),
        ("orders.vault.azure.net", "AzureChinaCloud", "vault.azure.net"),
        ("orders.vault.azure.cn", "", "vault.azure.cn"),
        ("https://orders.vault.usgovcloudapi.net/", "", "vault.usgovcloudapi.net"),
    ],
)
async def test_cloud_says_whom_to_ask(azure: KeyVault, vault: str, environment: str, domain: str) -> None:
    assert await read(vaultName=vault, azureEnvironment=environment, **PROVED) == "1"

    assert {request.headers["host"] for request in azure.asked} == {f"orders.{domain}", DOMAINS[domain]}


async def test_secret_that_is_wrong_is_denied() -> None:
    with pytest.raises(DeniedError, match=r"AADSTS7000215: .*; check azureTenantId") as caught:
        await read(**NAMED, azureClientSecret="another")

    assert "another" not in str(caught.value)
    assert str(caught.value).count("AADSTS7000215") == 1


async def test_tenant_of_another_vault_is_denied() -> None:
    with pytest.raises(DeniedError, match=f"to acquire tokens for tenant {TENANT}.*; check azureTenantId"):
        await read(**{**PROVED, "azureTenantId": TENANT.replace("1", "2")})


async def test_who_signs_in_may_be_away_for_a_while(azure: KeyVault) -> None:
    async with opened(**PROVED) as store:
        await store.ping()
        azure.signs_in = False
        with pytest.raises(UnavailableError, match=r"answered 502: .*Bad Gateway"):
            await store.get(GetRequest(key="db"))
        azure.signs_in = True

        assert await store.get(GetRequest(key="db")) == {"db": "1"}


async def test_second_way_counts_where_the_first_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")

    assert await read(azureAuthMethods="cli,creds", **PROVED) == "1"
    with pytest.raises(
        DeniedError, match="no way to a token is there: commandlineinterface: Azure CLI not found"
    ):
        await read(azureAuthMethods="cli", **PROVED)


async def test_certificate_proves_an_application(azure: KeyVault) -> None:
    path = azure.identity()

    assert await read(**NAMED, azureCertificateFile=str(path)) == "1"
    assert await read(**NAMED, spnCertificate=path.read_text()) == "1"


async def test_certificate_may_have_a_password(azure: KeyVault) -> None:
    path = str(azure.identity("p4ssw0rd"))

    assert await read(**NAMED, azureCertificateFile=path, azureCertificatePassword="p4ssw0rd") == "1"
    with pytest.raises(InitError, match="azureCertificatePassword or azureTenantId does not fit") as caught:
        await read(**NAMED, azureCertificateFile=path, azureCertificatePassword="guessed")
    assert "guessed" not in str(caught.value)


async def test_certificate_of_another_is_denied(azure: KeyVault) -> None:
    path = azure.identity()
    text = path.read_text()
    azure.identity()

    with pytest.raises(DeniedError, match="AADSTS7000215"):
        await read(**NAMED, azureCertificate=text)


async def test_certificate_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no certificate")

    with pytest.raises(
        InitError, match=r"azureCertificateFile names .*absent, which cannot be read: No such"
    ):
        await read(**NAMED, azureCertificateFile=str(tmp_path / "absent"))
    with pytest.raises(InitError, match=r"azureCertificateFile names .*text, which is no certificate"):
        await read(**NAMED, azureCertificateFile=str(tmp_path / "text"))
    with pytest.raises(InitError, match=r"^azureCertificate is no certificate"):
        await read(**NAMED, azureCertificate="-----BEGIN of nothing")


async def test_workload_has_its_token_in_a_file(
    azure: KeyVault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    azure.workload = "eyJ.of.kubernetes"
    (tmp_path / "token").write_text(azure.workload)
    monkeypatch.setenv("AZURE_TENANT_ID", TENANT)
    monkeypatch.setenv("AZURE_CLIENT_ID", APPLICATION)
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(tmp_path / "token"))

    assert await read() == "1"
    assert await read(azureAuthMethods="WI") == "1"


@pytest.mark.parametrize("methods", ["", "ManagedIdentity", "cert, mi"])
async def test_managed_identity_is_found(monkeypatch: pytest.MonkeyPatch, methods: str) -> None:
    with ManagedIdentity().running() as around:
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{around.url}/msi/token")
        monkeypatch.setenv("IDENTITY_HEADER", "header")

        assert await read(azureClientId=APPLICATION, azureAuthMethods=methods) == "1"

    assert f"client_id={APPLICATION}" in around.asked[0].path


async def test_machine_without_an_identity_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "METADATA_SERVICE", ("127.0.0.1", free_ports(1)[0]))

    with pytest.raises(DeniedError, match="managedidentity: this machine has none"):
        await read(azureAuthMethods="mi")
    assert await read(azureAuthMethods="mi,creds", **PROVED) == "1"


async def test_command_line_has_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"accessToken": TOKEN, "expires_on": int(time.time()) + 3600, "expiresOn": "2099-01-01 00:00:00.0"}
    (tmp_path / "az").write_text(f"#!/bin/sh\necho '{json.dumps(told)}'\n")
    (tmp_path / "az").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    assert await read(azureAuthMethods="cli") == "1"


async def test_ways_without_what_they_need_are_named() -> None:
    with pytest.raises(InitError) as caught:
        await read(azureAuthMethods="creds,cert,wi")

    assert str(caught.value) == (
        "no token of Microsoft Entra ID can be had: clientcredentials lacks azureClientSecret; "
        "clientcertificate lacks azureCertificate and azureCertificateFile; "
        "workloadidentity lacks AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE"
    )


@pytest.mark.parametrize(
    ("properties", "faults"),
    [
        ({}, ["vaultName is missing"]),
        ({"vaultName": "https://orders.example.com"}, ["wanted the name of a vault, not its address"]),
        ({"vaultName": "orders/x"}, ['vaultName is "orders/x"']),
        (
            {"vaultName": "orders", "azureEnvironment": "AzureMoon", "azureAuthMethods": "creds,magic"},
            [
                'azureEnvironment is "AzureMoon", wanted one of AzurePublicCloud',
                'azureAuthMethods has "magic"',
            ],
        ),
        ({"vaultName": "orders", "azureAuthMethods": "None"}, ["leaves no way to get a token"]),
        ({"vaultName": "orders", "azureAuthMethods": "spiffe"}, ['"spiffe", which is not supported here']),
        (
            {"vaultName": "orders", "azureClientSecret": SECRET},
            ["azureTenantId and azureClientId are wanted"],
        ),
    ],
)
def test_faults_of_settings_are_told(properties: dict[str, str], faults: list[str]) -> None:
    with pytest.raises(MetadataError) as caught:
        Metadata(properties).parse(KeyVaultSettings)

    for fault in faults:
        assert fault in str(caught.value)
    assert SECRET not in str(caught.value)


def test_settings_show_no_secret() -> None:
    given = {"azureCertificate": "of-pem", "azureCertificatePassword": "of-pem-too", **PROVED}

    shown = repr(Metadata({"vaultName": "orders", **given}).parse(KeyVaultSettings))

    assert "orders" in shown
    assert SECRET not in shown
    assert "of-pem" not in shown


async def test_tenant_that_is_none_is_refused() -> None:
    with pytest.raises(InitError, match="azureTenantId is none"):
        await read(**{**PROVED, "azureTenantId": "no tenant/"})
