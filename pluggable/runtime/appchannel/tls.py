"""TLS to the application."""

from __future__ import annotations

import ssl


def trusting(*protocols: str) -> ssl.SSLContext:
    """
    Return what to connect with to an application by TLS, where these protocols are offered.

    As daprd does, it takes any certificate: applications beside their sidecar mostly sign their own.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if protocols:
        context.set_alpn_protocols(list(protocols))
    return context
