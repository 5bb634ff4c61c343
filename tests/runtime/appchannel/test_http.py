from __future__ import annotations

import asyncio
import logging

import pytest
from aiohttp import web

from pluggable.bindings import Event
from pluggable.runtime.appchannel import (
    AppAnswerError,
    AppUnreachableError,
    HTTPAppChannel,
    NoApp,
    Verdict,
    app_channel,
)
from pluggable.runtime.appchannel.http import target
from pluggable.runtime.config import RuntimeConfig
from tests.runtime.appchannel.apps import App, message
from tests.runtime.appchannel.servers import application

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02"


class Heard(logging.Handler):
    """Tells when a text is logged."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.event = asyncio.Event()
        self._text = text

    def emit(self, record: logging.LogRecord) -> None:
        if self._text in record.getMessage():
            self.event.set()


async def test_config_is_asked_with_app_id() -> None:
    app = App(body='{"entities":["Cart"],"actorIdleTimeout":"1h"}')
    async with app.channel() as channel:
        config = await channel.config()

    assert (config.entities, config.settings["actorIdleTimeout"]) == (("Cart",), "1h")
    method, path, headers, _ = app.requests[0]
    assert (method, path, headers["Dapr-App-Id"]) == ("GET", "/dapr/config", "shop")


async def test_app_without_config_has_the_default() -> None:
    async with App(status=404).channel() as channel:
        assert (await channel.config()).entities == ()


@pytest.mark.parametrize("body", ["", "[]", '{"entities":7}', '{"entities":[7]}'])
async def test_broken_config_is_told(body: str) -> None:
    async with App(body=body).channel() as channel:
        with pytest.raises(AppAnswerError, match="GET /dapr/config"):
            await channel.config()


async def test_disabled_endpoints_are_not_asked(caplog: pytest.LogCaptureFixture) -> None:
    app = App(disabled_init_endpoints=frozenset({"config", "subscribe"}))
    with caplog.at_level(logging.INFO):
        async with app.channel() as channel:
            await channel.config()
            await channel.subscriptions()

    assert app.requests == []
    assert "Skipping programmatic dapr configuration loading" in caplog.text
    assert "Skipping programmatic subscription loading" in caplog.text


@pytest.mark.parametrize(
    ("status", "body"), [(404, "no"), (500, "no"), (200, ""), (200, "[]"), (200, "null")]
)
async def test_app_may_want_no_topics(status: int, body: str) -> None:
    async with App(status, body).channel() as channel:
        assert not await channel.subscriptions()


async def test_subscriptions_are_asked_with_app_id() -> None:
    app = App(body='[{"pubsubname":"p","topic":"t","route":"/r"}]', app_api_token="secret")
    async with app.channel() as channel:
        found = await channel.subscriptions()

    assert [(each.pubsub, each.topic) for each in found] == [("p", "t")]
    assert app.requests[0][2]["dapr-app-id"] == "shop"
    assert app.requests[0][2]["dapr-api-token"] == "secret"


async def test_broken_subscriptions_show_their_begin() -> None:
    async with App(body="<html>").channel() as channel:
        with pytest.raises(AppAnswerError, match=r"no JSON: .*; it begins '<html>'"):
            await channel.subscriptions()


async def test_message_is_posted_as_cloudevent() -> None:
    app = App(app_api_token="secret")
    event = message(b'{"id":"1"}', {"pubsubName": "events"}, traceparent=TRACE, tracestate="a=b")
    async with app.channel() as channel:
        answer = await channel.deliver("orders/new", event)

    method, path, headers, body = app.requests[0]
    assert (answer.verdict, method, path, body) == (Verdict.SUCCESS, "POST", "/orders/new", b'{"id":"1"}')
    assert headers["Content-Type"] == "application/cloudevents+json"
    assert (headers["traceparent"], headers["tracestate"]) == (TRACE, "a=b")
    assert (headers["dapr-api-token"], headers["pubsubname"]) == ("secret", "events")


async def test_metadata_cannot_pose_as_ours() -> None:
    app = App(app_api_token="secret")
    metadata = {
        "Dapr-Api-Token": "stolen",
        "Content-Length": "999",
        "Transfer-Encoding": "chunked",
        "Connection": "close",
        "Host": "elsewhere",
        "a\r\nb": "1",
        "c": "1\r\nd: 2",
        "": "x",
        "kept": "ä",
    }
    async with app.channel() as channel:
        await channel.deliver("/r", message(metadata=metadata))

    headers = app.requests[0][2]
    assert headers["dapr-api-token"] == "secret"
    assert headers["content-length"] == "2"
    assert headers["kept"] == "ä"
    assert not {"transfer-encoding", "connection", "b", "c", "d"} & {name.lower() for name in headers}


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (200, "", Verdict.SUCCESS),
        (204, "", Verdict.SUCCESS),
        (200, "thanks", Verdict.SUCCESS),
        (200, "[1]", Verdict.SUCCESS),
        (200, '{"a":1}', Verdict.SUCCESS),
        (201, '{"status":"SUCCESS"}', Verdict.SUCCESS),
        (200, '{"status":"RETRY"}', Verdict.RETRY),
        (200, '{"status":"DROP"}', Verdict.DROP),
        (200, '{"status":"MAYBE"}', Verdict.RETRY),
        (404, "", Verdict.DROP),
        (500, "boom", Verdict.RETRY),
        (302, "", Verdict.RETRY),
    ],
)
async def test_answer_becomes_a_verdict(status: int, body: str, verdict: Verdict) -> None:
    async with App(status, body).channel() as channel:
        answer = await channel.deliver("/r", message())

    assert answer.verdict is verdict
    assert bool(answer.reason) is (verdict is not Verdict.SUCCESS)


async def test_large_answer_is_read() -> None:
    async with App(body='{"status":"DROP","a":"' + "x" * 300_000 + '"}').channel() as channel:
        assert (await channel.deliver("/r", message())).verdict is Verdict.DROP


@pytest.mark.parametrize("parent", ["", "nonsense", f"{TRACE}\r\nx: y"])
async def test_trace_that_is_none_is_sent_as_zeros(parent: str) -> None:
    app = App()
    async with app.channel() as channel:
        await channel.deliver("/r", message(traceparent=parent, tracestate="a=b"))

    headers = app.requests[0][2]
    assert headers["traceparent"] == "00-00000000000000000000000000000000-0000000000000000-00"
    assert "tracestate" not in headers


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("orders", "/orders"),
        ("/orders/", "/orders"),
        ("//a/../b", "/b"),
        ("", "/"),
        ("/a b/ü?x=1", "/a%20b/%C3%BC?x=1"),
        ("/a\r\nx: y", "/a%0D%0Ax:%20y"),
        ("/a#b", "/a%23b"),
        ("/v1.0/a", "/v1.0/a"),
    ],
)
def test_route_becomes_a_target(path: str, wanted: str) -> None:
    assert target(path) == wanted


@pytest.mark.parametrize(
    ("status", "wanted"), [(200, True), (204, True), (405, True), (404, False), (500, False)]
)
async def test_probe_tells_whether_binding_is_wanted(status: int, wanted: bool) -> None:
    app = App(status)
    async with app.channel() as channel:
        assert await channel.wants_binding("timer", "cron", 5) is wanted

    assert app.requests[0][:2] == ("OPTIONS", "/cron")


async def test_probe_without_answer_means_no() -> None:
    release = asyncio.Event()

    async def never(_: web.Request) -> web.Response:
        await release.wait()
        return web.Response()

    async with (
        application(never) as port,
        HTTPAppChannel(RuntimeConfig(app_id="a", app_port=port)) as channel,
    ):
        assert not await channel.wants_binding("timer", "cron", 0.05)
        release.set()


async def test_binding_event_is_answered() -> None:
    app = App(body="done")
    async with app.channel() as channel:
        answer = await channel.binding_event("in", "/in", Event(data=b"raw", metadata={"Key": "v"}))

    method, path, headers, body = app.requests[0]
    assert (answer.data, method, path, body) == (b"done", "POST", "/in", b"raw")
    assert (headers["content-type"], headers["key"]) == ("application/json", "v")


async def test_failed_binding_event_says_how() -> None:
    async with App(500, "boom").channel() as channel:
        with pytest.raises(AppAnswerError, match="status code: 500 body: boom"):
            await channel.binding_event("in", "/in", Event())


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (500, False)])
async def test_health_follows_the_answer(status: int, healthy: bool) -> None:
    app = App(status)
    async with app.channel() as channel:
        assert await channel.healthy() is healthy

    assert app.requests[0][1] == "/healthz"


async def test_concurrency_is_bounded() -> None:
    busy, most = 0, 0

    async def handle(_: web.Request) -> web.Response:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0)  # let others in, if anything does
        busy -= 1
        return web.Response()

    async with application(handle) as port:
        config = RuntimeConfig(app_id="a", app_port=port, app_max_concurrency=1)
        async with HTTPAppChannel(config) as channel:
            await asyncio.gather(*(channel.deliver("/r", message()) for _ in range(10)))

    assert most == 1


async def test_waits_until_application_listens(caplog: pytest.LogCaptureFixture) -> None:
    app = App()
    async with application(app.handle) as free:
        port = free
    heard = Heard("waiting for application")
    logging.getLogger().addHandler(heard)
    with caplog.at_level(logging.INFO):
        async with HTTPAppChannel(RuntimeConfig(app_id="a", app_port=port)) as channel, asyncio.timeout(10):
            waiting = asyncio.create_task(channel.wait_for_app())
            await heard.event.wait()
            logging.getLogger().removeHandler(heard)
            async with application(app.handle, port):
                await waiting

    assert f"waiting for application to listen on port {port}. This will block" in caplog.text
    assert f"application discovered on port {port}" in caplog.text


async def test_listening_application_is_not_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        async with App().channel() as channel:
            await channel.wait_for_app()

    assert "application discovered on port" in caplog.text
    assert "waiting for" not in caplog.text


async def test_no_port_means_no_application() -> None:
    async with app_channel(RuntimeConfig(app_id="a")) as channel:
        assert isinstance(channel, NoApp)
        assert not channel.exists
        with pytest.raises(AppUnreachableError, match="there is no application"):
            await channel.deliver("/r", message())
