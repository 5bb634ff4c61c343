"""
What is done with symmetric keys.

Source: dapr/kit ``crypto/symmetric.go``; beyond it, AES-CBC without padding can be used where it is listed.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import keywrap, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

from pluggable import cryptokeys
from pluggable.errors import InvalidRequestError

from .xchacha import XChaCha20Poly1305

BLOCK_BYTES: Final = 16

_MISMATCH: Final = "key type mismatch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A message encrypted, with what belongs to it."""

    ciphertext: bytes
    tag: bytes = b""
    nonce: bytes = b""
    associated_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Symmetric:
    """One algorithm: the sizes it wants, and what encrypts and decrypts."""

    key_bytes: int
    nonce_bytes: int
    tag_bytes: int
    encrypt: Callable[[bytes, Sealed], Sealed]
    """Called with the key, and with the message in place of the ciphertext."""
    decrypt: Callable[[bytes, Sealed], bytes]

    def check(self, key: bytes, nonce: bytes) -> None:
        """
        Return if key and nonce have their sizes.

        Raises:
            InvalidRequestError: one has not.
        """
        if len(key) != self.key_bytes:
            raise InvalidRequestError(f"{_MISMATCH}: {len(key)} bytes, wanted {self.key_bytes}")
        if len(nonce) != self.nonce_bytes:
            raise InvalidRequestError(f"invalid nonce: {len(nonce)} bytes, wanted {self.nonce_bytes}")


def encrypt(algorithm: str, key: bytes, message: Sealed) -> Sealed:
    """
    Return a message encrypted; ``message`` has it in place of the ciphertext.

    Raises:
        InvalidRequestError: key, nonce or message are not of a size that the algorithm takes.
    """
    found = ALGORITHMS[algorithm]
    found.check(key, message.nonce)
    try:
        return found.encrypt(key, message)
    except ValueError as error:
        raise InvalidRequestError(f"{algorithm}: {error}") from error


def decrypt(algorithm: str, key: bytes, sealed: Sealed) -> bytes:
    """
    Return a message.

    Raises:
        InvalidRequestError: it does not authenticate, or something is not of a size that the algorithm takes.
    """
    found = ALGORITHMS[algorithm]
    found.check(key, sealed.nonce)
    if len(sealed.tag) != found.tag_bytes:
        raise InvalidRequestError(f"invalid tag: {len(sealed.tag)} bytes, wanted {found.tag_bytes}")
    try:
        return found.decrypt(key, sealed)
    except (ValueError, InvalidTag, keywrap.InvalidUnwrap) as error:
        raise InvalidRequestError(f"{algorithm}: the message does not authenticate") from error


def secret(key: cryptokeys.Key) -> bytes:
    """
    Return the bytes of a symmetric key.

    Raises:
        InvalidRequestError: it is another.
    """
    if not isinstance(key, bytes):
        raise InvalidRequestError(f"{_MISMATCH}: the key is not symmetric")
    return key


def _aead(
    kind: type[AESGCM] | type[ChaCha20Poly1305] | type[XChaCha20Poly1305], key_bytes: int, nonce_bytes: int
) -> Symmetric:
    tag_bytes = 16

    def sealing(key: bytes, message: Sealed) -> Sealed:
        sealed = kind(key).encrypt(message.nonce, message.ciphertext, message.associated_data)
        return Sealed(ciphertext=sealed[:-tag_bytes], tag=sealed[-tag_bytes:])

    def opening(key: bytes, sealed: Sealed) -> bytes:
        return kind(key).decrypt(sealed.nonce, sealed.ciphertext + sealed.tag, sealed.associated_data)

    return Symmetric(
        key_bytes=key_bytes, nonce_bytes=nonce_bytes, tag_bytes=tag_bytes, encrypt=sealing, decrypt=opening
    )


def _cbc(key_bytes: int, *, padded: bool) -> Symmetric:
    def sealing(key: bytes, message: Sealed) -> Sealed:
        plaintext = _padded(message.ciphertext) if padded else message.ciphertext
        return Sealed(ciphertext=_cbc_encrypted(key, message.nonce, plaintext))

    def opening(key: bytes, sealed: Sealed) -> bytes:
        plaintext = _cbc_decrypted(key, sealed.nonce, sealed.ciphertext)
        return _unpadded(plaintext) if padded else plaintext

    return Symmetric(
        key_bytes=key_bytes, nonce_bytes=BLOCK_BYTES, tag_bytes=0, encrypt=sealing, decrypt=opening
    )


def _cbc_hmac(half: int, digest: str) -> Symmetric:
    """Return AES-CBC with a tag of HMAC: the key's first half is for the tag (RFC 7518, section 5.2)."""

    def tag(key: bytes, sealed: Sealed, ciphertext: bytes) -> bytes:
        bits = (8 * len(sealed.associated_data)).to_bytes(8, "big")
        signed = sealed.associated_data + sealed.nonce + ciphertext + bits
        return hmac.digest(key[:half], signed, digest)[:half]

    def sealing(key: bytes, message: Sealed) -> Sealed:
        ciphertext = _cbc_encrypted(key[half:], message.nonce, _padded(message.ciphertext))
        return Sealed(ciphertext=ciphertext, tag=tag(key, message, ciphertext))

    def opening(key: bytes, sealed: Sealed) -> bytes:
        if not hmac.compare_digest(tag(key, sealed, sealed.ciphertext), sealed.tag):
            raise InvalidTag
        return _unpadded(_cbc_decrypted(key[half:], sealed.nonce, sealed.ciphertext))

    return Symmetric(
        key_bytes=2 * half, nonce_bytes=BLOCK_BYTES, tag_bytes=half, encrypt=sealing, decrypt=opening
    )


def _wrapping(key_bytes: int) -> Symmetric:
    """Return AES key wrap (RFC 3394), which has no nonce and checks itself."""

    def sealing(key: bytes, message: Sealed) -> Sealed:
        return Sealed(ciphertext=keywrap.aes_key_wrap(key, message.ciphertext))

    def opening(key: bytes, sealed: Sealed) -> bytes:
        return keywrap.aes_key_unwrap(key, sealed.ciphertext)

    return Symmetric(key_bytes=key_bytes, nonce_bytes=0, tag_bytes=0, encrypt=sealing, decrypt=opening)


def _cbc_encrypted(key: bytes, nonce: bytes, plaintext: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.CBC(nonce)).encryptor()
    return encryptor.update(plaintext) + encryptor.finalize()


def _cbc_decrypted(key: bytes, nonce: bytes, ciphertext: bytes) -> bytes:
    decryptor = Cipher(algorithms.AES(key), modes.CBC(nonce)).decryptor()
    return decryptor.update(ciphertext) + decryptor.finalize()


def _padded(plaintext: bytes) -> bytes:
    padder = padding.PKCS7(8 * BLOCK_BYTES).padder()
    return padder.update(plaintext) + padder.finalize()


def _unpadded(plaintext: bytes) -> bytes:
    unpadder = padding.PKCS7(8 * BLOCK_BYTES).unpadder()
    return unpadder.update(plaintext) + unpadder.finalize()


#: The algorithms by their names, in dapr/kit's order.
ALGORITHMS: Final[Mapping[str, Symmetric]] = {
    **{f"A{8 * size}CBC": _cbc(size, padded=True) for size in (16, 24, 32)},
    **{f"A{8 * size}CBC-NOPAD": _cbc(size, padded=False) for size in (16, 24, 32)},
    **{f"A{8 * size}GCM": _aead(AESGCM, size, 12) for size in (16, 24, 32)},
    **{f"A{8 * size}CBC-HS{16 * size}": _cbc_hmac(size, f"sha{16 * size}") for size in (16, 24, 32)},
    **{f"A{8 * size}KW": _wrapping(size) for size in (16, 24, 32)},
    "C20P": _aead(ChaCha20Poly1305, 32, 12),
    "C20PKW": _aead(ChaCha20Poly1305, 32, 12),
    "XC20P": _aead(XChaCha20Poly1305, 32, 24),
    "XC20PKW": _aead(XChaCha20Poly1305, 32, 24),
}
