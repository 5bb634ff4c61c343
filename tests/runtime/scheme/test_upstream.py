"""Documents between the sidecar and upstream's own code, both ways."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pluggable import Metadata
from pluggable.runtime.blocks.vault import EncryptOptions, Vault
from pluggable_servers.crypto.localstorage import LocalStorageVault
from tests.programs import go_built
from tests.runtime.scheme.test_recorded import read
from tests.servers.vaults import write_keys

MODULE = Path(__file__).parents[2] / "conformance" / "upstream"
KEYS = [("aes256", "AES"), ("rsa.pem", "RSA")]
CIPHERS = ["AES-GCM", "CHACHA20-POLY1305"]
SIZES = [0, 1, 65_535, 65_536, 65_537, 1_000_000]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Upstream's scheme and component as a program."""
    return go_built(MODULE, "./documents", tmp_path_factory.mktemp("documents") / "documents")


def upstream(program: Path, data: bytes, *arguments: str | Path) -> bytes:
    return subprocess.run([program, *arguments], input=data, capture_output=True, check=True).stdout


@pytest.mark.parametrize("cipher", CIPHERS)
@pytest.mark.parametrize(("key", "algorithm"), KEYS)
async def test_each_reads_what_the_other_wrote(
    documents: Path, tmp_path: Path, key: str, algorithm: str, cipher: str
) -> None:
    write_keys(tmp_path)
    component = LocalStorageVault()
    await component.init(Metadata({"path": str(tmp_path)}))
    vault = Vault(component)
    for size in SIZES:
        data = bytes(range(250)) * (size // 250 + 1)
        options = EncryptOptions(key_name=key, algorithm=algorithm, cipher=cipher)
        ours = await read(await vault.encryption(options), data[:size], 10_000)
        theirs = upstream(documents, data[:size], "encrypt", tmp_path, key, algorithm, cipher)

        assert upstream(documents, ours, "decrypt", tmp_path) == data[:size]
        assert await read(vault.decryption(), theirs, 10_000) == data[:size]
