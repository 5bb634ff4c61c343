"""
Records what a daprd asks of Vault and of Kubernetes, and what it makes of the answers.

``DAPRD=/path/to/daprd python -m tests.e2e.recorded.secrets VERSION`` writes ``secrets.json``: for each store
and each call, the requests that came to the doubles of tests/backends, and the values that the daprd answered
over its HTTP API (null for an error); and a text that it encrypted with a key in a secret.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from tests.backends.http import HTTPDouble, Request
from tests.backends.kubernetes import APIServer
from tests.backends.vault import TOKEN, Vault
from tests.e2e.daprds import daprd
from tests.e2e.sidecars import Sidecar

FILE: Final = Path(__file__).parent / "secrets.json"
VAULT: Final = "secretstores.hashicorp.vault"
KUBERNETES: Final = "secretstores.kubernetes"
CRYPTO: Final = "crypto.dapr.kubernetes.secrets"
KEY: Final = bytes(range(32))
TEXT: Final = b"a text that a vault encrypts"

#: The stores, each with its type and what its YAML says beside the address.
STORES: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "plain": (VAULT, {}),
    "text": (VAULT, {"vaultValueType": "text"}),
    "root": (VAULT, {"vaultKVUsePrefix": "false"}),
    "team": (VAULT, {"vaultKVPrefix": "team/one"}),
    "elsewhere": (VAULT, {"enginePath": "kv"}),
    "cluster": (KUBERNETES, {"defaultNamespace": "shop"}),
}


@dataclass(frozen=True, slots=True)
class Call:
    """A request for one secret, or for all."""

    key: str | None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.key or 'all'} {dict(self.metadata)}"


CALLS: Final[Mapping[str, tuple[Call, ...]]] = {
    VAULT: (
        Call("db"),
        Call("db", {"version_id": "1"}),
        Call("db", {"version_id": "0"}),
        Call("db", {"version_id": "9"}),
        Call("deep/er"),
        Call("a b"),
        Call("old"),
        Call("none"),
        Call(None),
        Call(None, {"version_id": "1"}),
    ),
    KUBERNETES: (
        Call("db"),
        Call("db", {"namespace": "other"}),
        Call("none"),
        Call(None),
        Call(None, {"namespace": "other"}),
        Call(None, {"namespace": "none"}),
    ),
}


@dataclass(frozen=True, slots=True)
class Doubles:
    """What the stores are at."""

    vault: Vault
    cluster: APIServer

    def of(self, type_: str) -> HTTPDouble:
        return self.vault if type_ == VAULT else self.cluster

    def properties(self, type_: str) -> dict[str, str]:
        """What each component of this type says of where it is at."""
        if type_ == VAULT:
            return {"vaultAddr": self.vault.url, "vaultToken": TOKEN}
        return {"kubeconfigPath": str(self.cluster.folder / "kubeconfig")}


@contextmanager
def doubles(folder: Path) -> Iterator[Doubles]:
    """Vault and Kubernetes with secrets, and a kubeconfig."""
    with Vault().running() as vault, APIServer(folder).running() as cluster:
        for prefix in ("dapr/", "team/one/", ""):
            vault.put(f"{prefix}db", user="ann", password="<é>&\n")
            vault.put(f"{prefix}db", user="bob", password="2")
            vault.put(f"{prefix}deep/er", a="1")
            vault.put(f"{prefix}a b", a="2")
            vault.secrets[f"{prefix}old"] = [None]
        cluster.put("shop", "db", {"user": "ann", "password": "<é>&\n"})
        cluster.put("shop", "empty", {})
        cluster.put("other", "db", {"user": "bob"})
        cluster.put("shop", "keys", {"aes": base64.b64encode(KEY)})
        cluster.kubeconfig()
        yield Doubles(vault, cluster)


def write_components(folder: Path, found: Doubles) -> None:
    """Write a component a store, and one of keys, called ``keys``."""
    components = {**STORES, "keys": (CRYPTO, {"defaultNamespace": "shop"})}
    for name, (type_, properties) in components.items():
        given = {**found.properties(type_), **properties}
        component = {
            "apiVersion": "dapr.io/v1alpha1",
            "kind": "Component",
            "metadata": {"name": name},
            "spec": {
                "type": type_,
                "version": "v1",
                "metadata": [{"name": each, "value": value} for each, value in given.items()],
            },
        }
        (folder / f"{name}.yaml").write_text(json.dumps(component))


async def asked(running: Sidecar, found: Doubles) -> dict[str, dict[str, Any]]:
    """Make all calls of a sidecar, and return what it asked and answered."""
    told: dict[str, dict[str, Any]] = {}
    for store, (type_, _) in STORES.items():
        double = found.of(type_)
        told[store] = {}
        for call in CALLS[type_]:
            double.asked.clear()
            query = urlencode({f"metadata.{name}": value for name, value in call.metadata.items()})
            path = f"/v1.0/secrets/{store}/{quote(call.key, safe='') if call.key else 'bulk'}?{query}"
            answer = await running.call("GET", path)
            values = answer.json() if answer.status == 200 else None
            told[store][call.name] = {"requests": requests(double.asked), "values": values}
    return told


def requests(seen: list[Request]) -> list[list[str]]:
    """What is to be the same of requests: in any order, as some are made side by side."""
    wanted = ("x-vault-token", "x-vault-request", "authorization")
    return sorted(
        [
            each.method,
            each.path,
            *(f"{name}: {each.headers[name]}" for name in wanted if name in each.headers),
        ]
        for each in seen
    )


async def encrypted(running: Sidecar) -> bytes:
    """Let a sidecar encrypt the text."""
    headers = {"dapr-key-name": "keys/aes", "dapr-key-wrap-algorithm": "A256KW"}
    answer = await running.call("PUT", "/v1.0-alpha1/crypto/keys/encrypt", TEXT, headers)
    assert answer.status == 200, answer.body
    return answer.body


async def decrypted(running: Sidecar, data: bytes) -> bytes:
    """Let a sidecar decrypt."""
    answer = await running.call("PUT", "/v1.0-alpha1/crypto/keys/decrypt", data)
    assert answer.status == 200, answer.body
    return answer.body


async def record(folder: Path) -> dict[str, Any]:
    """Run a daprd, and return what it did."""
    resources = folder / "resources"
    resources.mkdir()
    with doubles(folder) as found:
        write_components(resources, found)
        async with daprd(resources) as running:
            return {
                "stores": await asked(running, found),
                "encrypted": base64.b64encode(await encrypted(running)).decode(),
            }


def main() -> None:
    """Write the file, and into it by whom and how it was written."""
    with tempfile.TemporaryDirectory() as folder:
        told = asyncio.run(record(Path(folder)))
    by = f"daprd {sys.argv[1]}, over its HTTP API, at doubles: python -m tests.e2e.recorded.secrets"
    FILE.write_text(json.dumps({"by": by, **told}, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
