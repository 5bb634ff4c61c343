"""What vaults have in common that work with their keys themselves."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod

from pluggable import cryptokeys
from pluggable.crypto import (
    DecryptRequest,
    EncryptRequest,
    EncryptResponse,
    GetKeyRequest,
    KeyFormat,
    PublicKey,
    SignRequest,
    SubtleCrypto,
    UnwrapKeyRequest,
    VerifyRequest,
    WrapKeyRequest,
    WrapKeyResponse,
)
from pluggable.errors import NotFoundError, UnsupportedError

from . import asymmetric, symmetric
from .key import VaultKey
from .symmetric import Sealed


class LocalVault(SubtleCrypto, ABC):
    """
    A vault that finds keys by name, and does the rest: work with keys is done in threads.

    Source: components-contrib ``crypto/local_base_component.go``.
    """

    encryption_algorithms = (*symmetric.ALGORITHMS, *asymmetric.ENCRYPTION)
    signature_algorithms = asymmetric.SIGNATURE

    @abstractmethod
    async def _key(self, name: str) -> VaultKey:
        """
        Return a key.

        Raises:
            NotFoundError: there is none of this name.
            InvalidRequestError: what is there is no key.
        """

    async def get_key(self, request: GetKeyRequest) -> PublicKey:
        key = await self._key(request.key_name)
        if isinstance(key.material, bytes):
            raise NotFoundError(f'key not found: "{request.key_name}" is symmetric, and has no public part')
        public = cryptokeys.public_part(key.material)
        return PublicKey(name=request.key_name, key=cryptokeys.pem_of(public), format=KeyFormat.PEM)

    async def encrypt(self, request: EncryptRequest) -> EncryptResponse:
        return await self._encrypted("encrypt", request)

    async def decrypt(self, request: DecryptRequest) -> bytes:
        return await self._decrypted("decrypt", request)

    async def wrap_key(self, request: WrapKeyRequest) -> WrapKeyResponse:
        asked = EncryptRequest(
            plaintext=request.key,
            algorithm=request.algorithm,
            key_name=request.key_name,
            nonce=request.nonce,
            associated_data=request.associated_data,
        )
        response = await self._encrypted("wrapKey", asked)
        return WrapKeyResponse(wrapped_key=response.ciphertext, tag=response.tag)

    async def unwrap_key(self, request: UnwrapKeyRequest) -> bytes:
        asked = DecryptRequest(
            ciphertext=request.wrapped_key,
            algorithm=request.algorithm,
            key_name=request.key_name,
            nonce=request.nonce,
            tag=request.tag,
            associated_data=request.associated_data,
        )
        return await self._decrypted("unwrapKey", asked)

    async def sign(self, request: SignRequest) -> bytes:
        key = await self._usable(request, "sign")
        return await asyncio.to_thread(asymmetric.sign, request.algorithm, key, request.digest)

    async def verify(self, request: VerifyRequest) -> bool:
        key = await self._usable(request, "verify")
        return await asyncio.to_thread(
            asymmetric.verify, request.algorithm, key, request.digest, request.signature
        )

    async def _encrypted(self, operation: str, request: EncryptRequest) -> EncryptResponse:
        key = await self._usable(request, operation)
        return await asyncio.to_thread(_encrypt, key, request)

    async def _decrypted(self, operation: str, request: DecryptRequest) -> bytes:
        key = await self._usable(request, operation)
        return await asyncio.to_thread(_decrypt, key, request)

    async def _usable(
        self, request: EncryptRequest | DecryptRequest | SignRequest | VerifyRequest, operation: str
    ) -> cryptokeys.Key:
        """Return the key, if it and the algorithm are for this operation."""
        signs = operation in {"sign", "verify"}
        if request.algorithm not in (self.signature_algorithms if signs else self.encryption_algorithms):
            raise UnsupportedError(f'unsupported algorithm: "{request.algorithm}" is not one to {operation}')
        key = await self._key(request.key_name)
        key.check(operation, request.algorithm)
        return key.material


def _encrypt(key: cryptokeys.Key, request: EncryptRequest) -> EncryptResponse:
    if request.algorithm in asymmetric.ENCRYPTION:
        ciphertext = asymmetric.encrypt(request.algorithm, key, request.plaintext, request.associated_data)
        return EncryptResponse(ciphertext=ciphertext)
    message = Sealed(
        ciphertext=request.plaintext, nonce=request.nonce, associated_data=request.associated_data
    )
    sealed = symmetric.encrypt(request.algorithm, symmetric.secret(key), message)
    return EncryptResponse(ciphertext=sealed.ciphertext, tag=sealed.tag)


def _decrypt(key: cryptokeys.Key, request: DecryptRequest) -> bytes:
    if request.algorithm in asymmetric.ENCRYPTION:
        return asymmetric.decrypt(request.algorithm, key, request.ciphertext, request.associated_data)
    sealed = Sealed(
        ciphertext=request.ciphertext,
        tag=request.tag,
        nonce=request.nonce,
        associated_data=request.associated_data,
    )
    return symmetric.decrypt(request.algorithm, symmetric.secret(key), sealed)
