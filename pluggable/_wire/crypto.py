"""Cryptography on the wire."""

from __future__ import annotations

from collections.abc import Iterable

from .._proto.pluggable.components.v1alpha1 import crypto_pb2 as pb
from ..crypto import (
    DecryptRequest,
    EncryptRequest,
    EncryptResponse,
    GetKeyRequest,
    KeyFormat,
    PublicKey,
    SignRequest,
    UnwrapKeyRequest,
    VerifyRequest,
    WrapKeyRequest,
    WrapKeyResponse,
)
from ..metadata import Metadata
from .common import metadata_request, metadata_request_pb


def init_request(message: pb.SubtleCryptoInitRequest, name: str = "") -> Metadata:
    """Return what the component is configured with."""
    return metadata_request(message.metadata, name)


def init_request_pb(metadata: Metadata) -> pb.SubtleCryptoInitRequest:
    """Pack what the component is configured with."""
    return pb.SubtleCryptoInitRequest(metadata=metadata_request_pb(metadata))


def algorithms_response(message: pb.ListAlgorithmsResponse) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the algorithms to encrypt with, and those to sign with."""
    return tuple(message.encryption), tuple(message.signature)


def algorithms_response_pb(encryption: Iterable[str], signature: Iterable[str]) -> pb.ListAlgorithmsResponse:
    """Pack the algorithms to encrypt with, and those to sign with."""
    return pb.ListAlgorithmsResponse(encryption=encryption, signature=signature)


def get_key_request(message: pb.GetKeyRequest) -> GetKeyRequest:
    """Return which key is asked for."""
    return GetKeyRequest(key_name=message.key_name)


def get_key_request_pb(request: GetKeyRequest) -> pb.GetKeyRequest:
    """Pack which key is asked for."""
    return pb.GetKeyRequest(key_name=request.key_name)


def get_key_response(message: pb.GetKeyResponse) -> PublicKey | None:
    """Return the key; ``None`` if there is none in the answer, in any form that is known here."""
    match message.WhichOneof("key"):
        case "jwk":
            return PublicKey(name=message.name, key=message.jwk)
        case "pem":
            return PublicKey(name=message.name, key=message.pem, format=KeyFormat.PEM)
    return None


def get_key_response_pb(key: PublicKey) -> pb.GetKeyResponse:
    """Pack the key."""
    if key.format is KeyFormat.PEM:
        return pb.GetKeyResponse(name=key.name, pem=key.key)
    return pb.GetKeyResponse(name=key.name, jwk=key.key)


def encrypt_request(message: pb.EncryptRequest) -> EncryptRequest:
    """Return what to encrypt."""
    return EncryptRequest(
        plaintext=message.plaintext,
        algorithm=message.algorithm,
        key_name=message.key_name,
        nonce=message.nonce,
        associated_data=message.associated_data,
    )


def encrypt_request_pb(request: EncryptRequest) -> pb.EncryptRequest:
    """Pack what to encrypt."""
    return pb.EncryptRequest(
        plaintext=request.plaintext,
        algorithm=request.algorithm,
        key_name=request.key_name,
        nonce=request.nonce,
        associated_data=request.associated_data,
    )


def encrypt_response(message: pb.EncryptResponse) -> EncryptResponse:
    """Return the ciphertext and its tag."""
    return EncryptResponse(ciphertext=message.ciphertext, tag=message.tag)


def encrypt_response_pb(response: EncryptResponse) -> pb.EncryptResponse:
    """Pack the ciphertext and its tag."""
    return pb.EncryptResponse(ciphertext=response.ciphertext, tag=response.tag)


def decrypt_request(message: pb.DecryptRequest) -> DecryptRequest:
    """Return what to decrypt."""
    return DecryptRequest(
        ciphertext=message.ciphertext,
        algorithm=message.algorithm,
        key_name=message.key_name,
        nonce=message.nonce,
        tag=message.tag,
        associated_data=message.associated_data,
    )


def decrypt_request_pb(request: DecryptRequest) -> pb.DecryptRequest:
    """Pack what to decrypt."""
    return pb.DecryptRequest(
        ciphertext=request.ciphertext,
        algorithm=request.algorithm,
        key_name=request.key_name,
        nonce=request.nonce,
        tag=request.tag,
        associated_data=request.associated_data,
    )


def wrap_key_request(message: pb.WrapKeyRequest) -> WrapKeyRequest:
    """Return which key to wrap."""
    return WrapKeyRequest(
        key=message.plaintext_key,
        algorithm=message.algorithm,
        key_name=message.key_name,
        nonce=message.nonce,
        associated_data=message.associated_data,
    )


def wrap_key_request_pb(request: WrapKeyRequest) -> pb.WrapKeyRequest:
    """Pack which key to wrap."""
    return pb.WrapKeyRequest(
        plaintext_key=request.key,
        algorithm=request.algorithm,
        key_name=request.key_name,
        nonce=request.nonce,
        associated_data=request.associated_data,
    )


def wrap_key_response(message: pb.WrapKeyResponse) -> WrapKeyResponse:
    """Return the wrapped key and its tag."""
    return WrapKeyResponse(wrapped_key=message.wrapped_key, tag=message.tag)


def wrap_key_response_pb(response: WrapKeyResponse) -> pb.WrapKeyResponse:
    """Pack the wrapped key and its tag."""
    return pb.WrapKeyResponse(wrapped_key=response.wrapped_key, tag=response.tag)


def unwrap_key_request(message: pb.UnwrapKeyRequest) -> UnwrapKeyRequest:
    """Return which key to unwrap."""
    return UnwrapKeyRequest(
        wrapped_key=message.wrapped_key,
        algorithm=message.algorithm,
        key_name=message.key_name,
        nonce=message.nonce,
        tag=message.tag,
        associated_data=message.associated_data,
    )


def unwrap_key_request_pb(request: UnwrapKeyRequest) -> pb.UnwrapKeyRequest:
    """Pack which key to unwrap."""
    return pb.UnwrapKeyRequest(
        wrapped_key=request.wrapped_key,
        algorithm=request.algorithm,
        key_name=request.key_name,
        nonce=request.nonce,
        tag=request.tag,
        associated_data=request.associated_data,
    )


def sign_request(message: pb.SignRequest) -> SignRequest:
    """Return what to sign."""
    return SignRequest(digest=message.digest, algorithm=message.algorithm, key_name=message.key_name)


def sign_request_pb(request: SignRequest) -> pb.SignRequest:
    """Pack what to sign."""
    return pb.SignRequest(digest=request.digest, algorithm=request.algorithm, key_name=request.key_name)


def verify_request(message: pb.VerifyRequest) -> VerifyRequest:
    """Return which signature to verify."""
    return VerifyRequest(
        digest=message.digest,
        signature=message.signature,
        algorithm=message.algorithm,
        key_name=message.key_name,
    )


def verify_request_pb(request: VerifyRequest) -> pb.VerifyRequest:
    """Pack which signature to verify."""
    return pb.VerifyRequest(
        digest=request.digest,
        signature=request.signature,
        algorithm=request.algorithm,
        key_name=request.key_name,
    )
