"""Cryptography over a socket."""

from __future__ import annotations

from google.protobuf.message import Message

from .._proto.pluggable.components.v1alpha1 import crypto_pb2 as pb
from .._wire import crypto as wire, names
from ..crypto import (
    DecryptRequest,
    EncryptRequest,
    EncryptResponse,
    GetKeyRequest,
    PublicKey,
    SignRequest,
    SubtleCrypto,
    UnwrapKeyRequest,
    VerifyRequest,
    WrapKeyRequest,
    WrapKeyResponse,
)
from ..errors import NotFoundError
from ..metadata import Metadata
from .component import RemoteComponent
from .connection import Connection

_LIST_ALGORITHMS = names.path(names.SUBTLE_CRYPTO, "ListAlgorithms")
_GET_KEY = names.path(names.SUBTLE_CRYPTO, "GetKey")
_ENCRYPT = names.path(names.SUBTLE_CRYPTO, "Encrypt")
_DECRYPT = names.path(names.SUBTLE_CRYPTO, "Decrypt")
_WRAP_KEY = names.path(names.SUBTLE_CRYPTO, "WrapKey")
_UNWRAP_KEY = names.path(names.SUBTLE_CRYPTO, "UnwrapKey")
_SIGN = names.path(names.SUBTLE_CRYPTO, "Sign")
_VERIFY = names.path(names.SUBTLE_CRYPTO, "Verify")


class RemoteSubtleCrypto(RemoteComponent, SubtleCrypto):
    """A vault of keys over a socket; its algorithms are known after ``init``."""

    service = names.SUBTLE_CRYPTO

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.encryption_algorithms: tuple[str, ...] = ()
        self.signature_algorithms: tuple[str, ...] = ()

    async def get_key(self, request: GetKeyRequest) -> PublicKey:
        message = await self._connection.ask(_GET_KEY, wire.get_key_request_pb(request), pb.GetKeyResponse)
        if (key := wire.get_key_response(message)) is None:
            raise NotFoundError(
                f'{self._connection.name} answered with no public part of key "{request.key_name}"'
            )
        return key

    async def encrypt(self, request: EncryptRequest) -> EncryptResponse:
        message = await self._connection.ask(_ENCRYPT, wire.encrypt_request_pb(request), pb.EncryptResponse)
        return wire.encrypt_response(message)

    async def decrypt(self, request: DecryptRequest) -> bytes:
        message = await self._connection.ask(_DECRYPT, wire.decrypt_request_pb(request), pb.DecryptResponse)
        return message.plaintext

    async def wrap_key(self, request: WrapKeyRequest) -> WrapKeyResponse:
        message = await self._connection.ask(_WRAP_KEY, wire.wrap_key_request_pb(request), pb.WrapKeyResponse)
        return wire.wrap_key_response(message)

    async def unwrap_key(self, request: UnwrapKeyRequest) -> bytes:
        message = await self._connection.ask(
            _UNWRAP_KEY, wire.unwrap_key_request_pb(request), pb.UnwrapKeyResponse
        )
        return message.plaintext_key

    async def sign(self, request: SignRequest) -> bytes:
        message = await self._connection.ask(_SIGN, wire.sign_request_pb(request), pb.SignResponse)
        return message.signature

    async def verify(self, request: VerifyRequest) -> bool:
        message = await self._connection.ask(_VERIFY, wire.verify_request_pb(request), pb.VerifyResponse)
        return message.valid

    def _init_request(self, metadata: Metadata) -> tuple[Message, type[Message]]:
        return wire.init_request_pb(metadata), pb.SubtleCryptoInitResponse

    async def _after_init(self) -> None:
        await super()._after_init()
        answer = await self._connection.greet(
            _LIST_ALGORITHMS, pb.ListAlgorithmsRequest(), pb.ListAlgorithmsResponse
        )
        self.encryption_algorithms, self.signature_algorithms = wire.algorithms_response(answer)
