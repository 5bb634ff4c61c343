"""What a document's header says of how it was encrypted."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from ..errors.crypto import CryptoOperationError

NONCE_PREFIX_BYTES: Final = 7

#: Algorithms that wrap a document's key, and their numbers.
_WRAPPING: Final[Mapping[str, int]] = {
    "A256KW": 1,
    "A128CBC-NOPAD": 2,
    "A192CBC-NOPAD": 3,
    "A256CBC-NOPAD": 4,
    "RSA-OAEP-256": 5,
}
_WRAPPING_NAMES: Final = {number: name for name, number in _WRAPPING.items()}
_SHORT: Final[Mapping[str, str]] = {"AES": "A256KW", "RSA": "RSA-OAEP-256"}


class Cipher(Enum):
    """What a document is encrypted with; the value is its number."""

    AES_GCM = 1
    CHACHA20_POLY1305 = 2


_CIPHERS: Final[Mapping[str, Cipher]] = {
    "": Cipher.AES_GCM,
    "AES-GCM": Cipher.AES_GCM,
    "CHACHA20-POLY1305": Cipher.CHACHA20_POLY1305,
}


def wrapping_algorithm(name: str) -> str:
    """
    Return the algorithm that a name stands for, in any case.

    Raises:
        CryptoOperationError: it is none of the scheme's.
    """
    upper = name.upper()
    algorithm = _SHORT.get(upper, upper)
    if algorithm in _WRAPPING:
        return algorithm
    raise CryptoOperationError(f"option Algorithm is not valid: algorithm {upper} is not supported")


def cipher_of(name: str) -> Cipher:
    """
    Return the cipher of a name, in any case; AES-GCM without one.

    Raises:
        CryptoOperationError: it is none of the scheme's.
    """
    upper = name.upper()
    if upper in _CIPHERS:
        return _CIPHERS[upper]
    raise CryptoOperationError(f"option Cipher is not valid: cipher {upper} is not supported")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """How a document was encrypted, and which key unwraps its own."""

    key_name: str
    """Empty where it is not told."""
    algorithm: str
    wrapped_key: bytes
    cipher: Cipher
    nonce_prefix: bytes

    def written(self) -> bytes:
        """Return the manifest as it stands in the header."""
        told: dict[str, Any] = {"k": self.key_name} if self.key_name else {}
        told |= {
            "kw": _WRAPPING[self.algorithm],
            "wfk": base64.b64encode(self.wrapped_key).decode(),
            "cph": self.cipher.value,
            "np": base64.b64encode(self.nonce_prefix).decode(),
        }
        return json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()


def read_manifest(written: bytes) -> Manifest:
    """
    Return what a manifest says.

    Raises:
        CryptoOperationError: it is none; what is wrong with it is nobody's business.
    """
    try:
        told = json.loads(written)
        return Manifest(
            key_name=_text(told.get("k", "")),
            algorithm=_WRAPPING_NAMES[_number(told["kw"])],
            wrapped_key=_bytes(told["wfk"]),
            cipher=Cipher(_number(told["cph"])),
            nonce_prefix=_bytes(told["np"], NONCE_PREFIX_BYTES),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CryptoOperationError("invalid header: invalid manifest") from error


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _number(value: Any) -> int:
    if type(value) is not int:
        raise TypeError
    return value


def _bytes(value: Any, size: int | None = None) -> bytes:
    data = base64.b64decode(_text(value), validate=True)
    if not data or (size is not None and len(data) != size):
        raise ValueError
    return data
