"""The subtle operations over both APIs."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from google.protobuf.message import Message

from pluggable import Metadata, cryptokeys, transport
from pluggable._proto.dapr.proto.runtime.v1 import crypto_pb2 as pb
from pluggable.transport import Channel, Code, StatusError
from pluggable_servers.crypto.localstorage import LocalStorageVault
from tests.runtime.api.conftest import Sidecar
from tests.runtime.api.documents import PREFIX
from tests.runtime.blocks.inmemory import loaded
from tests.servers.vaults import materials, members, pem, write_keys

M = TypeVar("M", bound=Message)
NONCE = bytes(12)


@pytest.fixture(autouse=True)
async def vault(sidecar: Sidecar, tmp_path: Path) -> None:
    write_keys(tmp_path)
    made = LocalStorageVault()
    await made.init(Metadata({"path": str(tmp_path)}))
    sidecar.components.catalog.crypto["vault"] = loaded("vault", "crypto.dapr.localstorage", made)


@pytest.fixture
async def channel(sidecar: Sidecar) -> AsyncIterator[Channel]:
    async with transport.channel(f"127.0.0.1:{sidecar.grpc_port}") as channel:
        yield channel


async def ask(channel: Channel, operation: str, request: Message, response: type[M]) -> M:
    path = f"{PREFIX}Subtle{operation}Alpha1"
    return response.FromString(await channel.unary(path, request.SerializeToString(), timeout=5))


async def get_key(
    channel: Channel, name: str, form: pb.SubtleGetKeyRequest.KeyFormat.ValueType
) -> pb.SubtleGetKeyResponse:
    request = pb.SubtleGetKeyRequest(component_name="vault", name=name, format=form)
    return await ask(channel, "GetKey", request, pb.SubtleGetKeyResponse)


@pytest.mark.parametrize("name", ["rsa.pem", "rsa-public.pem", "p521.json", "ed.json"])
async def test_public_key_comes_in_the_form_asked_for(channel: Channel, name: str) -> None:
    key = materials()[name]
    in_pem = await get_key(channel, name, pb.SubtleGetKeyRequest.PEM)
    in_json = await get_key(channel, name, pb.SubtleGetKeyRequest.JSON)

    assert in_pem == pb.SubtleGetKeyResponse(
        name=name, public_key=cryptokeys.pem_of(cryptokeys.public_part(key))
    )
    assert (in_json.name, json.loads(in_json.public_key)) == (
        name,
        cryptokeys.members_of(cryptokeys.public_part(key)),
    )


@pytest.mark.parametrize("name", ["absent", "aes256"])
async def test_key_without_public_part_is_refused(channel: Channel, name: str) -> None:
    with pytest.raises(StatusError, match=f"failed to retrieve key {name}: ") as caught:
        await get_key(channel, name, pb.SubtleGetKeyRequest.PEM)

    assert caught.value.code is Code.INTERNAL


async def test_message_is_decrypted(channel: Channel) -> None:
    asked = {"component_name": "vault", "key_name": "aes256", "algorithm": "A256GCM", "nonce": NONCE}
    told: Any = {**asked, "associated_data": b"order 1"}
    sealed = await ask(
        channel, "Encrypt", pb.SubtleEncryptRequest(plaintext=b"secret", **told), pb.SubtleEncryptResponse
    )
    opened = await ask(
        channel,
        "Decrypt",
        pb.SubtleDecryptRequest(ciphertext=sealed.ciphertext, tag=sealed.tag, **told),
        pb.SubtleDecryptResponse,
    )

    assert (len(sealed.ciphertext), len(sealed.tag)) == (6, 16)
    assert opened.plaintext == b"secret"


@pytest.mark.parametrize("form", ["raw", "base64", "jwk", "pem"])
async def test_key_in_any_form_is_wrapped(channel: Channel, form: str) -> None:
    secret, pair = materials()["aes192"], materials()["p256.json"]
    assert isinstance(secret, bytes)
    assert not isinstance(pair, bytes)
    key, wanted = {
        "raw": (bytes(range(200, 224)), bytes(range(200, 224))),
        "base64": (base64.b64encode(secret), secret),
        "jwk": (json.dumps(members(secret)).encode(), secret),
        "pem": (pem(pair), cryptokeys.serialized(pair)),
    }[form]
    asked: Any = {"component_name": "vault", "key_name": "aes256", "algorithm": "C20PKW", "nonce": NONCE}
    wrapped = await ask(
        channel, "WrapKey", pb.SubtleWrapKeyRequest(plaintext_key=key, **asked), pb.SubtleWrapKeyResponse
    )
    unwrapped = await ask(
        channel,
        "UnwrapKey",
        pb.SubtleUnwrapKeyRequest(wrapped_key=wrapped.wrapped_key, tag=wrapped.tag, **asked),
        pb.SubtleUnwrapKeyResponse,
    )

    assert unwrapped.plaintext_key == wanted


async def test_signature_is_verified(channel: Channel) -> None:
    digest = hashlib.sha256(b"order").digest()
    asked: Any = {"component_name": "vault", "key_name": "p256.json", "algorithm": "ES256"}
    signed = await ask(channel, "Sign", pb.SubtleSignRequest(digest=digest, **asked), pb.SubtleSignResponse)
    verdicts = [
        await ask(
            channel,
            "Verify",
            pb.SubtleVerifyRequest(digest=each, signature=signed.signature, **asked),
            pb.SubtleVerifyResponse,
        )
        for each in (digest, hashlib.sha256(b"other").digest())
    ]

    assert [verdict.valid for verdict in verdicts] == [True, False]


async def test_bytes_are_base64_over_http(sidecar: Sidecar) -> None:
    path = "/v1.0-alpha1/subtlecrypto/vault/"
    asked = {"keyName": "aes256", "algorithm": "A256GCM", "nonce": base64.b64encode(NONCE).decode()}
    sealed = await sidecar.call(
        "POST", path + "encrypt", json.dumps({**asked, "plaintext": base64.b64encode(b"hi").decode()})
    )
    opened = await sidecar.call("POST", path + "decrypt", json.dumps({**asked, **json.loads(sealed.body)}))
    key = await sidecar.call("POST", path + "getkey", '{"name": "ed.json", "format": "JSON"}')

    assert json.loads(opened.body) == {"plaintext": base64.b64encode(b"hi").decode()}
    assert json.loads(json.loads(key.body)["publicKey"])["crv"] == "Ed25519"


@pytest.mark.parametrize(
    ("operation", "body", "failed"),
    [
        ("encrypt", {"algorithm": "A256GCM", "keyName": "aes256"}, "encrypt"),
        ("encrypt", {"algorithm": "A256GCM", "keyName": "absent"}, "encrypt"),
        (
            "decrypt",
            {"algorithm": "A256CBC", "keyName": "aes256", "nonce": "A" * 22, "ciphertext": "AAAA"},
            "decrypt",
        ),
        ("wrapkey", {"algorithm": "A256KW", "keyName": "rsa.pem", "plaintextKey": "AAAA"}, "wrap key"),
        ("unwrapkey", {"algorithm": "A256KW", "keyName": "aes256", "wrappedKey": "AAAA"}, "unwrap key"),
        ("sign", {"algorithm": "ES256", "keyName": "p256.json", "digest": "AAAA"}, "sign"),
        ("verify", {"algorithm": "HS256", "keyName": "aes256", "digest": "AAAA"}, "verify signature"),
    ],
)
async def test_failure_tells_nothing_of_its_reason(
    sidecar: Sidecar, operation: str, body: dict[str, str], failed: str
) -> None:
    answer = await sidecar.call("POST", f"/v1.0-alpha1/subtlecrypto/vault/{operation}", json.dumps(body))

    assert (answer.status, json.loads(answer.body)) == (
        500,
        {"errorCode": "ERR_CRYPTO", "message": f"failed to perform operation: failed to {failed}"},
    )
