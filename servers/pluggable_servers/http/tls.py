"""The TLS side of a client: whom it trusts, and what it shows of itself."""

from __future__ import annotations

import ssl
from pathlib import Path

from ..trust import show

_PEM_START = "-----BEGIN "


def client_context(*, root_ca: str = "", certificate: str = "", key: str = "") -> ssl.SSLContext:
    """
    Return a context of TLS 1.2 and up; each argument is PEM or the path of a file that holds it.

    With ``root_ca`` nobody else is trusted. Certificate and key count only together. It reads files.

    Raises:
        ValueError: one of them is neither; the text says which.
    """
    try:
        context = ssl.create_default_context(cadata=_pem("MTLSRootCA", root_ca) if root_ca else None)
    except ssl.SSLError as error:
        raise ValueError(f"MTLSRootCA holds no certificate: {error.reason or error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if root_ca:  # those made by hand often lack what Python 3.13 insists on, and Go does not
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if certificate and key:
        shown = _pem("MTLSClientCert", certificate), _pem("MTLSClientKey", key)
        try:
            show(context, *shown)
        except ssl.SSLError as error:
            reason = error.reason or error
            raise ValueError(
                f"MTLSClientCert and MTLSClientKey are no certificate and its key: {reason}"
            ) from error
    return context


def _pem(name: str, value: str) -> str:
    if _PEM_START in value:
        return value
    try:
        return Path(value).read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        raise ValueError(f"{name} is neither PEM nor a file that can be read") from error
