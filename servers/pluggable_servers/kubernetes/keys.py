"""
``crypto.dapr.kubernetes.secrets``: keys in the secrets of a cluster.

Source: components-contrib ``crypto/kubernetes/secrets``.
"""

from __future__ import annotations

from typing import Final

from pluggable.about import About
from pluggable.errors import InvalidRequestError, NotFoundError
from pluggable.metadata import Metadata

from ..crypto.key import VaultKey
from ..crypto.known import KnownKeys
from ..crypto.vault import LocalVault
from .api import Cluster
from .settings import Settings

#: What a secret's type says of its keys, as the suffix of a file would; another leaves it open.
SUFFIXES: Final = {
    "application/json": ".json",
    "application/x-pem-file": ".pem",
    "application/pkcs8": ".pem",
}


class KubernetesSecretsVault(LocalVault):
    """Keys named ``namespace/secret/key``, or ``secret/key`` in the default one; fetched for each use."""

    about = About(
        settings=Settings,
        title="Kubernetes Secrets",
        description="Keys in secrets of the cluster that the component runs in, or that a kubeconfig names.",
        url="https://docs.dapr.io/reference/components-reference/supported-cryptography/kubernetes-secrets/",
    )

    _cluster: Cluster
    _namespace: str

    def __init__(self) -> None:
        self._known = KnownKeys()

    async def init(self, metadata: Metadata) -> None:
        settings = metadata.parse(Settings)
        self._namespace = settings.default_namespace
        self._cluster = await Cluster.opened(settings)

    async def close(self) -> None:
        await self._cluster.close()

    async def _key(self, name: str) -> VaultKey:
        namespace, secret, key = self._place(name)
        found = await self._cluster.secret(namespace, secret)
        if not (data := found.data.get(key)):
            raise NotFoundError(f'key not found: secret "{secret}" of namespace "{namespace}" has no "{key}"')
        return await self._known.read(f"{namespace}/{secret}/{key}", data, SUFFIXES.get(found.type, ""))

    def _place(self, name: str) -> tuple[str, str, str]:
        """Return the namespace, the secret and the key in it."""
        match name.split("/"):
            case [secret, key] if self._namespace:
                return self._namespace, secret, key
            case [_, _]:
                raise InvalidRequestError(
                    f'key "{name}" has no namespace and defaultNamespace is not set; '
                    "wanted namespace/secret/key"
                )
            case [namespace, secret, key]:
                return namespace, secret, key
        raise InvalidRequestError(f'key "{name}" is not named namespace/secret/key or secret/key')
