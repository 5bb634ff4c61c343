"""
Records what a daprd asks of Azure Key Vault and of Entra ID, and what it makes of the answers.

``DAPRD=/path/to/daprd python -m tests.e2e.recorded.keyvault VERSION`` writes ``keyvault.json``: for each
store and each call, the requests with a token that came to the double of tests/backends/keyvault.py, and the
values that the daprd answered over its HTTP API (null for an error); for each store, the tokens it asked for.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from tests.backends.http import Request
from tests.backends.keyvault import APPLICATION, DOMAINS, SECRET, TENANT, KeyVault
from tests.e2e.daprds import daprd
from tests.e2e.recorded.secrets import Call
from tests.e2e.sidecars import Sidecar

FILE: Final = Path(__file__).parent / "keyvault.json"
TYPE: Final = "secretstores.azure.keyvault"
#: The versions of ``db``; the double names them by their numbers.
OLD, NEW, NEITHER = (f"{number:032x}" for number in (1, 2, 3))

_NAMED: Final = {"azureTenantId": TENANT, "azureClientId": APPLICATION}
_PROVED: Final = {**_NAMED, "azureClientSecret": SECRET}
_ALIASES: Final = {"spnTenantId": TENANT, "spnClientId": APPLICATION, "spnClientSecret": SECRET}
#: The stores, by what their YAML says; where it says ``FILE``, the file with the application's certificate.
STORES: Final[Mapping[str, Mapping[str, str]]] = {
    "plain": {"vaultName": "orders", **_PROVED},
    "aliases": {"vaultName": "orders", "azureCloud": "AzurePublic", **_ALIASES},
    "host": {"vaultName": "orders.vault.azure.cn", **_PROVED},
    "address": {"vaultName": "https://orders.vault.usgovcloudapi.net", **_PROVED},
    "environment": {"vaultName": "orders", "azureEnvironment": "AzureChinaCloud", **_PROVED},
    "methods": {"vaultName": "orders", "azureAuthMethods": "Creds, MI", **_PROVED},
    "certificate": {"vaultName": "orders", **_NAMED, "azureCertificateFile": "FILE"},
    "wrong": {"vaultName": "orders", **_NAMED, "azureClientSecret": "another"},
}
#: Of each store the first two are asked for, of the first all.
CALLS: Final = (
    Call("db"),
    Call(None),
    Call("db", {"version_id": OLD}),
    Call("db", {"version_id": NEW}),
    Call("db", {"version_id": NEITHER}),
    Call("db", {"version_id": ""}),
    Call("DB-2"),
    Call("off"),
    Call("denied"),
    Call("none"),
    Call(None, {"maxresults": "3"}),
    Call(None, {"maxresults": "0"}),
    Call(None, {"maxresults": "-1"}),
    Call(None, {"maxresults": "many"}),
)


@contextmanager
def azure(folder: Path) -> Iterator[KeyVault]:
    """A vault with secrets on several pages; one that may not be read is in no list."""
    with KeyVault(folder).running() as double:
        double.page = 4
        double.put("orders", "db", "<é>&\n")
        double.put("orders", "db", "second")
        double.put("orders", "DB-2", "")
        double.put("orders", "off", "1", enabled=False)
        for number in range(7):
            double.put("orders", f"s{number}", str(number))
        double.denied.add("denied")
        yield double


def write_components(folder: Path, double: KeyVault) -> None:
    """Write a component a store."""
    certificate = str(double.identity())
    for name, properties in STORES.items():
        component = {
            "apiVersion": "dapr.io/v1alpha1",
            "kind": "Component",
            "metadata": {"name": name},
            "spec": {
                "type": TYPE,
                "version": "v1",
                "metadata": [
                    {"name": each, "value": certificate if value == "FILE" else value}
                    for each, value in properties.items()
                ],
            },
        }
        (folder / f"{name}.yaml").write_text(json.dumps(component))


async def asked(running: Sidecar, double: KeyVault) -> dict[str, dict[str, Any]]:
    """Make all calls of a sidecar, and return what it asked and answered."""
    told: dict[str, dict[str, Any]] = {}
    for store in STORES:
        tokens: list[list[str]] = []
        told[store] = {}
        for call in CALLS if store == "plain" else CALLS[:2]:
            double.asked.clear()
            query = urlencode({f"metadata.{name}": value for name, value in call.metadata.items()})
            answer = await running.call("GET", f"/v1.0/secrets/{store}/{call.key or 'bulk'}?{query}")
            values = answer.json() if answer.status == 200 else None
            told[store][call.name] = {"requests": _requests(double.asked), "values": values}
            tokens += (token for token in _tokens(double.asked) if token not in tokens)
        told[store]["tokens"] = tokens
    return told


def _requests(seen: list[Request]) -> list[list[str]]:
    """What is to be the same of requests with a token: in any order, as some are made side by side."""
    found = []
    for each in seen:
        if "authorization" in each.headers:
            url = urlsplit(each.path)
            query = urlencode(sorted(parse_qsl(url.query)))
            found.append([each.method, each.headers["host"], url.path.rstrip("/"), query])
    return sorted(found)


def _tokens(seen: list[Request]) -> list[list[str]]:
    """What is to be the same of requests for tokens; an assertion is signed anew for each."""
    found = []
    for each in seen:
        if each.method == "POST" and each.headers["host"] in DOMAINS.values():
            form = {name: values[0] for name, values in parse_qs(each.body.decode()).items()}
            scopes = [scope for scope in form["scope"].split() if scope.startswith("https://")]
            proof = form.get("client_secret") or form["client_assertion_type"]
            names = [form["grant_type"], form["client_id"], *scopes, proof]
            found.append([each.headers["host"], each.path, *names])
    return found


async def record(folder: Path) -> dict[str, Any]:
    """Run a daprd, and return what it did."""
    resources = folder / "resources"
    resources.mkdir()
    with azure(folder) as double:
        write_components(resources, double)
        async with daprd(resources, environment=double.environment) as running:
            return await asked(running, double)


def main() -> None:
    """Write the file, and into it by whom and how it was written."""
    with tempfile.TemporaryDirectory() as folder:
        told = asyncio.run(record(Path(folder)))
    by = f"daprd {sys.argv[1]}, over its HTTP API, at a double: python -m tests.e2e.recorded.keyvault"
    FILE.write_text(json.dumps({"by": by, "stores": told}, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
