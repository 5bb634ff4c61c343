"""
Where the API server is, and how to authenticate with it: as the pod's service account, or by a kubeconfig.

Source: client-go ``rest.InClusterConfig`` and ``tools/clientcmd``, as components-contrib
``common/authentication/kubernetes`` uses them: in a pod, the service account goes before any kubeconfig.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ..token import Token
from ..trust import trusting

#: Where Kubernetes mounts what a pod authenticates with.
SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
HOST: Final = "KUBERNETES_SERVICE_HOST"
PORT: Final = "KUBERNETES_SERVICE_PORT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One API server, and one way to authenticate with it."""

    server: str
    """Its address, without a slash at the end."""
    tls: ssl.SSLContext
    token: Token | None = field(default=None, repr=False)
    basic: tuple[str, str] | None = field(default=None, repr=False)
    """A user and a password."""
    server_name: str | None = None
    """The name that its certificate has, if not that of the address."""


def in_cluster(environment: Mapping[str, str], folder: Path) -> Access | None:
    """Return the access of the pod's service account; ``None`` where this is no pod. It reads files."""
    host, port = environment.get(HOST), environment.get(PORT)
    token = folder / "token"
    if not host or not port or not token.is_file():
        return None
    authority = folder / "ca.crt"
    context = trusting(authority.read_text(encoding="ascii")) if authority.is_file() else trusting()
    shown = f"[{host}]" if ":" in host else host
    return Access(server=f"https://{shown}:{port}", tls=context, token=Token(path=token))
