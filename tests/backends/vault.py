"""
A double of HashiCorp Vault: a real HTTP server with its key/value engine, version 2, and its tokens.

Written from HashiCorp's API documentation (``api-docs/secret/kv/kv-v2``, ``api-docs/system/health``), as no
Vault is to be had where these tests run. What it answers has not been compared to a real Vault.
"""

from __future__ import annotations

import json
import ssl
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from .http import HTTPDouble, Reply, Request

TOKEN: Final = "hvs.test-token"
_AT: Final = "2026-01-02T03:04:05.678901234Z"


class Vault(HTTPDouble):
    """One engine: each secret is the list of its versions, ``None`` for one that was deleted."""

    def __init__(self, *, engine: str = "secret", tls: ssl.SSLContext | None = None) -> None:
        super().__init__(tls)
        self.engine = engine
        self.tokens = {TOKEN}
        self.secrets: dict[str, list[dict[str, Any] | None]] = {}
        #: Secrets that the token's policy does not let it read.
        self.denied: set[str] = set()
        self.sealed = False
        self.limited = False
        #: Where the active server is, if this one is a standby that sends there.
        self.moved = ""

    def put(self, name: str, **fields: Any) -> None:
        """Store the next version of a secret."""
        self.secrets.setdefault(name, []).append(fields)

    def answer(self, request: Request) -> Reply:
        url = urlsplit(request.path)
        path = unquote(url.path).lstrip("/")
        if self.moved:
            return Reply(status=307, headers={"Location": self.moved + request.path})
        if self.sealed:
            return _errors(503, "Vault is sealed")
        if path == "v1/sys/health":
            return Reply(body=json.dumps({"initialized": True, "sealed": False, "standby": False}))
        if request.headers.get("x-vault-request") != "true":
            return _errors(412, "missing 'X-Vault-Request' header")
        if request.headers.get("x-vault-token") not in self.tokens:
            return _errors(403, "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n")
        if self.limited:
            return _errors(429, "request path rate limit quota exceeded")
        version = parse_qs(url.query).get("version", ["0"])[0]
        return self._served(request.method, path, version)

    def _served(self, method: str, path: str, version: str) -> Reply:
        data, metadata = f"v1/{self.engine}/data/", f"v1/{self.engine}/metadata/"
        if method == "GET" and path.startswith(data):
            return self._read(path.removeprefix(data), version)
        if method == "LIST" and path.startswith(metadata):
            return self._list(path.removeprefix(metadata))
        route = path.removeprefix("v1/")
        return _errors(404, f'no handler for route "{route}". route entry not found.')

    def _read(self, name: str, version: str) -> Reply:
        if name in self.denied:
            return _errors(403, "1 error occurred:\n\t* permission denied\n\n")
        if not version.isdecimal():
            return _errors(400, 'Field validation failed: error converting input for field "version"')
        versions = self.secrets.get(name, [])
        number = int(version) or len(versions)
        if not 0 < number <= len(versions):
            return _errors(404)
        fields = versions[number - 1]
        metadata = {
            "created_time": _AT,
            "custom_metadata": None,
            "deletion_time": _AT if fields is None else "",
            "destroyed": False,
            "version": number,
        }
        return _told({"data": fields, "metadata": metadata}, status=404 if fields is None else 200)

    def _list(self, folder: str) -> Reply:
        folder = folder and folder.rstrip("/") + "/"
        below = [name.removeprefix(folder) for name in self.secrets if name.startswith(folder)]
        keys = {name.partition("/")[0] + "/" if "/" in name else name for name in below}
        return _told({"keys": sorted(keys)}) if keys else _errors(404)


def _told(data: dict[str, Any], status: int = 200) -> Reply:
    answer = {
        "request_id": "d1a1a1a1-0000-4000-8000-000000000000",
        "lease_id": "",
        "renewable": False,
        "lease_duration": 0,
        "data": data,
        "wrap_info": None,
        "warnings": None,
        "auth": None,
        "mount_type": "kv",
    }
    # As Go writes JSON: without spaces, and with what HTML knows escaped.
    text = json.dumps(answer, separators=(",", ":"), ensure_ascii=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Reply(status=status, body=text + "\n")


def _errors(status: int, *errors: str) -> Reply:
    return Reply(status=status, body=json.dumps({"errors": list(errors)}))
