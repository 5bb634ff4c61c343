"""
A double of Azure Key Vault and Entra ID's tokens: a real HTTPS server, which a proxy puts at their addresses.

Written from Microsoft's references of their REST APIs (``keyvault/secrets``, versions 7.x;
``entra/identity-platform/v2-oauth2-client-creds-grant-flow``), as no Azure is to be had where these tests
run. What it answers has not been compared to the real ones.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import parse_qs, unquote, urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from .certificates import Authority, self_signed
from .http import HTTPDouble, Reply, Request
from .proxy import proxy

TENANT: Final = "11111111-2222-4333-8444-555555555555"
APPLICATION: Final = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
SECRET: Final = "s3cr3t~of.the-application"
TOKEN: Final = "eyJ0eXAiOiJKV1QifQ.token.of-the-double"
#: The clouds' domains: of vaults, and of those who sign in.
DOMAINS: Final = {
    "vault.azure.net": "login.microsoftonline.com",
    "vault.azure.cn": "login.chinacloudapi.cn",
    "vault.usgovcloudapi.net": "login.microsoftonline.us",
}
_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_METADATA: Final = ("discovery/instance", ".well-known/openid-configuration")


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a secret."""

    id: str
    value: str
    enabled: bool = True


class KeyVault(HTTPDouble):
    """Vaults by name, each with its secrets by name and their versions, the latest last."""

    def __init__(self, folder: Path, *, secret: str = SECRET) -> None:
        authority = Authority()
        names = [*(f"*.{vaults}" for vaults in DOMAINS), *DOMAINS.values()]
        super().__init__(authority.signs(*names).served(folder))
        self._folder = folder
        self._secret = secret
        self.trusted = folder / "azure.pem"
        self.trusted.write_text(authority.pem)
        self.proxy = ""
        self.vaults: dict[str, dict[str, list[Version]]] = {}
        #: Tokens that count; each that is handed out is the first of them.
        self.tokens = [TOKEN]
        self.certificate: x509.Certificate | None = None
        #: What the issuer of a workload's tokens, whom the application trusts, has given it.
        self.workload = ""
        #: Secrets that the application may not read.
        self.denied: set[str] = set()
        #: Secrets that were deleted since they were listed.
        self.gone: set[str] = set()
        self.limited = False
        #: Whether Entra ID is there.
        self.signs_in = True
        #: Nothing is answered while this is not set.
        self.goes_on = threading.Event()
        self.goes_on.set()
        #: How many secrets a page of a list has where nobody says; Azure's are of 25.
        self.page = 25

    @contextmanager
    def running(self) -> Iterator[Self]:
        with HTTPDouble.running(self), proxy(self.port) as self.proxy:
            yield self

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a process that believes this to be Azure."""
        return {"HTTPS_PROXY": self.proxy, "NO_PROXY": "", "SSL_CERT_FILE": str(self.trusted)}

    def identity(self, password: str = "") -> Path:
        """A file with the application's certificate and its key: in PEM, or with a password in PKCS #12."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.certificate = self_signed(key, "application")
        path = self._folder / ("application.pfx" if password else "application.pem")
        if password:
            lock = serialization.BestAvailableEncryption(password.encode())
            path.write_bytes(
                pkcs12.serialize_key_and_certificates(b"application", key, self.certificate, None, lock)
            )
            return path
        pem, unlocked = serialization.Encoding.PEM, serialization.NoEncryption()
        path.write_bytes(
            self.certificate.public_bytes(pem)
            + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, unlocked)
        )
        return path

    def put(self, vault: str, name: str, value: str, *, enabled: bool = True) -> str:
        """Store the next version of a secret, and return what it is called."""
        versions = self.vaults.setdefault(vault, {}).setdefault(name, [])
        made = Version(id=f"{len(versions) + 1:032x}", value=value, enabled=enabled)
        versions.append(made)
        return made.id

    def answer(self, request: Request) -> Reply:
        self.goes_on.wait(30)
        host = request.headers["host"].partition(":")[0]
        if host in DOMAINS.values():
            return self._token(host, request) if self.signs_in else _failed(502, "Away", "Bad Gateway")
        vault, _, domain = host.partition(".")
        if domain not in DOMAINS:
            return _failed(404, "NotFound", f"nobody is called {host}")
        if request.headers.get("authorization") not in {f"Bearer {token}" for token in self.tokens}:
            challenge = (
                f'Bearer authorization="https://{DOMAINS[domain]}/{TENANT}", resource="https://{domain}"'
            )
            told = _failed(401, "Unauthorized", "AKV10000: Request is missing a Bearer or PoP token.")
            return Reply(status=401, body=told.body, headers={"WWW-Authenticate": challenge})
        if self.limited:
            return _failed(429, "Throttled", "Request was not processed: too many requests were received.")
        return self._told(host, vault, request)

    def _told(self, host: str, vault: str, request: Request) -> Reply:
        url = urlsplit(request.path)
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        if "api-version" not in asked:
            return _failed(400, "BadParameter", "The api-version query parameter is missing.")
        match [unquote(part) for part in url.path.strip("/").split("/")]:
            case ["secrets"]:
                return self._list(host, vault, asked)
            case ["secrets", name]:
                return self._read(host, vault, name, "")
            case ["secrets", name, version]:
                return self._read(host, vault, name, version)
        return _failed(404, "NotFound", "Resource not found.")

    def _read(self, host: str, vault: str, name: str, version: str) -> Reply:
        if not name.replace("-", "").isalnum():
            return _failed(400, "BadParameter", f"The request URI contains an invalid name: {name}")
        if name in self.denied:
            caller = f"The user, group or application 'appid={APPLICATION}'"
            return _failed(
                403, "Forbidden", f"{caller} does not have secrets get permission on key vault '{vault}'."
            )
        versions = [] if name in self.gone else self.vaults.get(vault, {}).get(name, [])
        found = next((each for each in reversed(versions) if version in {"", each.id}), None)
        if found is None:
            which = f"{name}/{version}" if version else name
            return _failed(
                404, "SecretNotFound", f"A secret with (name/id) {which} was not found in this key vault."
            )
        if not found.enabled:
            return _failed(403, "Forbidden", "Operation get is not allowed on a disabled secret.")
        told = {"value": found.value, **_item(host, name, found), "id": _id(host, name, found.id)}
        return Reply(body=json.dumps(told))

    def _list(self, host: str, vault: str, asked: dict[str, str]) -> Reply:
        start, size = int(asked.get("$skiptoken", 0)), int(asked.get("maxresults", self.page))
        secrets = sorted(self.vaults.get(vault, {}).items())
        items = [_item(host, name, versions[-1]) for name, versions in secrets[start : start + size]]
        onward = f"https://{host}/secrets?api-version={asked['api-version']}&$skiptoken={start + size}"
        return Reply(
            body=json.dumps({"value": items, "nextLink": onward if len(secrets) > start + size else None})
        )

    def _token(self, host: str, request: Request) -> Reply:
        path = urlsplit(request.path).path.strip("/")
        if path.endswith(_METADATA):
            return _metadata(host)
        given = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if request.method != "POST" or path != f"{TENANT}/oauth2/v2.0/token":
            return _refused("invalid_request", "AADSTS90002: Tenant was not found.")
        if given.get("client_id") != APPLICATION or given.get("grant_type") != "client_credentials":
            return _refused("unauthorized_client", "AADSTS700016: Application was not found.")
        if not (given.get("client_secret") == self._secret or self._signed(given)):
            return _refused("invalid_client", "AADSTS7000215: Invalid client secret provided.")
        told = {"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599}
        return Reply(body=json.dumps({**told, "access_token": self.tokens[0]}))

    def _signed(self, given: dict[str, str]) -> bool:
        """Whether an assertion is signed with the key of the certificate, or is the workload's."""
        if given.get("client_assertion_type") != _ASSERTION:
            return False
        if self.certificate is None:
            return given["client_assertion"] == self.workload != ""
        head, claims, signature = given["client_assertion"].split(".")
        if _decoded(claims)["sub"] != APPLICATION:
            return False
        key = self.certificate.public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
        scheme = pss if _decoded(head)["alg"] == "PS256" else padding.PKCS1v15()
        try:
            key.verify(_bytes(signature), f"{head}.{claims}".encode(), scheme, hashes.SHA256())
        except InvalidSignature:
            return False
        return True


def _item(host: str, name: str, version: Version) -> dict[str, Any]:
    times = {"created": 1767322800, "updated": 1767322800, "recoveryLevel": "Recoverable+Purgeable"}
    return {"id": _id(host, name), "attributes": {"enabled": version.enabled, **times}, "tags": {}}


def _id(host: str, *parts: str) -> str:
    return "/".join([f"https://{host}/secrets", *parts])


def _metadata(host: str) -> Reply:
    """What libraries ask of who signs in before they ask for a token."""
    at = f"https://{host}/{TENANT}"
    alias = {"preferred_network": host, "preferred_cache": host, "aliases": [host]}
    told = {
        "tenant_discovery_endpoint": f"{at}/v2.0/.well-known/openid-configuration",
        "api-version": "1.1",
        "metadata": [alias],
        "issuer": f"{at}/v2.0",
        "authorization_endpoint": f"{at}/oauth2/v2.0/authorize",
        "token_endpoint": f"{at}/oauth2/v2.0/token",
    }
    return Reply(body=json.dumps(told))


def _decoded(part: str) -> Any:
    return json.loads(_bytes(part))


def _bytes(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _failed(status: int, code: str, message: str) -> Reply:
    return Reply(status=status, body=json.dumps({"error": {"code": code, "message": message}}))


def _refused(error: str, description: str) -> Reply:
    status = 401 if error == "invalid_client" else 400
    return Reply(status=status, body=json.dumps({"error": error, "error_description": description}))
