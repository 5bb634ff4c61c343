"""Cryptography over both APIs, with keys in the files of a folder."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from pluggable import Metadata, transport
from pluggable._proto.dapr.proto.common.v1 import common_pb2 as common
from pluggable._proto.dapr.proto.runtime.v1 import crypto_pb2 as pb
from pluggable.crypto import UnwrapKeyRequest
from pluggable.errors import UnavailableError
from pluggable.transport import Channel, Code, StatusError
from pluggable_servers.crypto.localstorage import LocalStorageVault
from tests.runtime.api.conftest import Sidecar
from tests.runtime.api.documents import PREFIX, decrypted, encrypted, options, requests, through
from tests.runtime.blocks.inmemory import loaded
from tests.servers.vaults import write_keys

SEGMENT = 64 * 1024


class Unreachable(LocalStorageVault):
    """A vault that can be reached no more."""

    async def unwrap_key(self, request: UnwrapKeyRequest) -> bytes:
        raise UnavailableError(f"nobody unwraps {len(request.wrapped_key)} bytes")


@pytest.fixture
async def vault(sidecar: Sidecar, tmp_path: Path) -> Path:
    """The folder with the keys."""
    write_keys(tmp_path)
    for name, kind in (("vault", LocalStorageVault), ("unreachable", Unreachable)):
        made = kind()
        await made.init(Metadata({"path": str(tmp_path)}))
        sidecar.components.catalog.crypto[name] = loaded(name, "crypto.dapr.localstorage", made)
    return tmp_path


@pytest.fixture
async def channel(sidecar: Sidecar) -> AsyncIterator[Channel]:
    async with transport.channel(f"127.0.0.1:{sidecar.grpc_port}") as channel:
        yield channel


def told(document: bytes) -> dict[str, object]:
    """The manifest of a document."""
    found: dict[str, object] = json.loads(document.split(b"\n")[1])
    return found


@pytest.mark.parametrize("size", [0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 3 * SEGMENT, 500_000])
@pytest.mark.parametrize("piece", [7_000, 1_000_000])
@pytest.mark.usefixtures("vault")
async def test_document_of_any_length_is_decrypted(channel: Channel, size: int, piece: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    document = await encrypted(channel, data[:size], piece=piece)
    segments = -(-size // SEGMENT)

    assert len(document) == len(b"\n".join(document.split(b"\n", 3)[:3])) + 1 + size + 16 * segments
    assert await decrypted(channel, document, piece=piece) == data[:size]


@pytest.mark.parametrize(
    ("algorithm", "cipher", "key", "numbers"),
    [
        ("AES", "", "aes256", (1, 1)),
        ("a256kw", "chacha20-poly1305", "aes256", (1, 2)),
        ("RSA", "AES-GCM", "rsa.pem", (5, 1)),
        ("rsa-oaep-256", "CHACHA20-POLY1305", "rsa.pem", (5, 2)),
    ],
)
@pytest.mark.usefixtures("vault")
async def test_algorithms_are_as_asked(
    channel: Channel, algorithm: str, cipher: str, key: str, numbers: tuple[int, int]
) -> None:
    chosen = options(key=key, algorithm=algorithm)
    chosen.data_encryption_cipher = cipher
    document = await encrypted(channel, b"secret", chosen)

    assert (told(document)["kw"], told(document)["cph"]) == numbers
    assert await decrypted(channel, document) == b"secret"


@pytest.mark.usefixtures("vault")
async def test_key_is_named_as_asked(channel: Channel) -> None:
    other, none = options(key="rsa-public.pem", algorithm="RSA"), options()
    other.decryption_key_name = "rsa.pem"
    none.omit_decryption_key_name = True
    document, nameless = await encrypted(channel, b"x", other), await encrypted(channel, b"y", none)

    assert told(document)["k"] == "rsa.pem"
    assert await decrypted(channel, document) == b"x"
    assert "k" not in told(nameless)
    assert await decrypted(channel, nameless, key="aes256") == b"y"
    with pytest.raises(StatusError, match="does not contain a key name, and no key name was provided"):
        await decrypted(channel, nameless)


@pytest.mark.usefixtures("vault")
async def test_long_document_is_never_held_whole(channel: Channel) -> None:
    message = pb.EncryptRequest(payload=common.StreamPayload(data=bytes(SEGMENT)))
    received = 0
    tracemalloc.start()
    try:
        async with asyncio.timeout(60), channel.stream(PREFIX + "EncryptAlpha1") as stream:

            async def send() -> None:
                await stream.send(pb.EncryptRequest(options=options()).SerializeToString())
                for seq in range(400):
                    message.payload.seq = seq
                    await stream.send(message.SerializeToString())
                await stream.half_close()

            sending = asyncio.create_task(send())
            while (data := await stream.receive()) is not None:
                received += len(data)
            await sending
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert received > 400 * SEGMENT
    assert most < 100 * SEGMENT


@pytest.mark.usefixtures("vault")
async def test_client_that_does_not_read_is_waited_for(channel: Channel) -> None:
    """The sidecar takes no more than fits on the way, and goes on when there is room."""
    message = pb.EncryptRequest(payload=common.StreamPayload(data=bytes(SEGMENT)))
    sent = 0
    async with asyncio.timeout(60), channel.stream(PREFIX + "EncryptAlpha1") as stream:

        async def send() -> None:
            nonlocal sent
            await stream.send(pb.EncryptRequest(options=options()).SerializeToString())
            for seq in range(600):
                message.payload.seq = seq
                await stream.send(message.SerializeToString())
                sent += 1
            await stream.half_close()

        sending = asyncio.create_task(send())
        done, _ = await asyncio.wait([sending], timeout=1)
        stopped_at = sent
        while await stream.receive() is not None:
            pass
        await sending

    assert not done
    assert stopped_at < 500


@pytest.mark.usefixtures("vault")
async def test_others_are_served_while_a_long_message_is_encrypted(channel: Channel) -> None:
    await encrypted(channel, b"")  # what is loaded with the first document is there
    data = bytes(3_000_000)
    encrypting = asyncio.create_task(encrypted(channel, data, piece=3_000_000))
    turns = 0
    while not encrypting.done():
        await asyncio.sleep(0)
        turns += 1

    assert len(await encrypting) > len(data)
    assert turns > 10


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda document: document.replace(b"v1\n", b"v2\n", 1), "invalid header: unsupported scheme"),
        (lambda document: document[:10], "invalid header: scheme name not found"),
        (lambda document: document[:15], "invalid header: manifest not found"),
        (
            lambda document: b"\n".join(document.split(b"\n")[:2]) + b"\n",
            "invalid header: message authentication code not found",
        ),
        (lambda document: document.replace(b'"cph":1', b'"cph":9'), "invalid header: invalid manifest"),
        (lambda document: document.replace(b'"kw":1', b'"kw":true'), "invalid header: invalid manifest"),
        (lambda document: b"x" * 70_000 + document, "invalid header: scheme name not found"),
        (
            lambda document: document.replace(b'"k":"aes256"', b'"k":"absent"'),
            "failed to validate the document's signature",
        ),
        (
            lambda document: document.replace(b'"k":"aes256"', b'"k" :"aes256"'),
            "failed to validate the document's signature",
        ),
        (lambda document: document[:-1] + b"\x00", "error processing segment 2: failed to decrypt segment"),
        (lambda document: document[:-20], "error processing segment 2: failed to decrypt segment"),
        (
            lambda document: document[: -(SEGMENT + 16)],
            "error processing segment 1: failed to decrypt segment",
        ),
    ],
)
@pytest.mark.usefixtures("vault")
async def test_changed_document_is_refused(
    channel: Channel, change: Callable[[bytes], bytes], message: str
) -> None:
    document = await encrypted(channel, bytes(2 * SEGMENT + SEGMENT))
    changed = change(document)
    assert changed != document

    with pytest.raises(StatusError, match=f"failed to perform operation: {message}") as caught:
        await decrypted(channel, changed)
    assert caught.value.code is Code.INTERNAL


@pytest.mark.parametrize(
    ("chosen", "code", "message"),
    [
        (options(key=""), Code.INVALID_ARGUMENT, "missing property 'keyName' in the options message"),
        (
            options(algorithm=""),
            Code.INVALID_ARGUMENT,
            "missing property 'keyWrapAlgorithm' in the options message",
        ),
        (options(vault=""), Code.INVALID_ARGUMENT, "invalid request: missing component name"),
        (options(vault="absent"), Code.INVALID_ARGUMENT, "crypto provider absent not found"),
        (
            options(algorithm="rot13"),
            Code.INTERNAL,
            "option Algorithm is not valid: algorithm ROT13 is not supported",
        ),
        (
            options(key="absent"),
            Code.INTERNAL,
            "failed to wrap the file key: failed to load key 'absent': No such file or directory",
        ),
        (options(key="../x"), Code.INTERNAL, "failed to wrap the file key: invalid key path"),
        (options(algorithm="A256CBC-NOPAD"), Code.INTERNAL, "failed to wrap the file key: invalid nonce"),
    ],
)
@pytest.mark.usefixtures("vault")
async def test_document_that_cannot_be_made_is_refused(
    channel: Channel, chosen: pb.EncryptRequestOptions, code: Code, message: str
) -> None:
    with pytest.raises(StatusError, match=message) as caught:
        await encrypted(channel, b"x", chosen)

    assert caught.value.code is code


async def test_sidecar_without_vaults_says_so(sidecar: Sidecar, channel: Channel) -> None:
    with pytest.raises(StatusError, match="crypto providers not configured") as caught:
        await encrypted(channel, b"x")
    answer = await sidecar.call("PUT", "/v1.0-alpha1/crypto/vault/decrypt", b"x")

    assert caught.value.code is Code.INTERNAL
    assert (answer.status, json.loads(answer.body)) == (
        500,
        {"errorCode": "ERR_CRYPTO_PROVIDERS_NOT_CONFIGURED", "message": "crypto providers not configured"},
    )


@pytest.mark.usefixtures("vault")
async def test_vault_that_cannot_be_reached_is_told(channel: Channel) -> None:
    document = await encrypted(channel, b"x")

    with pytest.raises(StatusError, match="failed to unwrap the file key: nobody unwraps 40 bytes"):
        await decrypted(channel, document, vault="unreachable")


@pytest.mark.usefixtures("vault")
async def test_messages_out_of_order_are_refused(channel: Channel) -> None:
    first = pb.EncryptRequest(options=options())
    messages = requests(b"x" * 10, 1, first)

    with pytest.raises(StatusError, match=r"invalid sequence number received: 3 \(expected: 1\)"):
        await through(channel, "EncryptAlpha1", [*messages[:2], messages[4]])
    with pytest.raises(StatusError, match="options found in non-leading message"):
        await through(channel, "EncryptAlpha1", [messages[0], messages[0]])
    with pytest.raises(StatusError, match="first message does not contain the required options"):
        await through(channel, "EncryptAlpha1", messages[1:])
    with pytest.raises(StatusError, match="error receiving the first message: EOF"):
        await through(channel, "EncryptAlpha1", [])
    with pytest.raises(StatusError, match=r"a message is no dapr.proto.runtime.v1.EncryptRequest"):
        await through(channel, "EncryptAlpha1", [b"\xff"])


@pytest.mark.usefixtures("vault")
async def test_first_message_that_does_not_come_ends_the_call(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pluggable.runtime.api.grpc import crypto

    monkeypatch.setattr(crypto, "FIRST_MESSAGE_SECONDS", 0.1)
    async with channel.stream(PREFIX + "EncryptAlpha1") as stream:
        with pytest.raises(StatusError, match=r"none came within 0.1 s") as caught:
            await stream.receive()

    assert caught.value.code is Code.INVALID_ARGUMENT


@pytest.mark.usefixtures("vault")
async def test_body_is_encrypted_and_decrypted(sidecar: Sidecar, channel: Channel) -> None:
    data = bytes(600_000)
    headers = {"dapr-key-name": "aes256", "dapr-key-wrap-algorithm": "AES", "dapr-data-encryption-cipher": ""}
    sealed = await sidecar.call("PUT", "/v1.0-alpha1/crypto/vault/encrypt", data, headers)
    opened = await sidecar.call("PUT", "/v1.0-alpha1/crypto/vault/decrypt", sealed.body)

    assert (sealed.status, sealed.headers["content-type"]) == (200, "application/octet-stream")
    assert (opened.status, opened.headers["content-type"]) == (200, "application/octet-stream")
    assert opened.body == data == await decrypted(channel, sealed.body)


@pytest.mark.usefixtures("vault")
async def test_headers_say_which_key_decrypts(sidecar: Sidecar) -> None:
    headers = {"dapr-key-name": "aes256", "dapr-key-wrap-algorithm": "AES"}
    path = "/v1.0-alpha1/crypto/vault/"
    nameless = await sidecar.call(
        "PUT", path + "encrypt", b"x", {**headers, "dapr-omit-decryption-key-name": "Yes"}
    )
    renamed = await sidecar.call(
        "PUT", path + "encrypt", b"x", {**headers, "dapr-decryption-key-name": "Schl\u00fcssel"}
    )
    opened = await sidecar.call("PUT", path + "decrypt", nameless.body, {"dapr-key-name": "aes256"})

    assert "k" not in told(nameless.body)
    assert told(renamed.body)["k"] == "Schl\u00fcssel"
    assert opened.body == b"x"


@pytest.mark.parametrize(
    ("path", "headers", "status", "code", "message"),
    [
        ("absent/decrypt", {}, 400, "ERR_CRYPTO_PROVIDER_NOT_FOUND", "crypto provider absent not found"),
        (
            "vault/encrypt",
            {"dapr-key-wrap-algorithm": "AES"},
            400,
            "ERR_BAD_REQUEST",
            "invalid request: missing header 'dapr-key-name'",
        ),
        (
            "vault/encrypt",
            {"dapr-key-name": "aes256"},
            400,
            "ERR_BAD_REQUEST",
            "invalid request: missing header 'dapr-key-wrap-algorithm'",
        ),
        (
            "vault/decrypt",
            {},
            500,
            "ERR_CRYPTO",
            "failed to perform operation: invalid header: scheme name not found",
        ),
    ],
)
@pytest.mark.usefixtures("vault")
async def test_failure_is_told_by_its_code(
    sidecar: Sidecar, path: str, headers: dict[str, str], status: int, code: str, message: str
) -> None:
    answer = await sidecar.call("PUT", f"/v1.0-alpha1/crypto/{path}", b"no document at all", headers)

    assert (answer.status, json.loads(answer.body)) == (status, {"errorCode": code, "message": message})
