"""
A kubeconfig: which of its clusters and users is meant, and what they say.

Source: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
"""

from __future__ import annotations

import base64
import binascii
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pluggable.errors import InitError

from ..token import Token
from ..trust import show, trusting
from .access import Access

#: What asks a program, or a service, for a token.
_PLUGINS: Final = ("exec", "auth-provider")


def read_kubeconfig(path: Path) -> Access:
    """
    Return the access of the current context. It reads files.

    Raises:
        InitError: the file does not say enough, or says what is not supported here.
    """
    import yaml  # only who is outside a pod pays for it

    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InitError(f"the kubeconfig {path} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeError):
        raise InitError(f"the kubeconfig {path} is no YAML") from None  # what it quotes may be a secret
    return _Kubeconfig(path, told if isinstance(told, dict) else {}).access()


@dataclass(frozen=True, slots=True)
class _Part:
    """A cluster or a user, with what its files are relative to."""

    members: Mapping[str, Any]
    folder: Path
    what: str

    def text(self, name: str) -> str:
        return str(self.members.get(name) or "")

    def path(self, name: str) -> Path | None:
        found = self.text(name)
        return self.folder / found if found else None

    def pem(self, name: str) -> str | None:
        """Return what stands in place in base64, or else in a file."""
        try:
            if data := self.text(f"{name}-data"):
                return base64.b64decode(data, validate=True).decode("ascii")
            path = self.path(name)
            return path.read_text(encoding="ascii") if path else None
        except OSError as error:
            raise InitError(
                f"{self.what}: {name} {error.filename} cannot be read: {error.strerror}"
            ) from error
        except (binascii.Error, UnicodeError):
            raise InitError(f"{self.what}: {name} is no PEM") from None


class _Kubeconfig:
    """The parts of one file."""

    def __init__(self, path: Path, told: Mapping[str, Any]) -> None:
        self._path = path
        self._told = told

    def access(self) -> Access:
        context = self._part("contexts", "context", str(self._told.get("current-context") or ""))
        cluster = self._part("clusters", "cluster", context.text("cluster"))
        user = self._part("users", "user", context.text("user")) if context.text("user") else None
        server = cluster.text("server").rstrip("/")
        if not server.startswith(("https://", "http://")):
            raise InitError(f'{cluster.what}: server is "{server}", wanted an address')
        tls = _tls(cluster)
        server_name = cluster.text("tls-server-name") or None
        if user is None:
            return Access(server=server, tls=tls, server_name=server_name)
        for plugin in _PLUGINS:
            if user.members.get(plugin):
                raise InitError(
                    f"{user.what}: {plugin} is not supported here; give it a token or a client certificate"
                )
        _show(tls, user)
        return Access(server=server, tls=tls, server_name=server_name, token=_token(user), basic=_basic(user))

    def _part(self, group: str, kind: str, name: str) -> _Part:
        """Return the part with this name."""
        listed = self._told.get(group)
        for each in listed if isinstance(listed, list) else ():
            if isinstance(each, dict) and each.get("name") == name and isinstance(each.get(kind), dict):
                what = f'the kubeconfig {self._path}, {kind} "{name}"'
                return _Part(each[kind], self._path.parent, what)
        raise InitError(f'the kubeconfig {self._path} has no {kind} "{name}"')


def _tls(cluster: _Part) -> ssl.SSLContext:
    authorities = cluster.pem("certificate-authority")
    try:
        return trusting(authorities, verifies=cluster.members.get("insecure-skip-tls-verify") is not True)
    except ValueError as error:
        raise InitError(f"{cluster.what}: certificate-authority holds {error}") from error


def _show(context: ssl.SSLContext, user: _Part) -> None:
    """Let the client show its certificate, if it has one."""
    certificate, key = user.pem("client-certificate"), user.pem("client-key")
    if not certificate or not key:
        return
    try:
        show(context, certificate, key)
    except (ssl.SSLError, ValueError):
        raise InitError(f"{user.what}: client-certificate and client-key do not go together") from None


def _token(user: _Part) -> Token | None:
    path = user.path("tokenFile")
    if path is not None:  # it goes before the token in place
        return Token(path=path)
    return Token(user.text("token")) if user.text("token") else None


def _basic(user: _Part) -> tuple[str, str] | None:
    return (user.text("username"), user.text("password")) if user.text("username") else None
