"""Keys of every kind, in the forms that vaults keep them in, and what to try with each."""

from __future__ import annotations

import base64
import functools
import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from pluggable import cryptokeys
from pluggable.conformance import Key

_RSA = ("RSA1_5", "RSA-OAEP", "RSA-OAEP-256", "RSA-OAEP-384", "RSA-OAEP-512")
_RSA_SIGNING = tuple(f"{family}{size}" for family in ("RS", "PS") for size in (256, 384, 512))

#: What the vaults below have.
KEYS = (
    Key(name="rsa.pem", type="private", algorithms=(*_RSA, *_RSA_SIGNING)),
    Key(name="rsa-public.pem", type="public", algorithms=_RSA),
    Key(name="p256.json", type="private", algorithms=("ES256",)),
    Key(name="p384.json", type="private", algorithms=("ES384",)),
    Key(name="p521.json", type="private", algorithms=("ES512",)),
    Key(name="ed.json", type="private", algorithms=("EdDSA",)),
    Key(name="aes128", type="symmetric", algorithms=("A128CBC", "A128CBC-NOPAD", "A128GCM", "A128KW")),
    Key(name="aes192", type="symmetric", algorithms=("A192CBC", "A192CBC-NOPAD", "A192GCM", "A192KW")),
    Key(
        name="aes256",
        type="symmetric",
        algorithms=(
            *("A256CBC", "A256CBC-NOPAD", "A256GCM", "A256KW", "A128CBC-HS256"),
            *("C20P", "C20PKW", "XC20P", "XC20PKW"),
        ),
    ),
    Key(name="aes384", type="symmetric", algorithms=("A192CBC-HS384",)),
    Key(name="aes512", type="symmetric", algorithms=("A256CBC-HS512",)),
)


@functools.cache
def materials() -> Mapping[str, cryptokeys.Key]:
    """The keys by name, made once: RSA takes its time."""
    pair = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return {
        "rsa.pem": pair,
        "rsa-public.pem": pair.public_key(),
        "p256.json": ec.generate_private_key(ec.SECP256R1()),
        "p384.json": ec.generate_private_key(ec.SECP384R1()),
        "p521.json": ec.generate_private_key(ec.SECP521R1()),
        "ed.json": ed25519.Ed25519PrivateKey.generate(),
        **{f"aes{bits}": secrets.token_bytes(bits // 8) for bits in (128, 192, 256, 384, 512)},
    }


def write_keys(folder: Path) -> None:
    """Write a file for each key: in PEM, as a JSON Web Key, or in base64."""
    for name, key in materials().items():
        if isinstance(key, bytes):
            (folder / name).write_bytes(base64.b64encode(key) + b"\n")
        elif name.endswith(".json"):
            (folder / name).write_text(json.dumps(members(key)))
        else:
            (folder / name).write_bytes(pem(key))


def key_set(*names: str) -> str:
    """A set of these keys, or of all, with their names as ids."""
    keys = {name: materials()[name] for name in names or materials()}
    return json.dumps({"keys": [{**members(key), "kid": name} for name, key in keys.items()]})


def members(key: cryptokeys.Key) -> dict[str, Any]:
    """The members of a JSON Web Key, private ones too."""
    match key:
        case bytes():
            return {"kty": "oct", "k": _text(key)}
        case rsa.RSAPrivateKey():
            numbers = key.private_numbers()
            private = {"d": numbers.d, "p": numbers.p, "q": numbers.q}
            size = (key.key_size + 7) // 8
            told = {name: _text(number.to_bytes(size, "big")) for name, number in private.items()}
            return {**cryptokeys.members_of(key.public_key()), **told}
        case ec.EllipticCurvePrivateKey():
            number, size = key.private_numbers().private_value, (key.key_size + 7) // 8
            return {**cryptokeys.members_of(key.public_key()), "d": _text(number.to_bytes(size, "big"))}
        case ed25519.Ed25519PrivateKey():
            return {**cryptokeys.members_of(key.public_key()), "d": _text(key.private_bytes_raw())}
    return dict(cryptokeys.members_of(cryptokeys.public_part(key)))


def pem(key: cryptokeys.Private | cryptokeys.Public) -> bytes:
    """A key in PEM, a private one in PKCS #8."""
    if isinstance(key, cryptokeys.Public):
        return cryptokeys.pem_of(key).encode()
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
