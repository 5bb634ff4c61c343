"""
The subtle operations as both APIs have them: HTTP carries the JSON form of gRPC's messages.

A daprd has them if it was built with the tag ``subtlecrypto``. Importing this loads messages that few
sidecars use.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from google.protobuf.message import Message

from ... import crypto
from ..._proto.dapr.proto.runtime.v1 import crypto_pb2 as pb
from ..blocks.crypto import Crypto
from ..errors.crypto import CryptoRequestError

_FORMS: Final = {
    pb.SubtleGetKeyRequest.PEM: crypto.KeyFormat.PEM,
    pb.SubtleGetKeyRequest.JSON: crypto.KeyFormat.JWK,
}


async def get_key(block: Crypto, request: pb.SubtleGetKeyRequest) -> pb.SubtleGetKeyResponse:
    """Answer with the public part of a key, in PEM or as a JSON Web Key."""
    vault, form = block.vault(request.component_name), _FORMS.get(request.format)
    if form is None:
        raise CryptoRequestError("invalid key format")
    name, key = await vault.get_key(request.name, form)
    return pb.SubtleGetKeyResponse(name=name, public_key=key)


async def encrypt(block: Crypto, request: pb.SubtleEncryptRequest) -> pb.SubtleEncryptResponse:
    """Answer with a message encrypted, and its tag."""
    asked = crypto.EncryptRequest(
        plaintext=request.plaintext,
        algorithm=request.algorithm,
        key_name=request.key_name,
        nonce=request.nonce,
        associated_data=request.associated_data,
    )
    found = await block.vault(request.component_name).encrypt(asked)
    return pb.SubtleEncryptResponse(ciphertext=found.ciphertext, tag=found.tag)


async def decrypt(block: Crypto, request: pb.SubtleDecryptRequest) -> pb.SubtleDecryptResponse:
    """Answer with a message."""
    asked = crypto.DecryptRequest(
        ciphertext=request.ciphertext,
        algorithm=request.algorithm,
        key_name=request.key_name,
        nonce=request.nonce,
        tag=request.tag,
        associated_data=request.associated_data,
    )
    return pb.SubtleDecryptResponse(plaintext=await block.vault(request.component_name).decrypt(asked))


async def wrap_key(block: Crypto, request: pb.SubtleWrapKeyRequest) -> pb.SubtleWrapKeyResponse:
    """Answer with a key wrapped, and its tag."""
    asked = crypto.WrapKeyRequest(
        key=request.plaintext_key,
        algorithm=request.algorithm,
        key_name=request.key_name,
        nonce=request.nonce,
        associated_data=request.associated_data,
    )
    found = await block.vault(request.component_name).wrap_key(asked)
    return pb.SubtleWrapKeyResponse(wrapped_key=found.wrapped_key, tag=found.tag)


async def unwrap_key(block: Crypto, request: pb.SubtleUnwrapKeyRequest) -> pb.SubtleUnwrapKeyResponse:
    """Answer with the bytes of a wrapped key."""
    asked = crypto.UnwrapKeyRequest(
        wrapped_key=request.wrapped_key,
        algorithm=request.algorithm,
        key_name=request.key_name,
        nonce=request.nonce,
        tag=request.tag,
        associated_data=request.associated_data,
    )
    key = await block.vault(request.component_name).unwrap_key(asked)
    return pb.SubtleUnwrapKeyResponse(plaintext_key=key)


async def sign(block: Crypto, request: pb.SubtleSignRequest) -> pb.SubtleSignResponse:
    """Answer with the signature of a digest."""
    asked = crypto.SignRequest(digest=request.digest, algorithm=request.algorithm, key_name=request.key_name)
    return pb.SubtleSignResponse(signature=await block.vault(request.component_name).sign(asked))


async def verify(block: Crypto, request: pb.SubtleVerifyRequest) -> pb.SubtleVerifyResponse:
    """Answer whether a signature is that of a digest."""
    asked = crypto.VerifyRequest(
        digest=request.digest,
        signature=request.signature,
        algorithm=request.algorithm,
        key_name=request.key_name,
    )
    return pb.SubtleVerifyResponse(valid=await block.vault(request.component_name).verify(asked))


#: What answers an operation, with the message that it asks by: the name is that of HTTP's path.
OPERATIONS: Final[Mapping[str, tuple[type[Message], Callable[[Crypto, Any], Awaitable[Message]]]]] = {
    "getkey": (pb.SubtleGetKeyRequest, get_key),
    "encrypt": (pb.SubtleEncryptRequest, encrypt),
    "decrypt": (pb.SubtleDecryptRequest, decrypt),
    "wrapkey": (pb.SubtleWrapKeyRequest, wrap_key),
    "unwrapkey": (pb.SubtleUnwrapKeyRequest, unwrap_key),
    "sign": (pb.SubtleSignRequest, sign),
    "verify": (pb.SubtleVerifyRequest, verify),
}
