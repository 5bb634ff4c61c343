"""A key of a vault, with what it may be used for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from pluggable import cryptokeys
from pluggable.errors import InvalidRequestError

_SIGNING: Final = frozenset({"sign", "verify"})


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultKey:
    """
    A key; what a JSON Web Key says of its use binds, and what it leaves open is allowed.

    Source: components-contrib ``crypto/key.go``.
    """

    material: cryptokeys.Key = field(repr=False)
    operations: frozenset[str] = frozenset()
    use: str = ""
    algorithm: str = ""

    @classmethod
    def of(cls, members: Mapping[str, Any]) -> Self:
        """
        Return the key with these members.

        Raises:
            ValueError: it is none.
        """
        operations = members.get("key_ops") or []
        if not isinstance(operations, list):
            raise ValueError("key_ops is no array")  # noqa: TRY004  as all that a key can be
        return cls(
            material=cryptokeys.key_of(members),
            operations=frozenset(map(str, operations)),
            use=str(members.get("use") or ""),
            algorithm=str(members.get("alg") or ""),
        )

    @classmethod
    def read(cls, data: bytes, suffix: str = "") -> Self:
        """
        Return the key that a file holds, by the file's suffix or else by what it looks like.

        Raises:
            ValueError: it is none.
        """
        match suffix.lower():
            case ".json":
                return cls.of(cryptokeys.members_in(data))
            case ".pem":
                return cls(material=cryptokeys.read_pem(data))
        if cryptokeys.looks_like_jwk(data):
            return cls.of(cryptokeys.members_in(data))
        return cls(material=cryptokeys.read_key(data))

    def check(self, operation: str, algorithm: str) -> None:
        """
        Return if the key may be used so.

        Raises:
            InvalidRequestError: it is for something else.
        """
        fitting = "sig" if operation in _SIGNING else "enc"
        if (self.operations and operation not in self.operations) or self.use not in {"", fitting}:
            raise InvalidRequestError(f"key cannot perform the '{operation}' operation")
        if self.algorithm not in {"", algorithm}:
            raise InvalidRequestError(f"key cannot be used with algorithm '{algorithm}'")
