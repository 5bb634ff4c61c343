"""A vault's keys, each with what to try with it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ...crypto import EncryptRequest, SignRequest
from ...remote import RemoteSubtleCrypto
from ..check import InapplicableError
from ..keys import ALGORITHMS, Algorithm, Key, Use
from ..target import Target

#: Not as long as a block of any cipher, but for the ciphers that need whole blocks.
MESSAGE: Final = b"no multiple of sixteen at all"
BLOCKS: Final = b"two blocks, thirty-two bytes ..."


@dataclass(frozen=True, slots=True)
class Case:
    """One key with one algorithm."""

    key: Key
    name: str
    algorithm: Algorithm

    def __str__(self) -> str:
        return f'{self.name} with key "{self.key.name}"'

    def encryption(self, associated_data: bytes = b"") -> EncryptRequest:
        """Return a message to encrypt."""
        return EncryptRequest(
            plaintext=BLOCKS if self.name.endswith("NOPAD") else MESSAGE,
            algorithm=self.name,
            key_name=self.key.name,
            nonce=secrets.token_bytes(self.algorithm.nonce_bytes),
            associated_data=associated_data,
        )

    def signing(self) -> SignRequest:
        """Return a digest to sign."""
        digest = self.algorithm.digest(MESSAGE)
        return SignRequest(digest=digest, algorithm=self.name, key_name=self.key.name)


def vault(target: Target) -> RemoteSubtleCrypto:
    """Return the vault."""
    return target.far_end(RemoteSubtleCrypto)


def cases(
    target: Target, use: Use, *, public: bool = False, tagged: bool = False, checked: bool = False
) -> list[Case]:
    """
    Return what the profile names for a use.

    Raises:
        InapplicableError: it names nothing.
    """
    found = [
        case
        for case in all_cases(target)
        if use in case.algorithm.uses
        and (public or case.key.type != "public")
        and (case.algorithm.tagged or not tagged)
        and (case.algorithm.checked or not checked)
    ]
    if not found:
        raise InapplicableError(f"the profile names no key to {use.value} with that this applies to")
    return found


def keys(target: Target, *types: str) -> list[Key]:
    """
    Return the keys of these types.

    Raises:
        InapplicableError: there is none.
    """
    found = [key for key in target.profile.keys if key.type in types]
    if not found:
        raise InapplicableError(f"the profile names no key that is {' or '.join(types)}")
    return found


def all_cases(target: Target) -> Iterator[Case]:
    """Yield every key of the profile with each of its algorithms."""
    for key in target.profile.keys:
        yield from (Case(key, name, ALGORITHMS[name]) for name in key.algorithms)


def changed(data: bytes) -> bytes:
    """Return data of the same size, with its first bit turned."""
    return bytes([data[0] ^ 1]) + data[1:] if data else b"\x01"
