"""Secrets that are recognised wherever they turn up, in whatever guise."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, quote_plus

#: What a backend is told to take.
RIGHT: Final = "R1ght+Canary=Sings"
#: What it refuses.
WRONG: Final = "Wr0ng+Canary=Sings"

#: A certificate that is none, and a key that is none but has the secret.
CERTIFICATE: Final = "-----BEGIN CERTIFICATE-----\nTm90aGluZw==\n-----END CERTIFICATE-----\n"
KEY: Final = f"-----BEGIN PRIVATE KEY-----\n{WRONG}\n-----END PRIVATE KEY-----\n"


def disguises(secret: str) -> dict[str, str]:
    """Return what a secret looks like: bare, as in a URL, in hexadecimal, and amid a text in base64."""
    found = {
        "bare": secret,
        "in a URL": quote(secret, safe=""),
        "in a form": quote_plus(secret, safe="+"),
        "in hexadecimal": secret.encode().hex(),
    }
    for offset in range(3):
        # The characters at either end depend on what stands beside the secret.
        padded = base64.b64encode(b"\0" * offset + secret.encode()).decode()
        core = padded[-(-offset * 8 // 6) : (offset + len(secret)) * 8 // 6]
        found[f"in base64 after {offset}"] = core
        found[f"in URL-safe base64 after {offset}"] = core.translate(str.maketrans("+/", "-_"))
    return found


def shown(text: str) -> Iterator[str]:
    """Yield the lines that show a secret, each with how."""
    guises = [pair for secret in (RIGHT, WRONG) for pair in disguises(secret).items()]
    for line in text.splitlines():
        for guise, look in guises:
            if look in line:
                yield f"{guise}: {line}"
                break
