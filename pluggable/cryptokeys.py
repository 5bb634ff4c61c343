"""
Keys as they are written: JSON Web Keys (RFC 7517), PEM, or the bytes of a symmetric key.

It needs the library ``cryptography``, which the extras ``crypto`` and ``runtime`` bring.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.x509 import load_pem_x509_certificate

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | x25519.X25519PrivateKey
Public = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | x25519.X25519PublicKey
#: A key, as the library has it; ``bytes`` is a symmetric one.
Key = bytes | Private | Public

_CURVES: Final[Mapping[str, ec.EllipticCurve]] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
    "secp256k1": ec.SECP256K1(),
}
_CURVE_NAMES: Final = {curve.name: name for name, curve in _CURVES.items()}
_RAW_SIZES: Final = (16, 24, 32)


def read_key(data: bytes) -> Key:
    """
    Return the key that a file or a text holds, whatever form it has.

    Other than a JSON Web Key and PEM it is a symmetric key, in base64 where it can be read as that, and raw
    otherwise (dapr/kit ``crypto/keys.go``).

    Raises:
        ValueError: it looks like one of these forms and is none.
    """
    if not data:
        raise ValueError("the key is empty")
    if looks_like_jwk(data):
        return key_of(members_in(data))
    if data[:5] == b"-----":
        return read_pem(data)
    trimmed = data.translate(None, b"\r\n").rstrip(b"=")
    for signs in (b"+/", b"-_"):
        try:
            return base64.b64decode(trimmed + b"=" * (-len(trimmed) % 4), signs, validate=True)
        except binascii.Error:
            continue
    return data


def looks_like_jwk(data: bytes) -> bool:
    """Whether it is a JSON Web Key rather than the bytes of a key."""
    return data[:1] == b"{" and len(data) not in _RAW_SIZES


def members_in(data: bytes | str) -> dict[str, Any]:
    """
    Return the members of a JSON Web Key.

    Raises:
        ValueError: it is no JSON object.
    """
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ValueError("the key is no JSON object, which a JSON Web Key is")  # noqa: TRY004  as all else here
    return found


def key_of(members: Mapping[str, Any]) -> Key:
    """
    Return the key with these members; one with ``d`` is private.

    Raises:
        ValueError: a member is missing or is not what it should be, or the kind of key is not known.
    """
    kind = members.get("kty")
    match kind:
        case "oct":
            return _bytes(members, "k")
        case "RSA":
            return _rsa(members)
        case "EC":
            return _ec(members)
        case "OKP":
            return _okp(members)
    raise ValueError(f'kty is "{kind}", wanted RSA, EC, OKP or oct')


def members_of(key: Public) -> dict[str, str]:
    """Return the members of a public key's JSON Web Key."""
    match key:
        case rsa.RSAPublicKey():
            numbers = key.public_numbers()
            return {"kty": "RSA", "n": _text(_unsigned(numbers.n)), "e": _text(_unsigned(numbers.e))}
        case ec.EllipticCurvePublicKey():
            point, size = key.public_numbers(), (key.curve.key_size + 7) // 8
            x, y = (_text(number.to_bytes(size, "big")) for number in (point.x, point.y))
            return {"kty": "EC", "crv": _CURVE_NAMES.get(key.curve.name, key.curve.name), "x": x, "y": y}
    curve = "Ed25519" if isinstance(key, ed25519.Ed25519PublicKey) else "X25519"
    return {"kty": "OKP", "crv": curve, "x": _text(key.public_bytes_raw())}


def read_pem(data: bytes) -> Key:
    """
    Return the key in PEM: private (PKCS #1, PKCS #8, SEC 1), public, or that of a certificate.

    Raises:
        ValueError: there is none, it is encrypted, or of a kind that is not known.
    """
    try:
        if b"-----BEGIN CERTIFICATE-----" in data:
            found: object = load_pem_x509_certificate(data).public_key()
        elif b"PRIVATE KEY-----" in data:
            found = serialization.load_pem_private_key(data, password=None)
        else:
            found = serialization.load_pem_public_key(data)
    except TypeError as error:
        raise ValueError("the key in PEM is encrypted, and there is no password for it") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("there is no key in PEM that can be read") from error
    if isinstance(found, Private | Public):
        return found
    raise ValueError("the key in PEM is of a kind that is not known; wanted RSA, EC, Ed25519 or X25519")


def pem_of(key: Public) -> str:
    """Return a public key in PEM, as a SubjectPublicKeyInfo."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, form).decode()


def public_part(key: Key) -> Public:
    """
    Return what may be shown of a key.

    Raises:
        ValueError: it is symmetric.
    """
    if isinstance(key, bytes):
        raise ValueError("the key is symmetric, and has no public part")  # noqa: TRY004  as all else here
    return key.public_key() if isinstance(key, Private) else key


def serialized(key: Key) -> bytes:
    """Return a key as it is wrapped: a symmetric one as it is, a private one in PKCS #8, a public in PKIX."""
    if isinstance(key, bytes):
        return key
    encoding = serialization.Encoding.DER
    if isinstance(key, Private):
        return key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)


def _rsa(members: Mapping[str, Any]) -> Key:
    public = rsa.RSAPublicNumbers(_number(members, "e"), _number(members, "n"))
    if "d" not in members:
        return public.public_key()
    d = _number(members, "d")
    if "p" in members and "q" in members:
        p, q = _number(members, "p"), _number(members, "q")
    else:
        p, q = rsa.rsa_recover_prime_factors(public.n, public.e, d)
    return rsa.RSAPrivateNumbers(
        p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q), public
    ).private_key()


def _ec(members: Mapping[str, Any]) -> Key:
    curve = _CURVES.get(str(members.get("crv")))
    if curve is None:
        raise ValueError(f'crv is "{members.get("crv")}", wanted one of {", ".join(_CURVES)}')
    public = ec.EllipticCurvePublicNumbers(_number(members, "x"), _number(members, "y"), curve)
    if "d" not in members:
        return public.public_key()
    return ec.EllipticCurvePrivateNumbers(_number(members, "d"), public).private_key()


def _okp(members: Mapping[str, Any]) -> Key:
    private = "d" in members
    data = _bytes(members, "d" if private else "x")
    match members.get("crv"), private:
        case "Ed25519", True:
            return ed25519.Ed25519PrivateKey.from_private_bytes(data)
        case "Ed25519", False:
            return ed25519.Ed25519PublicKey.from_public_bytes(data)
        case "X25519", True:
            return x25519.X25519PrivateKey.from_private_bytes(data)
        case "X25519", False:
            return x25519.X25519PublicKey.from_public_bytes(data)
    raise ValueError(f'crv is "{members.get("crv")}", wanted Ed25519 or X25519')


def _number(members: Mapping[str, Any], name: str) -> int:
    return int.from_bytes(_bytes(members, name), "big")


def _bytes(members: Mapping[str, Any], name: str) -> bytes:
    text = members.get(name)
    if not isinstance(text, str) or not text:
        raise ValueError(f'the member "{name}" is missing')
    try:
        padded = text.rstrip("=").encode("ascii")
        return base64.b64decode(padded + b"=" * (-len(padded) % 4), b"-_", validate=True)
    except ValueError as error:
        raise ValueError(f'the member "{name}" is not in base64url') from error


def _unsigned(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
