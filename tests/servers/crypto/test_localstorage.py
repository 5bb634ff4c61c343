"""Keys in the files of a folder."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from pluggable import Metadata
from pluggable.crypto import EncryptRequest, GetKeyRequest, SignRequest, UnwrapKeyRequest, WrapKeyRequest
from pluggable.errors import ComponentError, InitError, InvalidRequestError, NotFoundError, UnsupportedError
from pluggable_servers.crypto.localstorage import LocalStorageVault
from tests.servers.vaults import materials, members, write_keys


async def opened(folder: Path) -> LocalStorageVault:
    vault = LocalStorageVault()
    await vault.init(Metadata({"path": str(folder)}))
    return vault


def wrapping(name: str, algorithm: str = "A256KW") -> WrapKeyRequest:
    return WrapKeyRequest(key=bytes(32), algorithm=algorithm, key_name=name)


@pytest.mark.parametrize("path", ["absent", "file"])
async def test_folder_has_to_be_there(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(InitError, match=f"path is .*{path}, wanted a folder that is there"):
        await opened(tmp_path / path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("raw", bytes(range(32))),
        ("text", base64.b64encode(bytes(range(32)))),
        ("line", base64.b64encode(bytes(range(32))) + b"\n"),
        ("url", base64.urlsafe_b64encode(bytes(range(32))).rstrip(b"=")),
        ("jwk", json.dumps(members(bytes(range(32)))).encode()),
        ("jwk.JSON", json.dumps(members(bytes(range(32)))).encode()),
        ("nested/key", bytes(range(32))),
    ],
)
async def test_symmetric_key_is_read_in_every_form(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / "nested").mkdir()
    (tmp_path / name).write_bytes(content)
    (tmp_path / "same").write_bytes(bytes(range(32)))
    vault = await opened(tmp_path)
    wrapped = await vault.wrap_key(wrapping(name))
    request = UnwrapKeyRequest(wrapped_key=wrapped.wrapped_key, algorithm="A256KW", key_name="same")

    assert await vault.unwrap_key(request) == bytes(32)


async def test_key_is_read_whenever_it_is_used(tmp_path: Path) -> None:
    vault = await opened(tmp_path)
    with pytest.raises(NotFoundError, match="failed to load key 'late': No such file or directory"):
        await vault.wrap_key(wrapping("late"))
    (tmp_path / "late").write_bytes(bytes(32))

    assert len((await vault.wrap_key(wrapping("late"))).wrapped_key) == 40


async def test_key_that_was_replaced_is_used(tmp_path: Path) -> None:
    vault = await opened(tmp_path)
    found = []
    for secret in (bytes(32), bytes(range(32)), bytes(32)):
        (tmp_path / "key").write_bytes(secret)
        found.append((await vault.wrap_key(wrapping("key"))).wrapped_key)

    assert found[0] == found[2] != found[1]


@pytest.mark.parametrize("name", ["../key", "a/../../key", "..", "key\0"])
async def test_name_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    (tmp_path / "key").write_bytes(bytes(32))
    (tmp_path / "keys").mkdir()
    vault = await opened(tmp_path / "keys")

    with pytest.raises(InvalidRequestError, match="invalid key path: cannot contain"):
        await vault.wrap_key(wrapping(name))


async def test_absolute_name_is_one_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(bytes(32))
    (tmp_path / "keys").mkdir()
    vault = await opened(tmp_path / "keys")

    for name in (str(tmp_path / "key"), "/" + str(tmp_path / "key"), "", "/"):
        with pytest.raises(NotFoundError, match="failed to load key"):
            await vault.wrap_key(wrapping(name))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty", b"", "the key is empty"),
        ("key.pem", b"no pem at all", "there is no key in PEM that can be read"),
        ("key.json", b"[]", "the key is no JSON object"),
        ("key.json", b'{"kty": "oct"}', 'the member "k" is missing'),
        ("key.json", b'{"kty": "EC", "crv": "P-1"}', 'crv is "P-1", wanted one of P-256'),
        ("key.json", b'{"kty": "what"}', 'kty is "what", wanted RSA, EC, OKP or oct'),
        ("long", b"a" * (1024 * 1024 + 1), "it is longer than 1048576 bytes"),
    ],
)
async def test_file_that_is_no_key_is_refused(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(content)
    vault = await opened(tmp_path)

    with pytest.raises(InvalidRequestError, match=f"failed to parse key '{name}': {reason}"):
        await vault.wrap_key(wrapping(name))


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"key_ops": ["decrypt"]}, "key cannot perform the 'wrapKey' operation"),
        ({"use": "sig"}, "key cannot perform the 'wrapKey' operation"),
        ({"alg": "A256GCM"}, "key cannot be used with algorithm 'A256KW'"),
    ],
)
async def test_key_for_something_else_is_refused(
    tmp_path: Path, told: dict[str, object], reason: str
) -> None:
    (tmp_path / "key.json").write_text(json.dumps({**members(bytes(32)), **told}))
    vault = await opened(tmp_path)

    with pytest.raises(InvalidRequestError, match=reason):
        await vault.wrap_key(wrapping("key.json"))


async def test_key_that_is_for_this_is_used(tmp_path: Path) -> None:
    told = {"key_ops": ["wrapKey", "sign"], "use": "enc", "alg": "A256KW"}
    (tmp_path / "key.json").write_text(json.dumps({**members(bytes(32)), **told}))

    assert (await (await opened(tmp_path)).wrap_key(wrapping("key.json"))).wrapped_key


@pytest.mark.parametrize(
    ("name", "algorithm"), [("rsa.pem", "A256KW"), ("aes256", "RSA-OAEP-256"), ("p256.json", "RSA1_5")]
)
async def test_key_of_another_kind_is_refused(tmp_path: Path, name: str, algorithm: str) -> None:
    write_keys(tmp_path)
    vault = await opened(tmp_path)

    with pytest.raises(InvalidRequestError, match="key type mismatch"):
        await vault.wrap_key(wrapping(name, algorithm))
    with pytest.raises(InvalidRequestError, match="key type mismatch"):
        await vault.sign(SignRequest(digest=bytes(32), algorithm="PS256", key_name="ed.json"))


async def test_unknown_algorithm_is_refused(tmp_path: Path) -> None:
    write_keys(tmp_path)
    vault = await opened(tmp_path)

    with pytest.raises(UnsupportedError, match='unsupported algorithm: "A128GCMKW" is not one to wrapKey'):
        await vault.wrap_key(wrapping("aes128", "A128GCMKW"))
    with pytest.raises(UnsupportedError, match='unsupported algorithm: "HS256" is not one to sign'):
        await vault.sign(SignRequest(digest=bytes(32), algorithm="HS256", key_name="aes256"))


async def test_no_error_shows_a_key(tmp_path: Path) -> None:
    write_keys(tmp_path)
    vault = await opened(tmp_path)
    secret = materials()["aes256"]
    assert isinstance(secret, bytes)
    attempts = [
        vault.encrypt(EncryptRequest(plaintext=b"x", algorithm="A128GCM", key_name="aes256")),
        vault.get_key(GetKeyRequest(key_name="aes256")),
        vault.wrap_key(wrapping("aes256", "RSA1_5")),
    ]
    for attempt in attempts:
        with pytest.raises(ComponentError) as caught:
            await attempt
        said = f"{caught.value!r} {caught.value.__cause__!r}"
        assert base64.b64encode(secret).decode() not in said
        assert repr(secret)[2:-1] not in said
