"""ChaCha20-Poly1305 with a nonce of 24 bytes (draft-irtf-cfrg-xchacha), which the library does not have."""

from __future__ import annotations

import struct
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

_CONSTANTS: Final = struct.unpack("<4I", b"expand 32-byte k")


class XChaCha20Poly1305:
    """The library's ChaCha20-Poly1305, under a key that is made of the nonce's first 16 bytes."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Return the message encrypted, its tag at its end."""
        return self._inner(nonce).encrypt(bytes(4) + nonce[16:], data, associated_data)

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """
        Return the message.

        Raises:
            InvalidTag: it does not authenticate.
        """
        return self._inner(nonce).decrypt(bytes(4) + nonce[16:], data, associated_data)

    def _inner(self, nonce: bytes) -> ChaCha20Poly1305:
        return ChaCha20Poly1305(hchacha20(self._key, nonce[:16]))


def hchacha20(key: bytes, nonce: bytes) -> bytes:
    """
    Return the key that HChaCha20 makes of a key and 16 bytes.

    It is the first and the last row of ChaCha20's block, before the beginning was added to them: those of
    the library's block, with the beginning taken away again.
    """
    block = Cipher(algorithms.ChaCha20(key, nonce), mode=None).encryptor().update(bytes(64))
    words = struct.unpack("<16I", block)
    added = (*_CONSTANTS, *struct.unpack("<4I", nonce))
    kept = (*words[:4], *words[12:])
    return struct.pack("<8I", *((word - plus) % 2**32 for word, plus in zip(kept, added, strict=True)))
