"""
Documents that a daprd 1.18.3 made, with ``crypto.dapr.localstorage`` over the keys beside them.

They came of EncryptAlpha1, from bytes that count to 250 over and over.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from pluggable import Metadata
from pluggable.runtime.blocks.vault import Vault
from pluggable.runtime.errors.crypto import CryptoOperationError
from pluggable.runtime.scheme.documents import Document
from pluggable_servers.crypto.localstorage import LocalStorageVault

RECORDED = Path(__file__).parent / "recorded"
SIZES = {
    "aes-gcm-empty": 0,
    "aes-gcm-one": 1,
    "aes-gcm-segment": 65_536,
    "rsa-chacha-short": 300,
    "rsa-chacha-segment-and-one": 65_537,
}


@pytest.fixture
async def vault() -> Vault:
    component = LocalStorageVault()
    await component.init(Metadata({"path": str(RECORDED / "keys")}))
    return Vault(component)


async def read(document: Document, data: bytes, piece: int) -> bytes:
    found: list[bytes] = []
    for at in range(0, len(data), piece):
        found += await document.take(data[at : at + piece])
    return b"".join([*found, *document.finish()])


@pytest.mark.parametrize("piece", [7, 511, 100_000])
@pytest.mark.parametrize("name", SIZES)
async def test_document_of_daprd_is_decrypted(vault: Vault, name: str, piece: int) -> None:
    data = (RECORDED / f"{name}.enc").read_bytes()

    assert await read(vault.decryption(), data, piece) == (bytes(range(251)) * 300)[: SIZES[name]]


async def test_document_of_daprd_that_was_changed_is_refused(vault: Vault) -> None:
    data = (RECORDED / "aes-gcm-one.enc").read_bytes()
    for place in range(len(data)):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        with pytest.raises(CryptoOperationError):
            await read(vault.decryption(), changed, 1000)
