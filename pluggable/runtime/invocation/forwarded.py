"""What a sidecar adds to the headers of a call: who calls whom, and by way of which host."""

from __future__ import annotations

import ipaddress
import os
import socket
from typing import Final

from .headers import CALLEE_ID, CALLER_ID, CALLER_NAMESPACE, DESTINATION, replaced
from .values import Headers

HOST_VARIABLE: Final = "DAPR_HOST_IP"
#: Where nothing is sent to, to learn from which address it would be. Source: dapr/dapr ``utils/host.go``.
_NOWHERE: Final = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))


def host_address(environment: dict[str, str] | os._Environ[str] | None = None) -> str:
    """Return the address by which others reach this host: ``DAPR_HOST_IP``, that of the way out, or none."""
    named = (os.environ if environment is None else environment).get(HOST_VARIABLE, "")
    if named:
        return named
    for family, address in _NOWHERE:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((address, 80))
            except OSError:
                continue
            return str(probe.getsockname()[0])
    return ""


class Forwarded:
    """Adds a sidecar's own headers."""

    def __init__(self, app_id: str, namespace: str, host: str) -> None:
        self._caller = ((CALLER_NAMESPACE, namespace), (CALLER_ID, app_id))
        name = socket.gethostname()
        by = _quoted(host)
        told = [f"for={by};by={by}"] if host else []
        told += [f"host={name}"] if name else []
        self._host = tuple(
            pair
            for pair in (
                ("x-forwarded-for", host),
                ("x-forwarded-host", name),
                ("forwarded", ";".join(told)),
            )
            if pair[1]
        )

    def local(self, headers: Headers, callee: str) -> Headers:
        """Return the headers of a call to the own application."""
        return replaced(headers, (*self._caller, (CALLEE_ID, callee)))

    def remote(self, headers: Headers, callee: str) -> Headers:
        """Return the headers of a call to another sidecar."""
        own = (*self._caller, (CALLEE_ID, callee), (DESTINATION, callee))
        return (*replaced(headers, own), *self._host)


def _quoted(host: str) -> str:
    """Return an address as RFC 7239 has it."""
    try:
        return f'"[{host}]"' if ipaddress.ip_address(host).version == 6 else host
    except ValueError:
        return host
