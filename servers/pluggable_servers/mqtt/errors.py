"""What the failures of an MQTT broker and its client mean to a caller."""

from __future__ import annotations

from paho.mqtt.reasoncodes import ReasonCode

from pluggable.errors import ComponentError, DeniedError, UnavailableError

#: What connecting can raise; what TLS raises is an OSError too.
FAILURES = (OSError, ValueError)
#: How the protocol says that the user or the certificate will not do.
_DENIALS = ("Bad user name or password", "Not authorized")


def refusal(code: ReasonCode, address: str) -> ComponentError:
    """Return the error for a connection that the broker refused."""
    text = f"mqtt {address}: the broker refused the connection: {code}"
    if str(code) in _DENIALS:
        return DeniedError(f"{text}; check the user and the password in url, or clientCert")
    return UnavailableError(text)


def unreachable(error: Exception, address: str) -> ComponentError:
    """Return the error for one of ``FAILURES``."""
    return UnavailableError(f"mqtt {address}: {str(error) or type(error).__name__}")
