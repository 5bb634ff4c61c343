from __future__ import annotations

import subprocess
import urllib.request
from pathlib import Path

import pytest

from pluggable import InitError
from pluggable.metadata import Metadata
from pluggable.state import GetRequest, SetRequest
from pluggable_servers.etcd.state import EtcdStateStore
from tests.backends.etcd import Etcd
from tests.programs import needed
from tests.servers.running import state_store

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("etcd")]


class SecureEtcd(Etcd):
    """A member that asks for the client's certificate."""

    scheme = "https"

    def answers(self) -> bool:
        # What is healthy is told to anybody, at a port of its own.
        with urllib.request.urlopen(self._metrics + "/health", timeout=1) as answer:
            return b"true" in answer.read()

    def command(self) -> list[str]:
        return [*super().command(), "--listen-metrics-urls", self._metrics]


def identity(folder: Path) -> tuple[str, str]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=here", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = [needed("openssl"), "req", "-x509", *curve, *names, "-keyout", str(key), "-out", str(cert)]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    return cert.read_text(), key.read_text()


async def test_server_and_client_show_their_certificates(tmp_path: Path) -> None:
    cert, key = identity(tmp_path)
    files = ["--cert-file", str(tmp_path / "cert.pem"), "--key-file", str(tmp_path / "key.pem")]
    trusted = ["--trusted-ca-file", str(tmp_path / "cert.pem"), "--client-cert-auth"]
    with SecureEtcd.running(*files, *trusted) as etcd:
        plain = {"endpoints": etcd.endpoint}
        secure = {**plain, "tlsEnable": "true", "ca": cert, "cert": cert, "key": key}
        async with state_store(EtcdStateStore, secure) as store:
            await store.set(SetRequest(key="k", value=b"1"))
            found = await store.get(GetRequest(key="k"))
            assert found is not None
            assert found.data == b"1"
        with pytest.raises(InitError, match=f"etcd {etcd.endpoint}"):
            async with state_store(EtcdStateStore, plain):
                pass


async def test_key_shows_in_no_error_and_no_repr(tmp_path: Path) -> None:
    cert, key = identity(tmp_path)
    said = {"endpoints": "127.0.0.1:1", "tlsEnable": "true", "ca": cert, "cert": cert, "key": key}
    metadata = Metadata(said, "orders")
    secret = key.splitlines()[1]

    with pytest.raises(InitError) as caught:
        await EtcdStateStore().init(metadata)

    assert secret not in f"{caught.value!r} {metadata!r}"
