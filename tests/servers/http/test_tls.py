from __future__ import annotations

import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from pluggable.bindings import InvokeRequest
from pluggable.errors import UnavailableError
from pluggable.metadata import Metadata
from pluggable_servers.http.binding import HTTPBinding
from pluggable_servers.http.tls import client_context
from tests.programs import needed
from tests.web import listening


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    request = [
        needed("openssl"),
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    names = ["-subj", "/CN=here", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = [*request, *names, "-keyout", str(key), "-out", str(cert)]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    return cert, key


@pytest.fixture
async def url(identity: tuple[Path, Path]) -> AsyncIterator[str]:
    """A server that asks for the client's certificate and answers with its subject."""
    cert, key = identity
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=cert)
    context.load_cert_chain(cert, key)
    context.verify_mode = ssl.CERT_OPTIONAL

    async def answer(request: web.Request) -> web.Response:
        assert request.transport is not None
        shown = request.transport.get_extra_info("peercert") or {}
        return web.Response(text=str(shown.get("subject", "nobody")))

    application = web.Application()
    application.router.add_get("/", answer)
    async with listening(application, tls=context) as port:
        yield f"https://127.0.0.1:{port}/"


async def call(url: str, **properties: str) -> bytes | None:
    binding = HTTPBinding()
    await binding.init(Metadata({"url": url, **properties}))
    try:
        return (await binding.invoke(InvokeRequest(operation="get"))).data
    finally:
        await binding.close()


async def test_unknown_server_is_not_trusted(url: str) -> None:
    with pytest.raises(UnavailableError, match="certificate verify failed"):
        await call(url)


async def test_own_authority_is_trusted(url: str, identity: tuple[Path, Path]) -> None:
    assert await call(url, MTLSRootCA=str(identity[0])) == b"nobody"


async def test_client_shows_its_certificate(url: str, identity: tuple[Path, Path]) -> None:
    cert, key = (path.read_text() for path in identity)

    answer = await call(url, MTLSRootCA=cert, MTLSClientCert=cert, MTLSClientKey=key)

    assert b"here" in (answer or b"")


def test_key_must_fit(identity: tuple[Path, Path]) -> None:
    cert, _ = identity

    with pytest.raises(ValueError, match="MTLSClientCert and MTLSClientKey are no certificate and its key"):
        client_context(certificate=str(cert), key=str(cert))


def test_old_tls_is_refused() -> None:
    assert client_context().minimum_version is ssl.TLSVersion.TLSv1_2
