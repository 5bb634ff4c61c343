"""Requests go through what the configuration names, as far as it is loaded, on both sides of the sidecar."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack

import pytest
from aiohttp import ClientSession, web

from pluggable import Metadata, MetadataError, bindings
from pluggable.runtime.apart import LARGE_BYTES
from pluggable.runtime.api import http
from pluggable.runtime.api.http.piped import Piped
from pluggable.runtime.appchannel import app_channel
from pluggable.runtime.components.catalog import Catalog, Loaded
from pluggable.runtime.config import RuntimeConfig
from pluggable.runtime.middleware import TYPES, Pipeline
from pluggable.runtime.resources import Component, Handler
from tests.runtime.appchannel.servers import application

ALIAS, UPPER = "middleware.http.routeralias", "middleware.http.uppercase"


class Loading:
    """A catalog that middleware is put into."""

    def __init__(self) -> None:
        self.catalog = Catalog()

    async def load(self, name: str, type_: str, version: str = "v1", **properties: str) -> None:
        middleware = TYPES[type_]()
        await middleware.init(Metadata(properties, name=name))
        spec = Component(name=name, type=type_, version=version)
        self.catalog.middleware[name] = Loaded(spec, middleware, properties)
        self.catalog.notify()

    def unload(self, name: str) -> None:
        self.catalog.middleware.pop(name)
        self.catalog.notify()

    def pipeline(self, *handlers: tuple[str, str]) -> Pipeline:
        named = [Handler(name=name, type=type_) for name, type_ in handlers]
        return Pipeline("test", named, self.catalog)


@pytest.fixture
def loading() -> Loading:
    return Loading()


class Told:
    """
    Routes that answer with what they are asked.

    ``/stream`` takes the body, and answers it, in pieces; ``/secret`` needs a header.
    """

    def refused(self, request: http.Request) -> http.Response | None:
        closed = request.path == "/secret" and "token" not in request.headers
        return http.Response(401, b"who are you", "text/plain") if closed else None

    def streams(self, request: http.Request) -> bool:
        return request.path == "/stream"

    async def __call__(self, request: http.Request) -> http.Response:
        if request.stream is not None:
            return http.Response(200, b"", "text/plain", (), request.stream)
        query = f"?{request.query}" if request.query else ""
        return http.Response(200, f"{request.path}{query} ".encode() + request.body, "text/plain")


class Caller:
    """Calls an API that answers with what it is asked."""

    def __init__(self, session: ClientSession, port: int) -> None:
        self._session = session
        self._port = port

    async def ask(self, path: str, body: bytes | AsyncIterator[bytes] = b"") -> str:
        async with self._session.post(f"http://127.0.0.1:{self._port}{path}", data=body) as response:
            return await response.text()


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def serve(pipeline: Pipeline, stack: AsyncExitStack) -> Caller:
    server = http.server(Piped(Told(), pipeline), RuntimeConfig(app_id="app"))
    await stack.enter_async_context(server)
    _, port = await server.listen("127.0.0.1", 0)
    return Caller(await stack.enter_async_context(ClientSession()), port)


async def test_handlers_follow_the_order_of_the_configuration(
    loading: Loading, stack: AsyncExitStack
) -> None:
    pipeline = loading.pipeline(("one", ALIAS), ("two", ALIAS))
    await loading.load("two", ALIAS, routes='{"/a": "/wrong", "/b": "/c"}')
    await loading.load("one", ALIAS, routes='{"/a": "/b"}')

    assert await (await serve(pipeline, stack)).ask("/a") == "/c "


async def test_handlers_come_and_go(loading: Loading, stack: AsyncExitStack) -> None:
    caller = await serve(loading.pipeline(("upper", UPPER)), stack)
    assert await caller.ask("/x", b"hello") == "/x hello"

    await loading.load("upper", UPPER)
    assert await caller.ask("/x", b"hello") == "/x HELLO"

    await loading.load("upper", UPPER, direction="response")
    assert await caller.ask("/x", b"hello") == "/X HELLO"

    loading.unload("upper")
    assert await caller.ask("/x", b"hello") == "/x hello"


@pytest.mark.parametrize(("type_", "version"), [(ALIAS, "v1"), (UPPER, "v2")])
async def test_type_and_version_must_be_those_of_the_name(
    loading: Loading, stack: AsyncExitStack, type_: str, version: str
) -> None:
    caller = await serve(loading.pipeline(("upper", UPPER)), stack)
    await loading.load("upper", type_, version, routes='{"/x": "/y"}')

    assert await caller.ask("/x", b"hello") == "/x hello"


async def test_no_handler_is_no_pipeline(loading: Loading) -> None:
    assert not loading.pipeline()
    assert loading.pipeline(("missing", UPPER))


async def test_large_body_is_changed_whole(loading: Loading, stack: AsyncExitStack) -> None:
    caller = await serve(loading.pipeline(("upper", UPPER)), stack)
    await loading.load("upper", UPPER)

    assert await caller.ask("/", b"x" * (2 * LARGE_BYTES)) == "/ " + "X" * (2 * LARGE_BYTES)


async def test_body_in_pieces_is_changed_as_it_comes(loading: Loading, stack: AsyncExitStack) -> None:
    caller = await serve(loading.pipeline(("alias", ALIAS), ("upper", UPPER)), stack)
    await loading.load("alias", ALIAS, routes="/s: /stream")
    await loading.load("upper", UPPER)

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(8):
            yield b"x" * 100_000

    assert await caller.ask("/s", pieces()) == "X" * 800_000


@pytest.mark.parametrize(
    ("routes", "asked", "told"),
    [
        ('{"/a b": "/v1.0/state/my store/k%"}', "/a%20b", "/v1.0/state/my%20store/k%25 "),
        ("/a: /b\n/c: /d", "/c?x=1", "/d?x=1 "),
        (
            '{"/orders/{id}": "/v1.0/invoke/app/method/get"}',
            "/orders/7?x=1",
            "/v1.0/invoke/app/method/get?id=7&x=1 ",
        ),
        ('{"/{a:[0-9]{2}}/z": "/n"}', "/42/z", "/n?a=42 "),
        ('{"/{a:[0-9]{2}}/z": "/n"}', "/x/z", "/x/z "),
        ('{"/a": "/b"}', "/a/", "/a/ "),
    ],
)
async def test_alias_stands_for_its_target(
    loading: Loading, stack: AsyncExitStack, routes: str, asked: str, told: str
) -> None:
    caller = await serve(loading.pipeline(("alias", ALIAS)), stack)
    await loading.load("alias", ALIAS, routes=routes)

    assert await caller.ask(asked) == told


async def test_each_property_is_a_route_without_routes(loading: Loading, stack: AsyncExitStack) -> None:
    caller = await serve(loading.pipeline(("alias", ALIAS)), stack)
    await loading.load("alias", ALIAS, **{"/a": "/b", "/c": "/d"})

    assert await caller.ask("/c") == "/d "


@pytest.mark.parametrize(
    ("properties", "fault"),
    [
        ({"routes": "{"}, "failed to decode 'routes' property as JSON or YAML"),
        ({"routes": "[]"}, "routes is list, wanted a JSON object"),
        ({"routes": '{"/{a:(}": "/b"}'}, "which is no pattern"),
        ({"/a": ""}, "invalid key/value pair in metadata"),
    ],
)
async def test_wrong_routes_are_refused(loading: Loading, properties: Mapping[str, str], fault: str) -> None:
    with pytest.raises(MetadataError, match=fault.replace("(", r"\(")):
        await loading.load("alias", ALIAS, **properties)


async def test_application_is_called_through_its_own_pipeline(loading: Loading) -> None:
    async def told(request: web.Request) -> web.Response:
        return web.Response(text=f"{request.path_qs} {await request.text()}")

    pipeline = loading.pipeline(("alias", ALIAS), ("upper", UPPER))
    await loading.load("alias", ALIAS, routes='{"/tock/{n}": "/clock"}')
    await loading.load("upper", UPPER, direction="both")
    async with application(told) as port:
        config = RuntimeConfig(app_id="app", app_port=port)
        async with app_channel(config, pipeline) as channel:
            answer = await channel.binding_event("tock", "/tock/3", bindings.Event(data=b"hello"))

    assert answer.data == b"/CLOCK?N=3 HELLO"


async def test_request_that_is_refused_sees_no_middleware(loading: Loading, stack: AsyncExitStack) -> None:
    caller = await serve(loading.pipeline(("one", ALIAS)), stack)
    await loading.load("one", ALIAS, routes='{"/secret": "/open"}')

    assert await caller.ask("/secret") == "who are you"
