"""The key of one document: it signs the header, and encrypts the segments."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Mapping
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ..errors.crypto import CryptoOperationError
from .manifest import NONCE_PREFIX_BYTES, Cipher

KEY_BYTES: Final = 32
SCHEME: Final = b"dapr.io/enc/v1"
_AEADS: Final[Mapping[Cipher, type[AESGCM] | type[ChaCha20Poly1305]]] = {
    Cipher.AES_GCM: AESGCM,
    Cipher.CHACHA20_POLY1305: ChaCha20Poly1305,
}


class FileKey:
    """A document's key, with what is derived from it."""

    def __init__(self, key: bytes, nonce_prefix: bytes, cipher: Cipher) -> None:
        self.key = key
        self.nonce_prefix = nonce_prefix
        self.cipher = cipher
        self._signing_key = _derived(key, b"", b"header")
        self._aead = _AEADS[cipher](_derived(key, nonce_prefix, b"payload"))

    @classmethod
    def new(cls, cipher: Cipher) -> Self:
        """Return a key that nobody had before."""
        return cls(secrets.token_bytes(KEY_BYTES), secrets.token_bytes(NONCE_PREFIX_BYTES), cipher)

    def signature(self, manifest: bytes) -> bytes:
        """Return the signature of the header's first two lines, in base64."""
        return base64.b64encode(hmac.digest(self._signing_key, signed_lines(manifest), "sha256"))

    def check(self, manifest: bytes, signature: bytes) -> None:
        """
        Return if the header was signed with this key.

        Raises:
            CryptoOperationError: it was not, or it was changed.
        """
        if not hmac.compare_digest(self.signature(manifest), signature):
            raise CryptoOperationError("failed to validate the document's signature")

    def encrypt(self, number: int, segment: bytes, last: bool) -> bytes:
        """Return a segment encrypted, its tag at its end."""
        return self._aead.encrypt(self._nonce(number, last), segment, None)

    def decrypt(self, number: int, segment: bytes, last: bool) -> bytes:
        """
        Return a segment decrypted.

        Raises:
            CryptoOperationError: it was changed, or is not the one of this number.
        """
        try:
            return self._aead.decrypt(self._nonce(number, last), segment, None)
        except InvalidTag as error:
            raise CryptoOperationError(
                f"error processing segment {number}: failed to decrypt segment"
            ) from error

    def _nonce(self, number: int, last: bool) -> bytes:
        return self.nonce_prefix + number.to_bytes(4, "big") + (b"\x01" if last else b"\x00")


def signed_lines(manifest: bytes) -> bytes:
    """Return the header's first two lines."""
    return b"%s\n%s\n" % (SCHEME, manifest)


def _derived(key: bytes, salt: bytes, use: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=use).derive(key)
