"""What the cryptography block refuses or cannot do, in daprd's sentences."""

from __future__ import annotations

from .base import BlockError


class CryptoError(BlockError):
    """What the cryptography block cannot do."""


class CryptoProvidersNotConfiguredError(CryptoError):
    """There is no vault of keys at all."""

    def __init__(self) -> None:
        super().__init__("crypto providers not configured")


class CryptoProviderNotFoundError(CryptoError):
    """There are vaults of keys, but none of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"crypto provider {name} not found")


class CryptoRequestError(BlockError):
    """The request leaves out what it has to say."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"invalid request: {reason}")


class CryptoKeyError(CryptoError):
    """The public part of a key cannot be had."""

    def __init__(self, key: str, reason: object) -> None:
        super().__init__(f"failed to retrieve key {key}: {reason}")


class CryptoOperationError(CryptoError):
    """Nothing comes of an operation."""

    def __init__(self, reason: object) -> None:
        super().__init__(f"failed to perform operation: {reason}")
