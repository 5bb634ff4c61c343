"""
A double of Kubernetes' API server: a real HTTPS server with secrets, tokens and client certificates.

Written from Kubernetes' API reference (``config-and-storage-resources/secret-v1``, ``common-definitions``),
as no cluster is to be had where these tests run. What it answers has not been compared to a real API server.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from .certificates import Authority, Identity
from .http import HTTPDouble, Reply, Request

TOKEN: Final = "eyJhbGciOiJub25lIn0.service-account"
USER: Final = "admin"
PASSWORD: Final = "p4ssw0rd"


class APIServer(HTTPDouble):
    """Secrets by namespace and name; who may ask is who has a token, a certificate or the password."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = Authority()
        super().__init__(self.authority.signs("127.0.0.1").served(folder, asks=True))
        self.tokens = {TOKEN}
        self.secrets: dict[tuple[str, str], dict[str, Any]] = {}
        #: Namespaces whose secrets nobody may see.
        self.forbidden: set[str] = set()
        self.busy = False

    def put(
        self, namespace: str, name: str, values: Mapping[str, str | bytes], type_: str = "Opaque"
    ) -> None:
        """Store a secret instead of the one before."""
        data = {
            key: base64.b64encode(value if isinstance(value, bytes) else value.encode()).decode()
            for key, value in values.items()
        }
        self.secrets[namespace, name] = {
            "kind": "Secret",
            "apiVersion": "v1",
            "metadata": {"name": name, "namespace": namespace, "resourceVersion": "1"},
            "data": data,
            "type": type_,
        }

    def service_account(self) -> Path:
        """A folder as Kubernetes mounts it into pods."""
        folder = self.folder / "serviceaccount"
        folder.mkdir()
        (folder / "token").write_text(TOKEN)
        (folder / "ca.crt").write_text(self.authority.pem)
        (folder / "namespace").write_text("default")
        return folder

    def kubeconfig(self, user: Mapping[str, Any] | None = None, **cluster: Any) -> Path:
        """A kubeconfig whose current context has this cluster and this user; else one with a token."""
        authority = base64.b64encode(self.authority.pem.encode()).decode()
        known = {"server": self.url, "certificate-authority-data": authority, **cluster}
        told = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "contexts": [
                {"name": "other", "context": {"cluster": "other", "user": "other"}},
                {"name": "here", "context": {"cluster": "ours", "user": "me"}},
            ],
            "clusters": [
                {"name": "other", "cluster": {"server": "https://192.0.2.1"}},
                {"name": "ours", "cluster": {name: value for name, value in known.items() if value}},
            ],
            "users": [{"name": "me", "user": {"token": TOKEN} if user is None else dict(user)}],
        }
        path = self.folder / "kubeconfig"
        path.write_text(json.dumps(told))  # JSON is a part of YAML.
        return path

    def identity(self) -> Identity:
        """A client's certificate that this server trusts."""
        return self.authority.signs("admin")

    def answer(self, request: Request) -> Reply:
        if not self._knows(request):
            return _failed(401, "Unauthorized", "Unauthorized")
        if self.busy:
            return _failed(429, "TooManyRequests", "Too many requests, please try again later.")
        parts = unquote(urlsplit(request.path).path).split("/")
        match parts:
            case ["", "api", "v1", "namespaces", namespace, "secrets", *name] if len(name) < 2:
                return self._secrets(namespace, *name)
        return _failed(404, "NotFound", "the server could not find the requested resource")

    def _secrets(self, namespace: str, name: str | None = None) -> Reply:
        if namespace in self.forbidden:
            return _failed(
                403,
                "Forbidden",
                f'secrets is forbidden: User "system:serviceaccount:default:default" cannot list resource '
                f'"secrets" in API group "" in the namespace "{namespace}"',
            )
        if name is None:
            items = [told for (of, _), told in sorted(self.secrets.items()) if of == namespace]
            return Reply(
                body=json.dumps({"kind": "SecretList", "apiVersion": "v1", "metadata": {}, "items": items})
            )
        if (found := self.secrets.get((namespace, name))) is None:
            return _failed(404, "NotFound", f'secrets "{name}" not found')
        return Reply(body=json.dumps(found))

    def _knows(self, request: Request) -> bool:
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        if scheme == "Basic":
            return base64.b64decode(credentials).decode() == f"{USER}:{PASSWORD}"
        return credentials in self.tokens if scheme == "Bearer" else bool(request.certificate)


def _failed(code: int, reason: str, message: str) -> Reply:
    status = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }
    return Reply(status=code, body=json.dumps(status))
