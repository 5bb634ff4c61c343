"""What one vault of keys does for its caller: documents in Dapr's scheme, and the subtle operations."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from typing import TypeVar

from ... import crypto, cryptokeys
from ...errors import ComponentError, TimedOutError, UnavailableError
from ..errors.crypto import CryptoKeyError, CryptoOperationError
from ..scheme.documents import Decryption, Encryption
from ..scheme.filekey import KEY_BYTES, FileKey
from ..scheme.header import Header
from ..scheme.manifest import Manifest, cipher_of, read_manifest, wrapping_algorithm

logger: logging.Logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptOptions:
    """How a document is to be encrypted."""

    key_name: str
    algorithm: str
    """What wraps the document's key, in any case; ``AES`` and ``RSA`` will do."""
    cipher: str = ""
    """AES-GCM if empty, or CHACHA20-POLY1305, in any case."""
    omit_key_name: bool = False
    """Leave out of the document which key it is; who decrypts it has to know."""
    decryption_key_name: str = ""
    """The key's name for who decrypts, if it is not ``key_name``."""


class Vault:
    """
    One vault of keys.

    Of the subtle operations' failures a caller learns no more than that they failed, as every word more may
    help to guess keys (dapr: ``pkg/api/universal/subtlecrypto_subtlecrypto.go``); the log has it.
    """

    def __init__(self, component: crypto.SubtleCrypto) -> None:
        self._component = component

    async def encryption(self, options: EncryptOptions) -> Encryption:
        """
        Return a new document, with a key of its own that this vault has wrapped.

        Raises:
            CryptoOperationError: the options ask for what is not there, or the key could not be wrapped.
        """
        algorithm, key = wrapping_algorithm(options.algorithm), FileKey.new(cipher_of(options.cipher))
        request = crypto.WrapKeyRequest(key=key.key, algorithm=algorithm, key_name=options.key_name)
        try:
            wrapped = await self._component.wrap_key(request)
        except ComponentError as error:
            raise CryptoOperationError(f"failed to wrap the file key: {error}") from error
        manifest = Manifest(
            key_name="" if options.omit_key_name else options.decryption_key_name or options.key_name,
            algorithm=algorithm,
            wrapped_key=wrapped.wrapped_key,
            cipher=key.cipher,
            nonce_prefix=key.nonce_prefix,
        )
        return Encryption(manifest, key)

    def decryption(self, key_name: str = "") -> Decryption:
        """
        Return a document to be decrypted, with the key of this name instead of the one that it names.

        What is wrong with it shows while it is read.
        """

        async def unlock(header: Header) -> FileKey:
            return await self._unlock(header, key_name)

        return Decryption(unlock)

    async def get_key(self, name: str, form: crypto.KeyFormat) -> tuple[str, str]:
        """
        Return the name and the public part of a key, in the form that is wanted.

        Raises:
            CryptoKeyError: there is no such key, or it has no public part.
        """
        try:
            found = await self._component.get_key(crypto.GetKeyRequest(key_name=name))
            text = found.key if found.format is form else _in_other_form(found)
        except (ComponentError, ValueError) as error:
            raise CryptoKeyError(name, error) from error
        return found.name or name, text

    async def encrypt(self, request: crypto.EncryptRequest) -> crypto.EncryptResponse:
        """Encrypt a small message."""
        return await _told_nothing(self._component.encrypt(request), "encrypt")

    async def decrypt(self, request: crypto.DecryptRequest) -> bytes:
        """Decrypt a small message."""
        return await _told_nothing(self._component.decrypt(request), "decrypt")

    async def wrap_key(self, request: crypto.WrapKeyRequest) -> crypto.WrapKeyResponse:
        """Wrap a key in any form that keys are written in."""
        try:
            key = cryptokeys.serialized(cryptokeys.read_key(request.key))
        except ValueError as error:
            raise CryptoOperationError(f"failed to parse plaintext key: {error}") from error
        return await _told_nothing(self._component.wrap_key(replace(request, key=key)), "wrap key")

    async def unwrap_key(self, request: crypto.UnwrapKeyRequest) -> bytes:
        """Return the bytes of a wrapped key."""
        return await _told_nothing(self._component.unwrap_key(request), "unwrap key")

    async def sign(self, request: crypto.SignRequest) -> bytes:
        """Sign a digest."""
        return await _told_nothing(self._component.sign(request), "sign")

    async def verify(self, request: crypto.VerifyRequest) -> bool:
        """Return whether a signature is that of a digest."""
        return await _told_nothing(self._component.verify(request), "verify signature")

    async def _unlock(self, header: Header, key_name: str) -> FileKey:
        manifest = read_manifest(header.manifest)
        name = key_name or manifest.key_name
        if not name:
            raise CryptoOperationError(
                "document's manifest does not contain a key name, and no key name was provided"
            )
        key = FileKey(await self._unwrapped(manifest, name), manifest.nonce_prefix, manifest.cipher)
        key.check(header.manifest, header.signature)
        return key

    async def _unwrapped(self, manifest: Manifest, key_name: str) -> bytes:
        """
        Return the document's key; one that cannot have signed it, where it cannot be unwrapped.

        So nobody learns from an error which keys there are.
        """
        request = crypto.UnwrapKeyRequest(
            wrapped_key=manifest.wrapped_key, algorithm=manifest.algorithm, key_name=key_name
        )
        try:
            key = await self._component.unwrap_key(request)
        except (UnavailableError, TimedOutError) as error:  # which tells nothing of keys
            raise CryptoOperationError(f"failed to unwrap the file key: {error}") from error
        except ComponentError as error:
            logger.debug("the key of a document cannot be unwrapped: %s", error)
            key = b""
        return key if len(key) == KEY_BYTES else bytes(KEY_BYTES)


async def _told_nothing(work: Awaitable[T], what: str) -> T:
    try:
        return await work
    except ComponentError as error:
        logger.debug("failed to %s: %s", what, error)
        raise CryptoOperationError(f"failed to {what}") from error


def _in_other_form(key: crypto.PublicKey) -> str:
    if key.format is crypto.KeyFormat.JWK:
        found = cryptokeys.key_of(cryptokeys.members_in(key.key))
    else:
        found = cryptokeys.read_pem(key.key.encode())
    public = cryptokeys.public_part(found)
    if key.format is crypto.KeyFormat.JWK:
        return cryptokeys.pem_of(public)
    return json.dumps(cryptokeys.members_of(public), separators=(",", ":"))
