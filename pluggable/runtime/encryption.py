"""
Encryption of what a state store keeps: AES-GCM, by keys that the component's metadata names.

A stored value is base64 of nonce, ciphertext and tag, then ``||`` and the name of the key's secret, so that
a value tells which key it needs. Source: dapr/dapr ``pkg/encryption``.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from ..errors import ComponentError, MetadataError
from .resources import Component, MetadataItem

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

#: The property that names the key for what is written, and is tried for what is read.
PRIMARY: Final = "primaryEncryptionKey"
#: The property that names the key of before, for what is read alone.
SECONDARY: Final = "secondaryEncryptionKey"
_NAMES: Final = frozenset({PRIMARY.lower(), SECONDARY.lower()})
_SEPARATOR: Final = b"||"
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_KEY_BYTES: Final = (16, 24, 32)
#: How much is written as base64 in one go, which no other thread gets between; thirds and quarters are whole.
_PIECE_BYTES: Final = 768 * 1024


class Encryption:
    """The keys of one store. Holds no more than it needs: what they encrypt passes through."""

    def __init__(self, primary: Key, secondary: Key | None = None) -> None:
        self._primary = primary
        self._keys = (primary,) if secondary is None else (primary, secondary)

    def encrypt(self, value: bytes) -> bytes:
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
        text, separator, name = stored.rpartition(_SEPARATOR)
        if not separator or not name:
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
        self.name: bytes = name.encode()
        self._cipher = _cipher(secret)

    def sealed(self, value: bytes) -> bytes:
        """Return the value encrypted, with the name of the key behind it."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = memoryview(nonce + self._cipher.encrypt(nonce, value, None))
        return b"".join((*map(base64.b64encode, _pieces(sealed)), _SEPARATOR, self.name))

    def opened(self, text: bytes) -> bytes | None:
        """Return what was encrypted, ``None`` if it was not by this key."""
        from cryptography.exceptions import InvalidTag

        try:
            sealed = b"".join(base64.b64decode(piece, validate=True) for piece in _pieces(memoryview(text)))
        except binascii.Error:
            return None
        if len(sealed) < _NONCE_BYTES + _TAG_BYTES:
            return None
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)
        except InvalidTag:
            return None


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


def _pieces(data: memoryview) -> Iterator[memoryview]:
    return (data[at : at + _PIECE_BYTES] for at in range(0, len(data), _PIECE_BYTES))


def _cipher(secret: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(secret)
