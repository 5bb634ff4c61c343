"""A vault of keys, here and over a socket: the same type, and the same answers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from pluggable import InvalidRequestError, NotFoundError, SubtleCrypto, UnsupportedError
from pluggable._proto.pluggable.components.v1alpha1 import crypto_pb2 as pb
from pluggable._wire import crypto as wire, names
from pluggable.crypto import (
    DecryptRequest,
    EncryptRequest,
    GetKeyRequest,
    KeyFormat,
    PublicKey,
    SignRequest,
    UnwrapKeyRequest,
    VerifyRequest,
    WrapKeyRequest,
)
from pluggable.metadata import Metadata
from pluggable.remote import Connection, RemoteSubtleCrypto
from pluggable.testing import connected
from tests.conformance.vault import KeyVault
from tests.remote.speaking import Life, Process

NONCE = bytes(range(12))
DIGEST = bytes(range(32))


@pytest.fixture(params=["here", "over a socket"])
async def vault(request: pytest.FixtureRequest) -> AsyncIterator[SubtleCrypto]:
    if request.param == "here":
        vault = KeyVault()
        await vault.init(Metadata())
        yield vault
        return
    async with connected(KeyVault) as far_end:
        yield far_end


def encryption(plaintext: bytes = b"hello", algorithm: str = "A256GCM") -> EncryptRequest:
    return EncryptRequest(plaintext=plaintext, algorithm=algorithm, key_name="aes", nonce=NONCE)


async def test_algorithms_are_known_after_init(vault: SubtleCrypto) -> None:
    assert "A256GCM" in vault.encryption_algorithms
    assert vault.signature_algorithms == ("ES256", "PS256", "RS256", "EdDSA")
    assert vault.features == ()


async def test_message_is_decrypted(vault: SubtleCrypto) -> None:
    response = await vault.encrypt(encryption(b"\x00\xff"))
    request = DecryptRequest(
        ciphertext=response.ciphertext, tag=response.tag, nonce=NONCE, algorithm="A256GCM", key_name="aes"
    )

    assert (len(response.ciphertext), len(response.tag)) == (2, 16)
    assert await vault.decrypt(request) == b"\x00\xff"


async def test_empty_message_is_one(vault: SubtleCrypto) -> None:
    response = await vault.encrypt(encryption(b""))
    request = DecryptRequest(
        ciphertext=b"", tag=response.tag, nonce=NONCE, algorithm="A256GCM", key_name="aes"
    )

    assert await vault.decrypt(request) == b""


async def test_wrong_tag_is_an_invalid_request(vault: SubtleCrypto) -> None:
    response = await vault.encrypt(encryption())
    request = DecryptRequest(
        ciphertext=response.ciphertext, tag=bytes(16), nonce=NONCE, algorithm="A256GCM", key_name="aes"
    )

    with pytest.raises(InvalidRequestError, match="it does not authenticate"):
        await vault.decrypt(request)


async def test_key_is_unwrapped(vault: SubtleCrypto) -> None:
    response = await vault.wrap_key(WrapKeyRequest(key=DIGEST, algorithm="A256KW", key_name="aes"))
    request = UnwrapKeyRequest(wrapped_key=response.wrapped_key, algorithm="A256KW", key_name="aes")

    assert (len(response.wrapped_key), response.tag) == (40, b"")
    assert await vault.unwrap_key(request) == DIGEST


async def test_signature_of_another_digest_is_not_valid(vault: SubtleCrypto) -> None:
    signature = await vault.sign(SignRequest(digest=DIGEST, algorithm="ES256", key_name="ec"))
    found = [
        await vault.verify(
            VerifyRequest(digest=digest, signature=signature, algorithm="ES256", key_name="ec")
        )
        for digest in (DIGEST, DIGEST[::-1])
    ]

    assert found == [True, False]


async def test_public_key_comes_in_its_form(vault: SubtleCrypto) -> None:
    elliptic = await vault.get_key(GetKeyRequest(key_name="ec"))
    edwards = await vault.get_key(GetKeyRequest(key_name="ed"))

    assert elliptic.format is KeyFormat.JWK
    assert json.loads(elliptic.key)["crv"] == "P-256"
    assert edwards.format is KeyFormat.PEM
    assert edwards.key.startswith("-----BEGIN PUBLIC KEY-----\n")


async def test_missing_key_is_not_found(vault: SubtleCrypto) -> None:
    with pytest.raises(NotFoundError, match='there is no public part of a key "no-such"'):
        await vault.get_key(GetKeyRequest(key_name="no-such"))
    with pytest.raises(NotFoundError, match='there is no public part of a key "aes"'):
        await vault.get_key(GetKeyRequest(key_name="aes"))


async def test_algorithm_that_is_not_listed_is_unsupported(vault: SubtleCrypto) -> None:
    with pytest.raises(UnsupportedError, match='"ROT13" is not offered'):
        await vault.encrypt(encryption(algorithm="ROT13"))


class Notary(SubtleCrypto):
    """Does nothing but sign."""

    signature_algorithms = ("NONE",)

    async def get_key(self, request: GetKeyRequest) -> PublicKey:
        return PublicKey(name=request.key_name, key="{}")

    async def sign(self, request: SignRequest) -> bytes:
        return request.digest


async def test_vault_may_do_less() -> None:
    async with connected(Notary) as notary:
        assert notary.encryption_algorithms == ()
        assert await notary.sign(SignRequest(digest=b"1", algorithm="NONE", key_name="k")) == b"1"
        with pytest.raises(UnsupportedError, match=r"^Notary encrypts nothing, so A256GCM cannot be asked"):
            await notary.encrypt(encryption())
        with pytest.raises(UnsupportedError, match=r"^Notary decrypts nothing"):
            await notary.unwrap_key(UnwrapKeyRequest(wrapped_key=b"", algorithm="A256KW", key_name="k"))
        with pytest.raises(UnsupportedError, match=r"^Notary verifies nothing"):
            await notary.verify(VerifyRequest(digest=b"", signature=b"", algorithm="NONE", key_name="k"))


async def test_answer_without_a_key_is_not_found(
    process: Process, life: Life, connection: Connection
) -> None:
    life.services = (names.SUBTLE_CRYPTO,)
    life.on(names.SUBTLE_CRYPTO, "ListAlgorithms", wire.algorithms_response_pb(("A256KW",), ()))
    life.on(names.SUBTLE_CRYPTO, "GetKey", pb.GetKeyResponse(name="k"))
    await process.live(life)
    vault = RemoteSubtleCrypto(connection)
    await vault.init(Metadata())

    assert vault.encryption_algorithms == ("A256KW",)
    with pytest.raises(NotFoundError, match='answered with no public part of key "k"'):
        await vault.get_key(GetKeyRequest(key_name="k"))


async def test_algorithms_are_those_of_the_new_life(
    process: Process, life: Life, connection: Connection
) -> None:
    life.services = (names.SUBTLE_CRYPTO,)
    life.on(names.SUBTLE_CRYPTO, "ListAlgorithms", wire.algorithms_response_pb(("A256KW",), ()))
    await process.live(life)
    vault = RemoteSubtleCrypto(connection)
    await vault.init(Metadata({"vaultName": "v"}))
    await process.die()
    await connection.lost()
    later = Life()
    later.services = life.services
    later.on(names.SUBTLE_CRYPTO, "ListAlgorithms", wire.algorithms_response_pb((), ("ES256",)))
    await process.live(later)
    await connection.passable()
    await vault.ping()

    assert (vault.encryption_algorithms, vault.signature_algorithms) == ((), ("ES256",))
    assert later.inits == [{"vaultName": "v"}]
