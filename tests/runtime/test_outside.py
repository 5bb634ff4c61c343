"""Servers outside are invoked by an endpoint's name or by their URL, over real sockets."""

from __future__ import annotations

import json
import ssl
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from pluggable.runtime.bodies import whole
from pluggable.runtime.declared import Endpoint
from pluggable.runtime.invocation import PeerError, Request, Response
from pluggable.runtime.outside import MOST_REDIRECTS, Outside
from tests.programs import needed

MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate for 127.0.0.1 that signs itself, and its key."""

    cert: Path
    key: Path


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    folder = tmp_path_factory.mktemp("tls")
    made = Identity(folder / "cert.pem", folder / "key.pem")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=here", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = [needed("openssl"), "req", "-x509", *curve, *names]
    subprocess.run(
        [*command, "-keyout", str(made.key), "-out", str(made.cert)],
        check=True,
        capture_output=True,
        timeout=30,
    )
    return made


async def told(request: web.Request) -> web.Response:
    """Answer with what was asked."""
    assert request.transport is not None
    certificate = request.transport.get_extra_info("peercert") or {}
    return web.json_response(
        {
            "method": request.method,
            "path": request.raw_path,
            "host": request.headers["host"],
            "headers": {name.lower(): value for name, value in request.headers.items()},
            "body": (await request.read()).decode(),
            "who": str(certificate.get("subject", "nobody")),
        }
    )


async def moved(request: web.Request) -> web.Response:
    """Send the caller elsewhere, with the status that the path has."""
    elsewhere = request.query["to"]
    return web.Response(status=int(request.match_info["status"]), headers={"Location": elsewhere})


async def looped(request: web.Request) -> web.Response:
    """Send the caller to where it is."""
    return web.Response(status=302, headers={"Location": request.path})


@pytest.fixture
async def serving() -> AsyncIterator[list[web.AppRunner]]:
    runners: list[web.AppRunner] = []
    yield runners
    for runner in runners:
        await runner.cleanup()


async def serve(serving: list[web.AppRunner], tls: ssl.SSLContext | None = None) -> str:
    app = web.Application()
    app.router.add_route("*", "/moved/{status}", moved)
    app.router.add_get("/loop", looped)
    app.router.add_route("*", "/{path:.*}", told)
    runner = web.AppRunner(app)
    serving.append(runner)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    return f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"


@pytest.fixture
async def url(serving: list[web.AppRunner]) -> str:
    return await serve(serving)


@pytest.fixture
async def secure(serving: list[web.AppRunner], identity: Identity) -> str:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=identity.cert)
    context.load_cert_chain(identity.cert, identity.key)
    context.verify_mode = ssl.CERT_OPTIONAL
    return await serve(serving, context)


@pytest.fixture
async def endpoints() -> dict[str, Endpoint]:
    return {}


@pytest.fixture
async def outside(endpoints: dict[str, Endpoint]) -> AsyncIterator[Outside]:
    async with Outside(endpoints, MOST_BYTES) as outside:
        yield outside


async def answer(response: Response) -> Any:
    assert response.status == 200
    return json.loads(await whole(response.body, MOST_BYTES))


async def test_endpoint_is_invoked_below_its_url(
    outside: Outside, endpoints: dict[str, Endpoint], url: str
) -> None:
    endpoints["shop"] = Endpoint(
        name="shop", base_url=f"{url}/api/", headers={"X-Key": "ours", "Accept": "text/plain"}
    )
    headers = (("x-key", "theirs"), ("x-own", "1"), ("keep-alive", "timeout=5"))
    asked = Request(method="a/b", verb="POST", query="x=1", headers=headers, body=b"hello")

    found = await answer(await outside.invoke("shop", asked))

    assert (found["method"], found["path"], found["body"]) == ("POST", "/api/a/b?x=1", "hello")
    told = found["headers"]
    assert (told["x-key"], told["x-own"], told["accept"]) == ("ours", "1", "text/plain")
    assert "keep-alive" not in told
    assert found["host"] == url.removeprefix("http://")


async def test_url_is_a_target_of_its_own(outside: Outside, url: str) -> None:
    assert outside.serves(url)
    assert not outside.serves("shop")

    found = await answer(await outside.invoke(url, Request(method="a", verb="GET")))

    assert (found["method"], found["path"]) == ("GET", "/a")


async def test_changed_endpoint_is_another_server(
    outside: Outside, endpoints: dict[str, Endpoint], url: str, serving: list[web.AppRunner]
) -> None:
    other = await serve(serving)
    for base in (url, other, url):
        endpoints["shop"] = Endpoint(name="shop", base_url=base)
        found = await answer(await outside.invoke("shop", Request(method="a", verb="GET")))
        assert found["host"] == base.removeprefix("http://")


@pytest.mark.parametrize(
    ("status", "verb", "then", "body"),
    [
        (301, "GET", "GET", "hello"),
        (302, "POST", "GET", ""),
        (303, "PUT", "GET", ""),
        (307, "POST", "POST", "hello"),
        (308, "PUT", "PUT", "hello"),
    ],
)
async def test_redirections_are_followed(
    outside: Outside, url: str, status: int, verb: str, then: str, body: str
) -> None:
    asked = Request(method=f"moved/{status}", verb=verb, query="to=/there", body=b"hello")

    found = await answer(await outside.invoke(url, asked))

    assert (found["method"], found["path"], found["body"]) == (then, "/there", body)


async def test_another_host_is_told_no_secrets(
    outside: Outside, url: str, serving: list[web.AppRunner]
) -> None:
    other = await serve(serving)
    headers = (("authorization", "Bearer x"), ("x-own", "1"))
    asked = Request(method="moved/302", verb="GET", query=f"to={other}/there", headers=headers)

    found = (await answer(await outside.invoke(url, asked)))["headers"]

    assert ("authorization" in found, found["x-own"]) == (False, "1")


async def test_redirection_without_end_is_an_error(outside: Outside, url: str) -> None:
    with pytest.raises(PeerError, match=f"redirects more than {MOST_REDIRECTS} times"):
        await outside.invoke(url, Request(method="loop", verb="GET"))


@pytest.mark.parametrize("base", ["ftp://x", "nothing", "http://"])
async def test_base_that_is_no_url_is_an_error(
    outside: Outside, endpoints: dict[str, Endpoint], base: str
) -> None:
    endpoints["shop"] = Endpoint(name="shop", base_url=base)

    with pytest.raises(PeerError, match="wanted one such as https://"):
        await outside.invoke("shop", Request(method="a", verb="GET"))


async def test_server_that_is_not_there_is_an_error(
    outside: Outside, endpoints: dict[str, Endpoint], unused_tcp_port: int
) -> None:
    endpoints["shop"] = Endpoint(name="shop", base_url=f"http://127.0.0.1:{unused_tcp_port}")

    with pytest.raises(PeerError, match=f"the server at 127.0.0.1:{unused_tcp_port}"):
        await outside.invoke("shop", Request(method="a", verb="GET"))


async def test_certificates_are_those_of_the_endpoint(
    outside: Outside, endpoints: dict[str, Endpoint], secure: str, identity: Identity
) -> None:
    cert, key = (path.read_text().replace("\n", "\\n") for path in (identity.cert, identity.key))
    get = Request(method="a", verb="GET")
    endpoints["unknown"] = Endpoint(name="unknown", base_url=secure)
    endpoints["known"] = Endpoint(name="known", base_url=secure, root_ca=cert)
    endpoints["both"] = Endpoint(
        name="both", base_url=secure, root_ca=cert, certificate=cert, private_key=key
    )
    endpoints["wrong"] = Endpoint(name="wrong", base_url=secure, root_ca="no PEM")

    with pytest.raises(PeerError, match="certificate verify failed"):
        await outside.invoke("unknown", get)
    assert (await answer(await outside.invoke("known", get)))["who"] == "nobody"
    assert "here" in (await answer(await outside.invoke("both", get)))["who"]
    with pytest.raises(PeerError, match="HTTPEndpoint wrong: clientTLS has no PEM"):
        await outside.invoke("wrong", get)
