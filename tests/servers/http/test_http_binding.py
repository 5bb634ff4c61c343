from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Mapping

import pytest
from aiohttp import web

from pluggable.bindings import InvokeRequest, InvokeResponse
from pluggable.errors import InvalidRequestError, InvokeError, MetadataError, TimedOutError, UnavailableError
from pluggable.metadata import Metadata
from pluggable_servers.http.binding import HTTPBinding
from tests.web import listening


class Service:
    """A server that keeps the requests it gets and answers by the path."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, Mapping[str, str], bytes]] = []
        self.stop = asyncio.Event()
        self.url = ""

    @property
    def headers(self) -> Mapping[str, str]:
        """Those of the last request."""
        return self.seen[-1][2]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append((request.method, request.path_qs, request.headers, await request.read()))
        match request.path:
            case "/missing":
                return web.Response(status=404, text="not here", headers={"x-custom-id": "7"})
            case "/hang":
                await self.stop.wait()
            case "/zipped":
                headers = {"Content-Encoding": "gzip"}
                return web.Response(body=gzip.compress(b"long " * 100), headers=headers)
            case "/moved":
                raise web.HTTPFound("/new")
            case "/cookie":
                response = web.Response()
                response.set_cookie("a", "1")
                return response
            case "/twice":
                return web.Response(headers=[("X-A", "1"), ("x-a", "2")])
        return web.json_response({"ok": True})


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    service = Service()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", service.answer)
    async with listening(application, shutdown_seconds=1) as port:
        service.url = f"http://127.0.0.1:{port}"
        yield service
        service.stop.set()


async def opened(url: str, **properties: str) -> HTTPBinding:
    binding = HTTPBinding()
    await binding.init(Metadata({"url": url, **properties}))
    return binding


async def invoke(
    service: Service,
    operation: str = "get",
    data: bytes = b"",
    *,
    settings: dict[str, str] | None = None,
    **meta: str,
) -> InvokeResponse:
    binding = await opened(service.url, **(settings or {}))
    try:
        metadata = {name.replace("_", "-"): value for name, value in meta.items()}
        return await binding.invoke(InvokeRequest(operation=operation, data=data, metadata=metadata))
    finally:
        await binding.close()


async def test_answer_has_status_and_headers(service: Service) -> None:
    answer = await invoke(service)

    assert answer.data == b'{"ok": true}'
    assert answer.metadata["statusCode"] == "200"
    assert answer.metadata["status"] == "200 OK"
    assert answer.metadata["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize("operation", ["get", "head", "delete", "options"])
async def test_data_goes_with_no_reading_method(service: Service, operation: str) -> None:
    await invoke(service, operation, b"data")

    method, _, headers, body = service.seen[0]
    assert (method, body) == (operation.upper(), b"")
    assert "Content-Type" not in headers
    assert headers["Accept"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(("operation", "method"), [("create", "POST"), ("put", "PUT"), ("patch", "PATCH")])
async def test_data_goes_with_writing_methods(service: Service, operation: str, method: str) -> None:
    await invoke(service, operation, b'{"a": 1}')

    assert service.seen[0][0] == method
    assert service.seen[0][3] == b'{"a": 1}'
    assert service.headers["Content-Type"] == "application/json; charset=utf-8"


async def test_path_is_joined_by_one_slash(service: Service) -> None:
    service.url += "/base/"

    await invoke(service, path="/orders/1?full=yes")

    assert service.seen[0][1] == "/base/orders/1?full=yes"


async def test_capital_keys_are_headers(service: Service) -> None:
    await invoke(
        service, "post", Content_Type="text/plain", Accept="*/*", X_Mine="1", y_other="2", Host="evil"
    )

    assert service.headers["Content-Type"] == "text/plain"
    assert service.headers["Accept"] == "*/*"
    assert service.headers["X-Mine"] == "1"
    assert "y-other" not in service.headers
    assert service.headers["Host"] != "evil"


async def test_trace_beats_own_header(service: Service) -> None:
    await invoke(service, Traceparent="mine", traceparent="00-a-b-01", baggage="k=v", tracestate="")

    assert service.headers["traceparent"] == "00-a-b-01"
    assert service.headers["baggage"] == "k=v"
    assert "tracestate" not in service.headers


async def test_token_needs_its_header(service: Service) -> None:
    await invoke(service, settings={"securityToken": "t", "securityTokenHeader": "X-Token"})
    assert service.headers["X-Token"] == "t"

    await invoke(service, settings={"securityToken": "t"})
    assert "t" not in service.headers.values()


async def test_other_status_is_an_error_with_answer(service: Service) -> None:
    with pytest.raises(InvokeError, match="received status code 404") as raised:
        await invoke(service, path="missing")

    assert raised.value.data == b"not here"
    assert raised.value.metadata["statusCode"] == "404"
    assert raised.value.metadata["X-Custom-Id"] == "7"


async def test_other_status_may_be_allowed(service: Service) -> None:
    lenient = {"errorIfNot2XX": "false"}

    assert (await invoke(service, path="missing", errorIfNot2XX="false")).data == b"not here"
    assert (await invoke(service, settings=lenient, path="missing")).metadata["status"] == "404 Not Found"
    with pytest.raises(InvokeError):
        await invoke(service, settings=lenient, path="missing", errorIfNot2XX="yes")


async def test_long_answer_is_cut(service: Service) -> None:
    assert (await invoke(service, settings={"maxResponseBodySize": "5"})).data == b'{"ok"'
    assert (await invoke(service, settings={"maxResponseBodySize": "-1"})).data == b'{"ok": true}'


async def test_compressed_answer_is_unpacked(service: Service) -> None:
    answer = await invoke(service, path="zipped")

    assert answer.data == b"long " * 100
    assert not {"Content-Encoding", "Content-Length"} & set(answer.metadata)


async def test_redirect_is_followed(service: Service) -> None:
    assert (await invoke(service, path="moved")).data == b'{"ok": true}'
    assert service.seen[-1][1] == "/new"


async def test_header_sent_twice_is_joined(service: Service) -> None:
    assert (await invoke(service, path="twice")).metadata["X-A"] == "1, 2"


async def test_cookies_are_not_kept(service: Service) -> None:
    binding = await opened(service.url)
    await binding.invoke(InvokeRequest(operation="get", metadata={"path": "cookie"}))
    await binding.invoke(InvokeRequest(operation="get"))
    await binding.close()

    assert "Cookie" not in service.headers


async def test_slow_answer_times_out(service: Service) -> None:
    with pytest.raises(TimedOutError, match=r"GET http://127\.0\.0\.1:\d+/hang: no answer in time"):
        await invoke(service, settings={"responseTimeout": "50ms"}, path="hang")


async def test_nobody_there_is_unavailable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        binding = await opened(f"http://me:secret@127.0.0.1:{unused.getsockname()[1]}/a?token=x")
        with pytest.raises(UnavailableError, match=r"GET http://127\.0\.0\.1:\d+/a: ") as raised:
            await binding.invoke(InvokeRequest(operation="get"))
        await binding.close()
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "operation", "fault"),
    [
        ("no-url", "get", "GET no-url: no HTTP address"),
        ("ftp://here", "get", "GET ftp://here: no HTTP address"),
        ("http://here", "fetch", "invalid operation: fetch, wanted one of create, get"),
    ],
)
async def test_impossible_request_is_invalid(url: str, operation: str, fault: str) -> None:
    binding = await opened(url)
    with pytest.raises(InvalidRequestError, match=fault):
        await binding.invoke(InvokeRequest(operation=operation))
    await binding.close()


async def test_header_with_line_break_is_invalid(service: Service) -> None:
    with pytest.raises(InvalidRequestError, match="the request cannot be sent"):
        await invoke(service, X_A="1\r\nX-Evil: 2")


@pytest.mark.parametrize(
    ("properties", "fault"),
    [
        ({}, "url is missing"),
        (
            {"url": "u", "maxResponseBodySize": "big"},
            'maxResponseBodySize is "big", wanted a size such as 64Ki',
        ),
        ({"url": "u", "MTLSRenegotiation": "Maybe"}, "MTLSRenegotiation"),
        ({"url": "u", "MTLSRootCA": "/none.pem"}, "MTLSRootCA is neither PEM nor a file"),
        ({"url": "u", "mtlsrootca": "-----BEGIN CERTIFICATE-----\n"}, "MTLSRootCA holds no certificate"),
    ],
)
async def test_bad_metadata_fails_init(properties: dict[str, str], fault: str) -> None:
    with pytest.raises(MetadataError, match=fault):
        await HTTPBinding().init(Metadata(properties))
