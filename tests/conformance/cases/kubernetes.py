"""Kubernetes: a double of its API server."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.backends.kubernetes import APIServer
from tests.servers.vaults import KEYS, materials, members, pem

from .case import Case, Suite, Surroundings
from .local import SECRETS


@asynccontextmanager
async def cluster(folder: Path) -> AsyncIterator[Surroundings]:
    """A namespace with the secrets that upstream's suite asks for."""
    with APIServer(folder).running() as server:
        for name, value in SECRETS.items():
            server.put("shop", name, {name: value})
        yield Surroundings(
            properties={"kubeconfigPath": str(server.kubeconfig()), "defaultNamespace": "shop"}
        )


@asynccontextmanager
async def cluster_with_keys(folder: Path) -> AsyncIterator[Surroundings]:
    """A namespace with a secret full of keys, in PEM, as JSON Web Keys, or in base64."""
    keys: dict[str, str | bytes] = {}
    for name, key in materials().items():
        if isinstance(key, bytes):
            keys[name] = base64.b64encode(key)
        else:
            keys[name] = json.dumps(members(key)) if name.endswith(".json") else pem(key)
    with APIServer(folder).running() as server:
        server.put("shop", "keys", keys)
        yield Surroundings(
            properties={"kubeconfigPath": str(server.kubeconfig()), "defaultNamespace": "shop"},
            keys=tuple(dataclasses.replace(key, name=f"keys/{key.name}") for key in KEYS),
        )


CASES: Final = (
    Case(type="secretstores.kubernetes", around=cluster, suites={"": Suite()}),
    Case(type="crypto.dapr.kubernetes.secrets", around=cluster_with_keys),
)
