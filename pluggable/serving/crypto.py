"""Cryptography on a socket."""

from __future__ import annotations

from typing import Any

from .._proto.pluggable.components.v1alpha1 import crypto_pb2 as pb
from .._wire import crypto as wire, names
from .._wire.names import path
from ..component import Component
from ..crypto import SubtleCrypto
from ..transport import Handler
from .calls import Calls


def handlers(calls: Calls[Any], kind: type[Component]) -> dict[str, Handler]:  # noqa: ARG001  as for every block
    """Return what answers the calls for a vault of keys."""
    service = names.SUBTLE_CRYPTO
    return {
        path(service, "Init"): calls.init(
            pb.SubtleCryptoInitRequest, wire.init_request, pb.SubtleCryptoInitResponse()
        ),
        path(service, "Features"): calls.features(),
        path(service, "Ping"): calls.ping(),
        path(service, "ListAlgorithms"): calls.unary(pb.ListAlgorithmsRequest, list_algorithms),
        path(service, "GetKey"): calls.unary(pb.GetKeyRequest, get_key),
        path(service, "Encrypt"): calls.unary(pb.EncryptRequest, encrypt),
        path(service, "Decrypt"): calls.unary(pb.DecryptRequest, decrypt),
        path(service, "WrapKey"): calls.unary(pb.WrapKeyRequest, wrap_key),
        path(service, "UnwrapKey"): calls.unary(pb.UnwrapKeyRequest, unwrap_key),
        path(service, "Sign"): calls.unary(pb.SignRequest, sign),
        path(service, "Verify"): calls.unary(pb.VerifyRequest, verify),
    }


async def list_algorithms(vault: SubtleCrypto, _: pb.ListAlgorithmsRequest) -> pb.ListAlgorithmsResponse:
    """Answer ListAlgorithms."""
    return wire.algorithms_response_pb(vault.encryption_algorithms, vault.signature_algorithms)


async def get_key(vault: SubtleCrypto, message: pb.GetKeyRequest) -> pb.GetKeyResponse:
    """Answer GetKey."""
    return wire.get_key_response_pb(await vault.get_key(wire.get_key_request(message)))


async def encrypt(vault: SubtleCrypto, message: pb.EncryptRequest) -> pb.EncryptResponse:
    """Answer Encrypt."""
    return wire.encrypt_response_pb(await vault.encrypt(wire.encrypt_request(message)))


async def decrypt(vault: SubtleCrypto, message: pb.DecryptRequest) -> pb.DecryptResponse:
    """Answer Decrypt."""
    return pb.DecryptResponse(plaintext=await vault.decrypt(wire.decrypt_request(message)))


async def wrap_key(vault: SubtleCrypto, message: pb.WrapKeyRequest) -> pb.WrapKeyResponse:
    """Answer WrapKey."""
    return wire.wrap_key_response_pb(await vault.wrap_key(wire.wrap_key_request(message)))


async def unwrap_key(vault: SubtleCrypto, message: pb.UnwrapKeyRequest) -> pb.UnwrapKeyResponse:
    """Answer UnwrapKey."""
    return pb.UnwrapKeyResponse(plaintext_key=await vault.unwrap_key(wire.unwrap_key_request(message)))


async def sign(vault: SubtleCrypto, message: pb.SignRequest) -> pb.SignResponse:
    """Answer Sign."""
    return pb.SignResponse(signature=await vault.sign(wire.sign_request(message)))


async def verify(vault: SubtleCrypto, message: pb.VerifyRequest) -> pb.VerifyResponse:
    """Answer Verify."""
    return pb.VerifyResponse(valid=await vault.verify(wire.verify_request(message)))
