"""
``secretstores.kubernetes``: the secrets of a cluster.

Source: components-contrib ``secretstores/kubernetes``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from pluggable.about import About
from pluggable.errors import InvalidRequestError
from pluggable.metadata import NO_METADATA, Metadata
from pluggable.secretstores import GetRequest, SecretStore

from .api import Cluster, Secret
from .settings import Settings

#: The variable with the pod's namespace, which Dapr's injector sets.
NAMESPACE: Final = "NAMESPACE"


class KubernetesSecretStore(SecretStore):
    """
    Secrets of a namespace: that of the request's metadata, else of the variable NAMESPACE, else the default.

    In a pod the service account is used, whose token is read anew for each request.
    """

    about = About(
        settings=Settings,
        title="Kubernetes",
        description="Secrets of the cluster that the component runs in, or that a kubeconfig names.",
        url="https://docs.dapr.io/reference/components-reference/supported-secret-stores/kubernetes-secret-store/",
    )

    _cluster: Cluster
    _namespace: str

    async def init(self, metadata: Metadata) -> None:
        settings = metadata.parse(Settings)
        self._namespace = os.environ.get(NAMESPACE) or settings.default_namespace
        self._cluster = await Cluster.opened(settings)

    async def close(self) -> None:
        await self._cluster.close()

    async def get(self, request: GetRequest) -> Mapping[str, str]:
        return _values(await self._cluster.secret(self._in(request.metadata), request.key))

    async def bulk_get(self, metadata: Mapping[str, str] = NO_METADATA) -> Mapping[str, Mapping[str, str]]:
        return {secret.name: _values(secret) for secret in await self._cluster.secrets(self._in(metadata))}

    def _in(self, metadata: Mapping[str, str]) -> str:
        """Return the namespace that is meant."""
        if namespace := metadata.get("namespace") or self._namespace:
            return namespace
        raise InvalidRequestError(
            f"no namespace: wanted one in the request's metadata, in the variable {NAMESPACE}, "
            "or in defaultNamespace"
        )


def _values(secret: Secret) -> dict[str, str]:
    """Return a secret's values as texts; what is no UTF-8 has U+FFFD for it, as JSON shows it."""
    return {name: data.decode(errors="replace") for name, data in secret.data.items()}
