from __future__ import annotations

import asyncio
import base64
import json

import pytest
from yarl import URL

from tests.runtime.appchannel.servers import Scripted, read_request
from tests.runtime.invocation.conftest import Told
from tests.runtime.invocation.sides import Sides, ask

WHO = pytest.mark.parametrize("caller", ["itself", "another"])


@WHO
@pytest.mark.parametrize("verb", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_verb_query_and_body_reach_the_application(
    sides: Sides, told: Told, caller: str, verb: str
) -> None:
    callee = await sides.open("callee", app_port=told.port)
    side = callee if caller == "itself" else await sides.open("caller")

    answer = await ask(side, verb, "/v1.0/invoke/callee/method/a/b?x=1&y=%20", data=b"hello")

    asked = json.loads(answer.body)
    assert (answer.status, asked["method"], asked["path"]) == (200, verb, "/a/b?x=1&y=%20")
    assert asked["body"] == "hello"


@WHO
async def test_status_headers_and_body_come_back(sides: Sides, told: Told, caller: str) -> None:
    told.status, told.headers = 418, {"X-Own": "1", "Content-Type": "text/odd", "Keep-Alive": "timeout=5"}
    callee = await sides.open("callee", app_port=told.port)
    side = callee if caller == "itself" else await sides.open("caller")

    answer = await ask(side, "GET", "/v1.0/invoke/callee/method/tea")

    assert (answer.status, answer.headers["X-Own"]) == (418, "1")
    assert answer.headers["Content-Type"] == "text/odd"
    assert "Keep-Alive" not in answer.headers
    assert len(answer.headers.getall("Date")) == 1  # type: ignore[attr-defined]  # aiohttp's mapping


@pytest.mark.parametrize(
    ("path", "headers", "method"),
    [
        ("//v1.0//invoke/callee//method//a//b", {}, "/a/b"),
        ("/v1.0/invoke/callee.default/method/a", {}, "/a"),
        ("/v1.0/invoke/callee/method/a%2F..%2Fb", {}, "/b"),
        ("/v1.0/invoke/callee/method/a+b%20c", {}, "/a+b%20c"),
        ("/any/path", {"dapr-app-id": "callee"}, "/any/path"),
        ("/any/../path/", {"dapr-app-id": "callee"}, "/path"),
        (
            "/any",
            {"Authorization": "Basic " + base64.b64encode(b"dapr-app-id:callee").decode()},
            "/any",
        ),
        ("/v1.0/invoke/callee/method/", {}, "/"),
    ],
)
async def test_target_is_read_from_path_and_headers(
    sides: Sides, told: Told, path: str, headers: dict[str, str], method: str
) -> None:
    side = await sides.open("callee", app_port=told.port)
    raw = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    raw += "".join(f"{name}: {value}\r\n" for name, value in headers.items())

    reader, writer = await asyncio.open_connection("127.0.0.1", side.http_port)
    writer.write(raw.encode() + b"\r\n")
    answer = await reader.read()
    writer.close()

    assert b" 200 " in answer.partition(b"\r\n")[0]
    assert told.requests[0]["path"] == method
    assert "dapr-app-id" not in told.requests[0]["headers"]


@WHO
@pytest.mark.parametrize("suffix", ["a%23b", "a%3Fb", "a%00b", "a%0Db", "a%25zz"])
async def test_method_that_no_url_has_is_refused(sides: Sides, told: Told, caller: str, suffix: str) -> None:
    callee = await sides.open("callee", app_port=told.port)
    side = callee if caller == "itself" else await sides.open("caller")

    answer = await ask(side, "GET", URL(side.url(f"/v1.0/invoke/callee/method/{suffix}"), encoded=True))

    assert (answer.status, json.loads(answer.body)["errorCode"]) == (500, "ERR_DIRECT_INVOKE")
    assert not told.requests


@WHO
async def test_caller_and_callee_are_said_whatever_the_request_says(
    sides: Sides, told: Told, caller: str
) -> None:
    callee = await sides.open("callee", app_port=told.port)
    side = callee if caller == "itself" else await sides.open("caller", namespace="shop")
    target = "callee" if caller == "itself" else "callee.default"
    spoofed = {
        "dapr-caller-app-id": "root",
        "dapr-callee-app-id": "root",
        "dapr-caller-namespace": "root",
    }

    await ask(side, "GET", f"/v1.0/invoke/{target}/method/m", headers=spoofed)

    headers = told.requests[0]["headers"]
    assert headers["dapr-caller-app-id"] == side.config.app_id
    assert headers["dapr-callee-app-id"] == "callee"
    assert headers["dapr-caller-namespace"] == ("default" if caller == "itself" else "shop")


async def test_host_of_the_caller_is_said(sides: Sides, told: Told) -> None:
    await sides.open("callee", app_port=told.port)
    side = await sides.open("caller")

    await ask(side, "GET", "/v1.0/invoke/callee/method/m", headers={"x-forwarded-for": "203.0.113.1"})

    headers = told.requests[0]["headers"]
    assert "192.0.2.9" in headers["forwarded"]
    assert headers["x-forwarded-for"] in ("203.0.113.1", "192.0.2.9")  # both, and aiohttp shows one


@WHO
async def test_application_sees_its_own_token_and_no_other(sides: Sides, told: Told, caller: str) -> None:
    callee = await sides.open("callee", app_port=told.port, app_api_token="callee's", dapr_api_token="door")
    side = callee
    if caller == "another":
        side = await sides.open("caller", app_api_token="caller's", dapr_api_token="door")

    await ask(side, "GET", "/v1.0/invoke/callee/method/m", headers={"dapr-api-token": "door"})

    assert told.requests[0]["headers"]["dapr-api-token"] == "callee's"


@WHO
async def test_without_a_token_of_its_own_it_sees_none(sides: Sides, told: Told, caller: str) -> None:
    callee = await sides.open("callee", app_port=told.port)
    side = callee if caller == "itself" else await sides.open("caller", app_api_token="caller's")

    await ask(side, "GET", "/v1.0/invoke/callee/method/m", headers={"dapr-api-token": "any"})

    assert "dapr-api-token" not in told.requests[0]["headers"]


@WHO
@pytest.mark.parametrize(
    "name",
    ["Keep-Alive", "Proxy-Connection", "Upgrade", "HTTP2-Settings", "TE", "Trailer", "Proxy-Authorization"],
)
async def test_headers_of_a_hop_stay_behind(sides: Sides, told: Told, caller: str, name: str) -> None:
    callee = await sides.open("callee", app_port=told.port)
    side = callee if caller == "itself" else await sides.open("caller")

    await ask(side, "GET", "/v1.0/invoke/callee/method/m", headers={name: "hop", "X-End": "end"})

    headers = told.requests[0]["headers"]
    assert (headers.get(name.lower()), headers["x-end"]) == (None, "end")


async def test_headers_named_in_connection_stay_behind(sides: Sides, told: Told) -> None:
    side = await sides.open("callee", app_port=told.port)

    await ask(
        side, "GET", "/v1.0/invoke/callee/method/m", headers={"Connection": "X-Hop, close", "X-Hop": "hop"}
    )

    assert "x-hop" not in told.requests[0]["headers"]


async def test_trace_goes_on_and_malformed_baggage_does_not(sides: Sides, told: Told) -> None:
    side = await sides.open("callee", app_port=told.port)
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    told_headers = {"traceparent": trace, "tracestate": "a=b", "baggage": "k=v"}

    good = await ask(side, "GET", "/v1.0/invoke/callee/method/m", headers=told_headers)
    bad = await ask(side, "GET", "/v1.0/invoke/callee/method/m", headers={"baggage": "no baggage"})

    headers = told.requests[0]["headers"]
    assert (good.status, headers["traceparent"], headers["tracestate"]) == (200, trace, "a=b")
    assert headers["baggage"] == "k=v"
    assert (bad.status, len(told.requests)) == (400, 1)


async def test_unknown_application_is_named(sides: Sides) -> None:
    side = await sides.open("caller")

    answer = await ask(side, "GET", "/v1.0/invoke/nobody/method/m")

    text = "failed to invoke, id: nobody, err: couldn't find service: nobody"
    assert (answer.status, json.loads(answer.body)) == (
        500,
        {"errorCode": "ERR_DIRECT_INVOKE", "message": text},
    )


async def test_path_without_application_or_method_is_no_target(sides: Sides) -> None:
    side = await sides.open("caller")

    answer = await ask(side, "GET", "/v1.0/invoke/callee")

    assert (answer.status, b"failed getting app id" in answer.body) == (404, True)


async def test_sidecar_without_application_says_so(sides: Sides) -> None:
    await sides.open("callee")
    side = await sides.open("caller")

    own = await ask(side, "GET", "/v1.0/invoke/caller/method/m")
    other = await ask(side, "GET", "/v1.0/invoke/callee/method/m")

    assert (own.status, b"app channel not initialized" in own.body) == (500, True)
    assert (other.status, b"app channel is not initialized" in other.body) == (500, True)


@WHO
async def test_unhealthy_application_is_not_called(sides: Sides, told: Told, caller: str) -> None:
    callee = await sides.open("callee", app_port=told.port, enable_app_health_check=True)
    side = callee if caller == "itself" else await sides.open("caller")

    sick = await ask(side, "GET", "/v1.0/invoke/callee/method/m")
    callee.app.health.report(healthy=True)
    well = await ask(side, "GET", "/v1.0/invoke/callee/method/m")

    assert (sick.status, b"app is not in a healthy state" in sick.body) == (500, True)
    assert (well.status, len(told.requests)) == (200, 1)


async def test_where_an_application_is_is_asked_once(sides: Sides, told: Told) -> None:
    await sides.open("callee", app_port=told.port)
    side = await sides.open("caller")

    await asyncio.gather(*(ask(side, "GET", "/v1.0/invoke/callee/method/m") for _ in range(5)))

    assert sides.directory.asked == ["callee.default"]


async def test_sidecar_that_moved_is_found_again(sides: Sides, told: Told) -> None:
    await sides.open("callee", app_port=told.port)
    side = await sides.open("caller")
    there = sides.directory.addresses["callee"]
    sides.directory.addresses["callee"] = ["127.0.0.1:1"]

    asking = asyncio.create_task(ask(side, "GET", "/v1.0/invoke/callee/method/m"))
    await sides.directory.first.wait()
    sides.directory.addresses["callee"] = there

    assert (await asking).status == 200
    assert len(sides.directory.asked) == 2


@WHO
async def test_wrong_content_length_of_an_application_is_borne(sides: Sides, caller: str) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"ok"')
        await writer.drain()

    async with Scripted(script).running() as app:
        callee = await sides.open("callee", app_port=app.port)
        side = callee if caller == "itself" else await sides.open("caller")

        answer = await ask(side, "GET", "/v1.0/invoke/callee/method/m")

    assert (answer.status, answer.body) == (200, b'"ok"')


@WHO
async def test_application_that_dies_before_it_answers_is_an_error(sides: Sides, caller: str) -> None:
    async def script(reader: asyncio.StreamReader, _: asyncio.StreamWriter, __: int) -> None:
        await read_request(reader)

    async with Scripted(script).running() as app:
        callee = await sides.open("callee", app_port=app.port)
        side = callee if caller == "itself" else await sides.open("caller")

        answer = await ask(side, "POST", "/v1.0/invoke/callee/method/m", data=b"x")

    assert (answer.status, b"closed the connection before it answered" in answer.body) == (500, True)
    assert app.connections == 1
