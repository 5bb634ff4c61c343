"""Vaults of keys that break one rule each, by the check that finds it."""

from __future__ import annotations

import json
from dataclasses import replace

from pluggable._proto.pluggable.components.v1alpha1 import crypto_pb2
from pluggable._wire import names
from pluggable.crypto import (
    DecryptRequest,
    EncryptRequest,
    EncryptResponse,
    GetKeyRequest,
    PublicKey,
    SignRequest,
    UnwrapKeyRequest,
    VerifyRequest,
)
from pluggable.errors import ComponentError, InvalidRequestError, NotFoundError, UnsupportedError
from tests.conformance.broken.serving import Broken, answering
from tests.conformance.vault import TAG_BYTES, KeyVault


class ForgetsToList(KeyVault):
    encryption_algorithms = ("A256CBC", "A256KW", "RSA-OAEP", "RSA-OAEP-256")


class HasNoMembers(KeyVault):
    async def get_key(self, request: GetKeyRequest) -> PublicKey:
        return replace(await super().get_key(request), key='{"kty":"RSA","e":"AQAB"}')


class ShowsAll(KeyVault):
    async def get_key(self, request: GetKeyRequest) -> PublicKey:
        found = await super().get_key(request)
        return replace(found, key=json.dumps({**json.loads(found.key), "d": "AQAB"}))


class ShowsSecrets(KeyVault):
    async def get_key(self, request: GetKeyRequest) -> PublicKey:
        if request.key_name in self.secrets:
            return PublicKey(name=request.key_name, key='{"kty":"oct","k":"AQAB"}')
        return await super().get_key(request)


class TakesAnyKey(KeyVault):
    async def encrypt(self, request: EncryptRequest) -> EncryptResponse:
        try:
            return await super().encrypt(request)
        except NotFoundError:
            return await super().encrypt(replace(request, key_name="aes"))


class TakesAnyAlgorithm(KeyVault):
    async def encrypt(self, request: EncryptRequest) -> EncryptResponse:
        try:
            return await super().encrypt(request)
        except (NotFoundError, UnsupportedError):
            return await super().encrypt(replace(request, algorithm="A256GCM", key_name="aes"))


class KeepsThePadding(KeyVault):
    async def decrypt(self, request: DecryptRequest) -> bytes:
        return await super().decrypt(request) + b"\x03\x03\x03"


class TagInTheCiphertext(KeyVault):
    async def encrypt(self, request: EncryptRequest) -> EncryptResponse:
        response = await super().encrypt(request)
        return EncryptResponse(ciphertext=response.ciphertext + response.tag)

    async def decrypt(self, request: DecryptRequest) -> bytes:
        cut = len(request.ciphertext) - TAG_BYTES
        return await super().decrypt(
            replace(request, ciphertext=request.ciphertext[:cut], tag=request.ciphertext[cut:])
        )


class ChecksNoTag(KeyVault):
    def __init__(self) -> None:
        super().__init__()
        self.tags: dict[bytes, bytes] = {}

    async def encrypt(self, request: EncryptRequest) -> EncryptResponse:
        response = await super().encrypt(request)
        self.tags[response.ciphertext] = response.tag
        return response

    async def decrypt(self, request: DecryptRequest) -> bytes:
        return await super().decrypt(replace(request, tag=self.tags[request.ciphertext]))


class IgnoresAssociatedData(KeyVault):
    async def encrypt(self, request: EncryptRequest) -> EncryptResponse:
        return await super().encrypt(replace(request, associated_data=b""))

    async def decrypt(self, request: DecryptRequest) -> bytes:
        return await super().decrypt(replace(request, associated_data=b""))


class TurnsKeysAround(KeyVault):
    async def unwrap_key(self, request: UnwrapKeyRequest) -> bytes:
        return (await super().unwrap_key(request))[::-1]


class HidesFailure(KeyVault):
    async def unwrap_key(self, request: UnwrapKeyRequest) -> bytes:
        try:
            return await super().unwrap_key(request)
        except ComponentError:
            return bytes(32)


class SignsBackwards(KeyVault):
    async def sign(self, request: SignRequest) -> bytes:
        return await super().sign(replace(request, digest=request.digest[::-1]))


class RaisesWhenNotValid(KeyVault):
    async def verify(self, request: VerifyRequest) -> bool:
        if not await super().verify(request):
            raise InvalidRequestError("the signature is not valid")
        return True


CRYPTO: dict[str, Broken] = {
    "algorithms-are-listed": Broken(
        KeyVault, answering(names.SUBTLE_CRYPTO, "ListAlgorithms", crypto_pb2.ListAlgorithmsResponse())
    ),
    "named-algorithms-are-listed": Broken(ForgetsToList),
    "public-key-is-answered": Broken(HasNoMembers),
    "private-part-stays-inside": Broken(ShowsAll),
    "symmetric-key-is-not-shown": Broken(ShowsSecrets),
    "missing-key-is-refused": Broken(TakesAnyKey),
    "unlisted-algorithm-is-refused": Broken(TakesAnyAlgorithm),
    "message-is-decrypted": Broken(KeepsThePadding),
    "tag-goes-beside-the-ciphertext": Broken(TagInTheCiphertext),
    "wrong-tag-is-refused": Broken(ChecksNoTag),
    "wrong-associated-data-is-refused": Broken(IgnoresAssociatedData),
    "wrapped-key-is-unwrapped": Broken(TurnsKeysAround),
    "changed-key-is-not-unwrapped": Broken(HidesFailure),
    "signature-is-verified": Broken(SignsBackwards),
    "signature-of-another-digest-is-not-valid": Broken(RaisesWhenNotValid),
}
