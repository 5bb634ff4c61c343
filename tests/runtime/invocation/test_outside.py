"""Servers outside: by URL, by the name of an HTTPEndpoint, through redirects, and over TLS."""

from __future__ import annotations

import datetime
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pluggable.runtime.appchannel import AppAnswerError, AppError
from pluggable.runtime.bodies import whole
from pluggable.runtime.invocation import Request, Response
from pluggable.runtime.invocation.outside import Outside
from pluggable.runtime.resources.declared import Endpoint
from tests.web import listening


class Server:
    """Answers with what it was asked, and redirects where the path says so."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, str, dict[str, str]]] = []
        self.elsewhere = ""

    async def handle(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append((request.method, request.raw_path, await request.text(), headers))
        if request.path.startswith("/redirect/"):
            return web.Response(status=int(request.path.split("/")[2]), headers={"Location": "/landed"})
        if request.path == "/round":
            return web.Response(status=302, headers={"Location": "/round"})
        if request.path == "/elsewhere":
            return web.Response(status=302, headers={"Location": self.elsewhere})
        return web.Response(text="landed", headers={"X-Own": "1"})

    @asynccontextmanager
    async def serving(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.handle)
        async with listening(app, host="localhost", tls=tls) as port:
            yield port


@pytest.fixture
def server() -> Server:
    return Server()


async def invoke(endpoint: Endpoint | str, method: str, **asked: str | bytes) -> tuple[Response, bytes]:
    named = {} if isinstance(endpoint, str) else {endpoint.name: endpoint}
    async with Outside(named, 1_000_000) as outside:
        target = endpoint if isinstance(endpoint, str) else endpoint.name
        found = outside.endpoint(target)
        assert found is not None
        request = Request(method=method, **{"verb": "GET", **asked})  # type: ignore[arg-type]  # each is its own
        response = await outside.invoke(found, request)
        return response, await whole(response.body, 1_000_000)


async def test_url_is_a_target(server: Server) -> None:
    async with server.serving() as port:
        response, body = await invoke(f"http://localhost:{port}", "a/b", query="q=1")

    assert (response.status, body, dict(response.headers)["x-own"]) == (200, b"landed", "1")
    assert server.requests[0][:2] == ("GET", "/a/b?q=1")


async def test_endpoint_has_a_path_and_headers_of_its_own(server: Server) -> None:
    async with server.serving() as port:
        endpoint = Endpoint(
            name="shop", base_url=f"http://localhost:{port}/api/", headers={"X-Key": "secret", "Bad\r\n": "x"}
        )
        await invoke(endpoint, "orders", verb="POST", body=b"data", content_type="text/plain")

    method, path, body, headers = server.requests[0]
    assert (method, path, body) == ("POST", "/api/orders", "data")
    assert (headers["x-key"], headers["content-type"], headers["content-length"]) == (
        "secret",
        "text/plain",
        "4",
    )


def test_other_names_are_applications() -> None:
    outside = Outside({"shop": Endpoint(name="shop", base_url="http://x")}, 1)

    assert outside.endpoint("shop") is not None
    assert outside.endpoint("orders") is None
    assert outside.endpoint("ftp://x") is None


@pytest.mark.parametrize(
    ("status", "method", "body"),
    [(301, "GET", ""), (302, "GET", ""), (303, "GET", ""), (307, "POST", "data")],
)
async def test_redirects_are_followed(server: Server, status: int, method: str, body: str) -> None:
    async with server.serving() as port:
        response, landed = await invoke(
            f"http://localhost:{port}", f"redirect/{status}", verb="POST", body=b"data"
        )

    assert (response.status, landed) == (200, b"landed")
    assert server.requests[1][:3] == (method, "/landed", body)


async def test_another_host_is_told_no_secrets(server: Server) -> None:
    other = Server()
    headers = (("authorization", "Bearer x"), ("x-own", "1"), ("cookie", "a=b"))
    async with server.serving() as port, other.serving() as there, Outside({}, 1_000_000) as outside:
        server.elsewhere = f"http://localhost:{there}/landed"
        endpoint = outside.endpoint(f"http://localhost:{port}")
        assert endpoint is not None
        await outside.invoke(endpoint, Request(method="elsewhere", verb="GET", headers=headers))

    told = other.requests[0][3]
    assert told["x-own"] == "1"
    assert not {"authorization", "cookie"} & told.keys()


async def test_redirects_without_end_are_an_error(server: Server) -> None:
    async with server.serving() as port:
        with pytest.raises(AppAnswerError, match="stopped after 10 redirects"):
            await invoke(f"http://localhost:{port}", "round")

    assert len(server.requests) == 10


@pytest.mark.parametrize("url", ["http://", "http://localhost:0", "http://[::1", "https://:7"])
async def test_url_of_no_server_is_refused(url: str) -> None:
    with pytest.raises(AppAnswerError, match="is no URL of a server"):
        await invoke(url, "m")


class Authority:
    """Signs certificates, for servers and for clients."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
        self.root = self._signed(self.name, self.key, authority=True)

    def issue(self) -> tuple[str, str]:
        """Return a certificate and its key, both PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        return self._signed(name, key), key.private_bytes(serialization.Encoding.PEM, *form).decode()

    def context(self, folder: Path) -> ssl.SSLContext:
        """Return what a server has that asks for certificates of this authority."""
        certificate, key = self.issue()
        (folder / "chain.pem").write_text(certificate)
        (folder / "key.pem").write_text(key)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=self.root)
        context.verify_mode = ssl.CERT_REQUIRED
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        context.load_cert_chain(folder / "chain.pem", folder / "key.pem")
        return context

    def _signed(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, *, authority: bool = False) -> str:
        now = datetime.datetime.now(datetime.UTC)
        names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(names, critical=False)
            .sign(self.key, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM).decode()


async def test_both_ends_show_their_certificates(server: Server, tmp_path: Path) -> None:
    authority = Authority()
    certificate, key = authority.issue()
    async with server.serving(authority.context(tmp_path)) as port:
        endpoint = Endpoint(
            name="safe",
            base_url=f"https://localhost:{port}",
            root_ca=authority.root.replace("\n", "\\n"),
            certificate=certificate.replace("\n", "\\n"),
            private_key=key.replace("\n", "\\n"),
        )
        response, body = await invoke(endpoint, "m")

    assert (response.status, body) == (200, b"landed")


async def test_strangers_certificate_is_refused(server: Server, tmp_path: Path) -> None:
    authority, stranger = Authority(), Authority()
    certificate, key = stranger.issue()
    async with server.serving(authority.context(tmp_path)) as port:
        url = f"https://localhost:{port}"
        unknown = Endpoint(name="a", base_url=url, root_ca=stranger.root)
        strange = Endpoint(
            name="b", base_url=url, root_ca=authority.root, certificate=certificate, private_key=key
        )
        for endpoint in (unknown, strange):
            with pytest.raises(AppError):
                await invoke(endpoint, "m")

    assert not server.requests


async def test_certificate_that_is_none_is_named() -> None:
    endpoint = Endpoint(name="safe", base_url="https://localhost:7", root_ca="nothing")

    with pytest.raises(AppAnswerError, match="HTTPEndpoint safe: its clientTLS cannot be used"):
        await invoke(endpoint, "m")
