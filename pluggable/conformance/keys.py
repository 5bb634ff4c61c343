"""Keys that a vault has, and what their algorithms ask for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Self

#: Who may have a key: everybody its public part, or nobody but the vault.
TYPES: Final = ("private", "public", "symmetric")


class Use(Enum):
    """What an algorithm is for."""

    ENCRYPT = "encrypt"
    WRAP = "wrap keys"
    SIGN = "sign"


@dataclass(frozen=True, slots=True)
class Algorithm:
    """What an algorithm is for, and what it asks for."""

    uses: tuple[Use, ...]
    nonce_bytes: int = 0
    tagged: bool = False
    """It authenticates by a tag beside the ciphertext."""
    checked: bool = False
    """What it decrypts is known to be what was encrypted."""
    hash: str = ""
    """What makes the digest that is signed; none says that the message itself is."""

    def digest(self, message: bytes) -> bytes:
        """Return what is signed of a message."""
        return hashlib.new(self.hash, message).digest() if self.hash else message


def _known() -> Iterator[tuple[str, Algorithm]]:
    """Yield the algorithms of Dapr's own components by name (contrib: tests/conformance/crypto)."""
    encrypt, wrap, both, sign = (Use.ENCRYPT,), (Use.WRAP,), (Use.ENCRYPT, Use.WRAP), (Use.SIGN,)
    for bits in (128, 192, 256):
        yield f"A{bits}CBC", Algorithm(encrypt, nonce_bytes=16)
        yield f"A{bits}CBC-NOPAD", Algorithm(encrypt, nonce_bytes=16)
        yield f"A{bits}GCM", Algorithm(encrypt, nonce_bytes=12, tagged=True, checked=True)
        yield f"A{bits}CBC-HS{bits * 2}", Algorithm(encrypt, nonce_bytes=16, tagged=True, checked=True)
        yield f"A{bits}KW", Algorithm(wrap, checked=True)
        yield f"A{bits}GCMKW", Algorithm(wrap, nonce_bytes=12, tagged=True, checked=True)
    for name, size in (("C20P", 12), ("XC20P", 24)):
        yield name, Algorithm(encrypt, nonce_bytes=size, tagged=True, checked=True)
        yield f"{name}KW", Algorithm(wrap, nonce_bytes=size, tagged=True, checked=True)
    yield "RSA1_5", Algorithm(both)
    for name in ("RSA-OAEP", "RSA-OAEP-256", "RSA-OAEP-384", "RSA-OAEP-512"):
        yield name, Algorithm(both, checked=True)
    for bits in (256, 384, 512):
        for family in ("ES", "HS", "PS", "RS"):
            yield f"{family}{bits}", Algorithm(sign, hash=f"sha{bits}")
    yield "ES256K", Algorithm(sign, hash="sha256")
    yield "EdDSA", Algorithm(sign)


ALGORITHMS: Final[Mapping[str, Algorithm]] = dict(_known())


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key that the component has: ``private``, ``public`` or ``symmetric``, and what to try with it."""

    name: str
    type: str
    algorithms: tuple[str, ...]

    def __post_init__(self) -> None:
        """
        See that it can be tried.

        Raises:
            ValueError: the type or an algorithm is not known.
        """
        if self.type not in TYPES:
            raise ValueError(
                f'key "{self.name}" is of type "{self.type}"; a type is one of {", ".join(TYPES)}'
            )
        if unknown := [name for name in self.algorithms if name not in ALGORITHMS]:
            raise ValueError(
                f'key "{self.name}" has {", ".join(unknown)}; known are {", ".join(sorted(ALGORITHMS))}'
            )

    @classmethod
    def read(cls, given: Any) -> Self:
        """
        Return a key from a table of a profile.

        Raises:
            ValueError: it lacks something, has too much, or its type or an algorithm is not known.
        """
        wanted = {"name", "type", "algorithms"}
        if not isinstance(given, dict) or given.keys() != wanted:
            raise ValueError(f"a key is {given}; wanted is a table of {', '.join(sorted(wanted))}")
        return cls(name=given["name"], type=given["type"], algorithms=tuple(given["algorithms"]))
