from __future__ import annotations

import base64
import random

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pluggable.errors import ComponentError, MetadataError
from pluggable.runtime.encryption import Encryption, Key, encryption_of, without_keys
from pluggable.runtime.resources import Component, MetadataItem

OLD = Key("old", bytes(16))
NEW = Key("new", bytes(range(32)))
HEX = bytes(range(32)).hex()


def spec(**secrets: str) -> Component:
    """Return a store whose properties come from these secrets."""
    items = tuple(
        MetadataItem(name=name, secret_name=secret, secret_key=secret) for name, secret in secrets.items()
    )
    return Component(name="orders", type="state.x", metadata=items)


@pytest.mark.parametrize("value", [b"", b"v", b"a||b", bytes(300_000)])
def test_value_comes_back(value: bytes) -> None:
    encryption = Encryption(NEW)

    stored = encryption.encrypt(value)

    assert stored.endswith(b"||new")
    assert encryption.decrypt(stored) == value
    assert encryption.encrypt(value) != stored


PIECE = 768 * 1024


@pytest.mark.parametrize("size", [PIECE - 1, PIECE, PIECE + 1, 2 * PIECE - 28, 2 * PIECE, 3 * PIECE + 2])
def test_large_value_is_sealed_as_in_one_call(size: int) -> None:
    value = random.Random(size).randbytes(size)

    text = NEW.sealed(value).removesuffix(b"||new")

    sealed = base64.b64decode(text, validate=True)
    cipher = AESGCM(bytes(range(32)))
    assert cipher.decrypt(sealed[:12], sealed[12:], None) == value
    nonce = bytes(12)
    assert NEW.opened(base64.b64encode(nonce + cipher.encrypt(nonce, value, None))) == value


def test_large_value_that_was_changed_is_no_value() -> None:
    text = bytearray(NEW.sealed(bytes(2 * PIECE)))
    text[PIECE] = ord("A") if text[PIECE] != ord("A") else ord("B")

    with pytest.raises(ComponentError, match="was changed since"):
        Encryption(NEW).decrypt(bytes(text))


def test_empty_stays_empty() -> None:
    assert Encryption(NEW).decrypt(b"") == b""


def test_secondary_key_reads_and_does_not_write() -> None:
    encryption = Encryption(NEW, OLD)

    assert encryption.decrypt(OLD.sealed(b"v")) == b"v"
    assert encryption.encrypt(b"v").endswith(b"||new")


def test_two_keys_of_one_name_are_both_tried() -> None:
    encryption = Encryption(Key("key", bytes(16)), Key("key", bytes(range(16))))

    assert encryption.decrypt(Key("key", bytes(range(16))).sealed(b"v")) == b"v"


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        (b"plain", "encryption key name not found on record"),
        (b'"value"', "encryption key name not found on record"),
        (b"AAAA||", "encryption key name not found on record"),
        (base64.b64encode(bytes(40)) + b"||old", "encrypted by the key 'old', the component names new"),
        (b"no base64||new", "was not encrypted by this key new, or was changed since"),
        (b"AAAA||new", "was not encrypted by this key new, or was changed since"),
        (base64.b64encode(bytes(40)) + b"||new", "was not encrypted by this key new, or was changed since"),
    ],
)
def test_what_cannot_be_decrypted_says_why(stored: bytes, said: str) -> None:
    with pytest.raises(ComponentError, match=f"could not decrypt data: .*{said}"):
        Encryption(NEW).decrypt(stored)


def test_store_without_keys_is_not_encrypted() -> None:
    assert encryption_of(spec(redisPassword="password"), {"redisPassword": "x"}) is None


def test_keys_are_named_by_their_secrets() -> None:
    component = spec(primaryEncryptionKey="new", SecondaryEncryptionKey="old")

    encryption = encryption_of(component, {"primaryEncryptionKey": HEX, "SecondaryEncryptionKey": "00" * 16})

    assert encryption is not None
    assert encryption.decrypt(NEW.sealed(b"v")) == encryption.decrypt(OLD.sealed(b"v")) == b"v"


@pytest.mark.parametrize(
    ("properties", "fault"),
    [
        ({}, "primaryEncryptionKey is empty: the secret new was not found"),
        ({"primaryEncryptionKey": "xyz"}, "secret new.* is no hexadecimal text"),
        ({"primaryEncryptionKey": "00" * 18}, "has 18 bytes, AES wants 16, 24 or 32"),
    ],
)
def test_key_that_is_none_is_refused(properties: dict[str, str], fault: str) -> None:
    with pytest.raises(MetadataError, match=fault):
        encryption_of(spec(primaryEncryptionKey="new"), properties)


def test_key_in_the_file_is_refused() -> None:
    item = MetadataItem(name="primaryEncryptionKey", value=HEX)

    with pytest.raises(MetadataError, match="primaryEncryptionKey is not a secretKeyRef"):
        encryption_of(Component(name="o", type="state.x", metadata=(item,)), {"primaryEncryptionKey": HEX})


def test_key_of_before_alone_is_refused() -> None:
    with pytest.raises(MetadataError, match="secondaryEncryptionKey is set without primaryEncryptionKey"):
        encryption_of(spec(secondaryEncryptionKey="old"), {"secondaryEncryptionKey": HEX})


def test_component_gets_no_keys() -> None:
    assert without_keys({"PrimaryEncryptionKey": HEX, "host": "h"}) == {"host": "h"}
