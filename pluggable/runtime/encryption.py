"""
Encryption of what a state store keeps: AES-GCM, by keys that the component's metadata names.

A stored value is base64 of nonce, ciphertext and tag, then ``||`` and the name of the key's secret, so that
a value tells which key it needs. Source: dapr/dapr ``pkg/encryption``.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from itertools import chain
from typing import Final

from ..errors import ComponentError, MetadataError
from .resources import Component, MetadataItem

#: The property that names the key for what is written, and is tried for what is read.
PRIMARY: Final = "primaryEncryptionKey"
#: The property that names the key of before, for what is read alone.
SECONDARY: Final = "secondaryEncryptionKey"
_NAMES: Final = frozenset({PRIMARY.lower(), SECONDARY.lower()})
_SEPARATOR: Final = b"||"
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_KEY_BYTES: Final = (16, 24, 32)
#: How much is worked on in one call, which no other thread gets between; thirds and quarters of it are whole.
_PIECE_BYTES: Final = 768 * 1024


class Encryption:
    """The keys of one store. Holds no more than it needs: what they encrypt passes through."""

    def __init__(self, primary: Key, secondary: Key | None = None) -> None:
        self._primary = primary
        self._keys = (primary,) if secondary is None else (primary, secondary)

    def encrypt(self, value: bytes | memoryview) -> bytes:
        """Return the value as it is stored, by the primary key."""
        return self._primary.sealed(value)

    def decrypt(self, stored: bytes) -> bytes:
        """
        Return the value that is stored; what is empty stays so.

        Raises:
            ComponentError: it is not encrypted, by a key that is not here, or was changed.
        """
        if not stored:
            return b""
        end = stored.rfind(_SEPARATOR)
        text, name = memoryview(stored)[: max(end, 0)], stored[end + len(_SEPARATOR) :]
        if end < 0 or not name:
            raise ComponentError("could not decrypt data: encryption key name not found on record")
        keys = [key for key in self._keys if key.name == name]
        if not keys:
            known = ", ".join(key.name.decode() for key in self._keys)
            raise ComponentError(
                f"could not decrypt data: it is encrypted by the key {name[:64].decode(errors='replace')!r}, "
                f"the component names {known}"
            )
        for key in keys:
            if (value := key.opened(text)) is not None:
                return value
        raise ComponentError(
            f"could not decrypt data: it was not encrypted by this key {name.decode()}, or was changed since"
        )


class Key:
    """One key, by the name of its secret."""

    def __init__(self, name: str, secret: bytes) -> None:
        # Here, while the sidecar starts, and not with the first large value; one with no keys does without.
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self.name: bytes = name.encode()
        self._cipher = AESGCM(secret)
        self._in_pieces = Cipher
        self._algorithm = algorithms.AES(secret)
        self._mode = modes.GCM

    def sealed(self, value: bytes | memoryview) -> bytes:
        """Return the value encrypted, with the name of the key behind it."""
        nonce = os.urandom(_NONCE_BYTES)
        if len(value) <= _PIECE_BYTES:
            text = base64.b64encode(nonce + self._cipher.encrypt(nonce, value, None))
            return b"".join((text, _SEPARATOR, self.name))
        return _joined(chain([base64.b64encode(nonce)], self._sealed(nonce, value), [_SEPARATOR, self.name]))

    def opened(self, text: bytes | memoryview) -> bytes | None:
        """Return what was encrypted, ``None`` if it was not by this key."""
        from cryptography.exceptions import InvalidTag

        try:
            sealed = _joined(base64.b64decode(piece, validate=True) for piece in _pieces(text))
        except binascii.Error:
            return None
        if len(sealed) < _NONCE_BYTES + _TAG_BYTES:
            return None
        nonce = sealed[:_NONCE_BYTES]
        try:
            if len(sealed) <= _PIECE_BYTES:
                return self._cipher.decrypt(nonce, sealed[_NONCE_BYTES:], None)
            return _joined(self._opened(nonce, sealed))
        except InvalidTag:
            return None

    def _sealed(self, nonce: bytes, value: bytes | memoryview) -> Iterator[bytes]:
        """Yield what follows the nonce, in base64, piece by piece: one call holds all other threads."""
        encryptor = self._in_pieces(self._algorithm, self._mode(nonce)).encryptor()
        *whole, last = _pieces(value)
        for piece in whole:
            yield base64.b64encode(encryptor.update(piece))
        rest = encryptor.update(last) + encryptor.finalize()
        yield base64.b64encode(rest + encryptor.tag)

    def _opened(self, nonce: bytes, sealed: bytes) -> Iterator[bytes]:
        """Yield the value, piece by piece; that it is what was sealed is known at the end alone."""
        mode = self._mode(nonce, sealed[-_TAG_BYTES:])
        decryptor = self._in_pieces(self._algorithm, mode).decryptor()
        for piece in _pieces(memoryview(sealed)[_NONCE_BYTES:-_TAG_BYTES]):
            yield decryptor.update(piece)
        yield decryptor.finalize()


def encryption_of(spec: Component, properties: Mapping[str, str]) -> Encryption | None:
    """
    Return the encryption that a state store asks for, ``None`` where it asks for none.

    Unlike daprd, which then stores values as they are, a key that cannot be had is refused.

    Raises:
        MetadataError: a key is missing, written in the file, or is none for AES.
    """
    items = {item.name.lower(): item for item in spec.metadata if item.name.lower() in _NAMES}
    if not items:
        return None
    faults: list[str] = []
    keys = [
        _key(items[name.lower()], properties, faults) if name.lower() in items else None
        for name in (PRIMARY, SECONDARY)
    ]
    if PRIMARY.lower() not in items:
        faults.append(f"{SECONDARY} is set without {PRIMARY}; name the key for what is written too")
    if faults:
        raise MetadataError(faults)
    primary, secondary = keys
    assert primary is not None
    return Encryption(primary, secondary)


def without_keys(properties: Mapping[str, str]) -> dict[str, str]:
    """Return the properties without the keys, which are none of the component's business."""
    return {name: value for name, value in properties.items() if name.lower() not in _NAMES}


def _key(item: MetadataItem, properties: Mapping[str, str], faults: list[str]) -> Key | None:
    if not item.secret_name:
        faults.append(
            f"{item.name} is not a secretKeyRef; put the key into a secret store and name its secret, "
            "whose name is kept beside each value"
        )
        return None
    written = properties.get(item.name, "")
    if not written:
        faults.append(
            f"{item.name} is empty: the secret {item.secret_name} was not found; "
            "check auth.secretStore and secretKeyRef"
        )
        return None
    try:
        secret = bytes.fromhex(written)
    except ValueError:
        faults.append(
            f"{item.name} (secret {item.secret_name}) is no hexadecimal text, as openssl rand writes it"
        )
        return None
    if len(secret) not in _KEY_BYTES:
        faults.append(
            f"{item.name} (secret {item.secret_name}) has {len(secret)} bytes, AES wants 16, 24 or 32: "
            f"{2 * _KEY_BYTES[-1]} hexadecimal digits, as openssl rand -hex 32 gives"
        )
        return None
    return Key(item.secret_name, secret)


def _joined(pieces: Iterable[bytes]) -> bytes:
    """Return the pieces as one, which joining them in one call would do with all threads held."""
    buffer = BytesIO()
    for piece in pieces:
        buffer.write(piece)
    return buffer.getvalue()


def _pieces(data: bytes | memoryview) -> Iterator[memoryview]:
    view = memoryview(data)
    return (view[at : at + _PIECE_BYTES] for at in range(0, len(view), _PIECE_BYTES))
