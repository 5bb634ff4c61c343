"""
What is done with pairs of keys: RSA encrypts, RSA, ECDSA and Ed25519 sign.

Source: dapr/kit ``crypto/asymmetric_enc.go`` and ``asymmetric_sig.go``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from pluggable import cryptokeys
from pluggable.errors import InvalidRequestError

_HASHES: Final[Mapping[str, hashes.HashAlgorithm]] = {
    "256": hashes.SHA256(),
    "384": hashes.SHA384(),
    "512": hashes.SHA512(),
}
_OAEP: Final[Mapping[str, hashes.HashAlgorithm]] = {
    "RSA-OAEP": hashes.SHA1(),
    **{f"RSA-OAEP-{size}": found for size, found in _HASHES.items()},
}
ENCRYPTION: Final = ("RSA1_5", *_OAEP)
SIGNATURE: Final = (*(f"{family}{size}" for family in ("RS", "PS", "ES") for size in _HASHES), "EdDSA")


def encrypt(algorithm: str, key: cryptokeys.Key, message: bytes, label: bytes) -> bytes:
    """
    Return a message encrypted with the public part of a key.

    Raises:
        InvalidRequestError: it is too long, or the key is none of RSA.
    """
    public = None if isinstance(key, bytes) else cryptokeys.public_part(key)
    if not isinstance(public, rsa.RSAPublicKey):
        raise _mismatch(algorithm)
    try:
        return public.encrypt(message, _encryption_padding(algorithm, label))
    except ValueError as error:
        raise InvalidRequestError(f"{algorithm}: {error}") from error


def decrypt(algorithm: str, key: cryptokeys.Key, ciphertext: bytes, label: bytes) -> bytes:
    """
    Return a message.

    Raises:
        InvalidRequestError: it was not encrypted with this key, or the key is no private one of RSA.
    """
    if not isinstance(key, rsa.RSAPrivateKey):
        raise _mismatch(algorithm)
    try:
        return key.decrypt(ciphertext, _encryption_padding(algorithm, label))
    except ValueError as error:
        raise InvalidRequestError(f"{algorithm}: the message was not encrypted with this key") from error


def sign(algorithm: str, key: cryptokeys.Key, digest: bytes) -> bytes:
    """
    Return the signature of a digest.

    Raises:
        InvalidRequestError: it has not the hash's size, or the key is none to sign so.
    """
    try:
        match algorithm[:2], key:
            case "RS" | "PS", rsa.RSAPrivateKey():
                return key.sign(digest, _signature_padding(algorithm), _prehashed(algorithm))
            case "ES", ec.EllipticCurvePrivateKey():
                return key.sign(digest, ec.ECDSA(_prehashed(algorithm)))
            case "Ed", ed25519.Ed25519PrivateKey():
                return key.sign(digest)
    except ValueError as error:
        raise InvalidRequestError(f"{algorithm}: {error}") from error
    raise _mismatch(algorithm)


def verify(algorithm: str, key: cryptokeys.Key, digest: bytes, signature: bytes) -> bool:
    """
    Return whether the signature is the digest's.

    Raises:
        InvalidRequestError: the digest has not the hash's size, or the key is none to sign so.
    """
    public = None if isinstance(key, bytes) else cryptokeys.public_part(key)
    try:
        match algorithm[:2], public:
            case "RS" | "PS", rsa.RSAPublicKey():
                public.verify(signature, digest, _signature_padding(algorithm), _prehashed(algorithm))
            case "ES", ec.EllipticCurvePublicKey():
                public.verify(signature, digest, ec.ECDSA(_prehashed(algorithm)))
            case "Ed", ed25519.Ed25519PublicKey():
                public.verify(signature, digest)
            case _:
                raise _mismatch(algorithm)
    except InvalidSignature:
        return False
    except ValueError as error:
        raise InvalidRequestError(f"{algorithm}: {error}") from error
    return True


def _encryption_padding(algorithm: str, label: bytes) -> padding.AsymmetricPadding:
    if algorithm not in _OAEP:
        return padding.PKCS1v15()
    found = _OAEP[algorithm]
    return padding.OAEP(padding.MGF1(found), found, label or None)


def _signature_padding(algorithm: str) -> padding.AsymmetricPadding:
    """Return the padding; of PSS the salt is as long as can be, as Go has it, and may have any length."""
    if algorithm[:2] == "RS":
        return padding.PKCS1v15()
    return padding.PSS(padding.MGF1(_HASHES[algorithm[2:]]), padding.PSS.MAX_LENGTH)


def _prehashed(algorithm: str) -> Prehashed:
    return Prehashed(_HASHES[algorithm[2:]])


def _mismatch(algorithm: str) -> InvalidRequestError:
    return InvalidRequestError(f"key type mismatch: the key is none for {algorithm}")
