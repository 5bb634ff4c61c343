"""Encryption, by Dapr's Python client."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients.python.speaking import Client, refused


def encryption(component: str = "keys") -> Any:
    from dapr.clients.grpc._crypto import EncryptOptions

    return EncryptOptions(component_name=component, key_name="symmetric", key_wrap_algorithm="AES")


def decryption(component: str = "keys") -> Any:
    from dapr.clients.grpc._crypto import DecryptOptions

    return DecryptOptions(component_name=component, key_name="symmetric")


async def encrypted(dapr: Client, data: bytes) -> bytes:
    stream = await dapr.call("encrypt", data, encryption())
    read: bytes = await dapr.ask(stream, "read")
    return read


@pytest.mark.parametrize("size", [1, 64 * 1024, 1_000_003])
async def test_what_was_encrypted_is_decrypted(dapr: Client, size: int) -> None:
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    hidden = await encrypted(dapr, data)
    assert data[:16] not in hidden or size == 1

    stream = await dapr.call("decrypt", hidden, decryption())
    assert await dapr.ask(stream, "read") == data


async def test_changed_text_is_refused(dapr: Client) -> None:
    hidden = bytearray(await encrypted(dapr, b"text" * 100))
    hidden[-1] ^= 1

    with pytest.raises(Exception, match=r"(?i)decrypt|authenti"):
        await dapr.ask(await dapr.call("decrypt", bytes(hidden), decryption()), "read")


async def test_unknown_component_is_an_error(dapr: Client) -> None:
    with refused("INVALID_ARGUMENT", "none"):
        await dapr.ask(await dapr.call("encrypt", b"text", encryption("none")), "read")
