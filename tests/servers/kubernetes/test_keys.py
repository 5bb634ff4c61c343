"""Keys in secrets; that every algorithm works is for the kit: tests/conformance/test_bundled.py."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from pluggable import Metadata
from pluggable.crypto import DecryptRequest, EncryptRequest, GetKeyRequest
from pluggable.errors import InvalidRequestError, NotFoundError, UnavailableError
from pluggable_servers.kubernetes.keys import KubernetesSecretsVault
from tests.backends.kubernetes import APIServer
from tests.servers.vaults import materials, members, pem

KEY = bytes(range(32))
NONCE = bytes(12)


@asynccontextmanager
async def opened(server: APIServer, namespace: str = "shop") -> AsyncIterator[KubernetesSecretsVault]:
    found = KubernetesSecretsVault()
    await found.init(Metadata({"kubeconfigPath": str(server.kubeconfig()), "defaultNamespace": namespace}))
    try:
        yield found
    finally:
        await found.close()


async def encrypted(vault: KubernetesSecretsVault, name: str) -> bytes:
    response = await vault.encrypt(
        EncryptRequest(plaintext=b"x", algorithm="A256GCM", key_name=name, nonce=NONCE)
    )
    return await vault.decrypt(
        DecryptRequest(
            ciphertext=response.ciphertext,
            tag=response.tag,
            algorithm="A256GCM",
            key_name=name,
            nonce=NONCE,
        )
    )


async def test_key_is_found_in_either_form_of_name(server: APIServer) -> None:
    server.put("shop", "keys", {"aes": base64.b64encode(KEY)})

    async with opened(server) as vault:
        assert await encrypted(vault, "keys/aes") == b"x"
        assert await encrypted(vault, "shop/keys/aes") == b"x"
    async with opened(server, "") as vault:
        assert await encrypted(vault, "shop/keys/aes") == b"x"


@pytest.mark.parametrize(
    ("type_", "form"),
    [
        ("Opaque", "PEM"),
        ("Opaque", "JSON"),
        ("application/json", "JSON"),
        ("application/x-pem-file", "PEM"),
        ("application/pkcs8", "PEM"),
    ],
)
async def test_type_of_the_secret_says_how_to_read_it(server: APIServer, type_: str, form: str) -> None:
    key = materials()["rsa.pem"]
    assert not isinstance(key, bytes)
    server.put("shop", "keys", {"k": pem(key) if form == "PEM" else json.dumps(members(key))}, type_)

    async with opened(server) as vault:
        found = await vault.get_key(GetKeyRequest(key_name="keys/k"))

    assert found.name == "keys/k"
    assert found.key.startswith("-----BEGIN PUBLIC KEY-----")


async def test_key_that_is_replaced_counts(server: APIServer) -> None:
    server.put("shop", "keys", {"k": base64.b64encode(KEY)})

    async with opened(server) as vault:
        assert await encrypted(vault, "keys/k") == b"x"
        server.put("shop", "keys", {"k": base64.b64encode(KEY[:16])})
        with pytest.raises(InvalidRequestError):
            await encrypted(vault, "keys/k")


@pytest.mark.parametrize("name", ["k", "a/b/c/d", ""])
async def test_name_of_another_form_is_told(server: APIServer, name: str) -> None:
    async with opened(server) as vault:
        with pytest.raises(InvalidRequestError, match="is not named namespace/secret/key or secret/key"):
            await encrypted(vault, name)


async def test_missing_namespace_is_told(server: APIServer) -> None:
    async with opened(server, "") as vault:
        with pytest.raises(InvalidRequestError, match="has no namespace and defaultNamespace is not set"):
            await encrypted(vault, "keys/k")


async def test_absent_keys_are_not_found(server: APIServer) -> None:
    server.put("shop", "keys", {"empty": ""})

    async with opened(server) as vault:
        for name, said in (
            ("none/k", 'secrets "none" not found'),
            ("keys/k", 'secret "keys" of namespace "shop" has no "k"'),
            ("keys/empty", 'has no "empty"'),
        ):
            with pytest.raises(NotFoundError, match=said):
                await encrypted(vault, name)


async def test_what_is_no_key_is_told_without_it(server: APIServer) -> None:
    server.put("shop", "keys", {"k": '{"kty": "s3cr3t"}'}, "application/json")

    async with opened(server) as vault:
        with pytest.raises(InvalidRequestError, match="failed to parse key 'shop/keys/k'"):
            await encrypted(vault, "keys/k")


async def test_server_that_comes_back_is_used_again(server: APIServer) -> None:
    server.put("shop", "keys", {"k": base64.b64encode(KEY)})

    async with opened(server) as vault:
        with server.away(), pytest.raises(UnavailableError, match="cannot be reached"):
            await encrypted(vault, "keys/k")
        assert await encrypted(vault, "keys/k") == b"x"
