from __future__ import annotations

import asyncio
import base64
import json

import pytest

from pluggable import state
from pluggable.runtime.apart import LARGE_BYTES
from pluggable.runtime.api import http
from pluggable.runtime.api.jsontext import dump
from pluggable.runtime.config import RuntimeConfig
from pluggable.runtime.resources import Rule, Subscription
from tests.runtime.api.conftest import Sidecar, Sidecars

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02"


# --- state


async def test_saved_json_is_stored_as_text(sidecar: Sidecar) -> None:
    odd = '{"z": 1, "a": [true, null, "<é>"]}'
    body = f'[{{"key":"a","value":{odd}}},{{"key":"b","value":"x"}},{{"key":"c","vlue":1}}]'
    answer = await sidecar.call("POST", "/v1.0/state/store", body)

    assert (answer.status, answer.body) == (204, b"")
    assert {key: value.data.decode() for key, value in sidecar.components.store.values.items()} == {
        "app||a": '{"z":1,"a":[true,null,"\\u003cé\\u003e"]}',
        "app||b": '"x"',
        "app||c": "null",
    }


async def test_value_comes_back_as_stored(sidecar: Sidecar) -> None:
    body = '[{"key":"a b","value":1,"metadata":{"ttlInSeconds":"5"}}]'
    await sidecar.call("PUT", "/v1.0/state/store", body)

    answer = await sidecar.call("GET", "/v1.0/state/store/a+b?consistency=strong&metadata.x=y")

    assert (answer.status, answer.body, answer.headers["etag"]) == (200, b"1", "1")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["metadata.ttlexpiretime"].startswith("2030")
    [request] = sidecar.components.store.gets
    assert (request.consistency, request.metadata) == (state.Consistency.STRONG, {"x": "y"})


async def test_missing_value_is_no_content(sidecar: Sidecar) -> None:
    answer = await sidecar.call("GET", "/v1.0/state/store/k")

    assert (answer.status, answer.body) == (204, b"")
    assert "content-type" not in answer.headers


async def test_item_carries_its_options(sidecar: Sidecar) -> None:
    item = {
        "key": "k",
        "value": 1,
        "contentType": "application/json",
        "metadata": {"a": "1", "b": "1"},
        "options": {"concurrency": "first-write", "consistency": "eventual"},
    }
    answer = await sidecar.call("POST", "/v1.0/state/store?metadata.b=2", json.dumps([item]))

    assert answer.status == 204
    assert sidecar.components.store.sets == [
        state.SetRequest(
            key="app||k",
            value=b"1",
            concurrency=state.Concurrency.FIRST_WRITE,
            consistency=state.Consistency.EVENTUAL,
            metadata={"a": "1", "b": "2"},
            content_type="application/json",
        )
    ]


@pytest.mark.parametrize("body", ["[]", "null"])
async def test_nothing_to_save_is_fine(sidecar: Sidecar, body: str) -> None:
    assert (await sidecar.call("POST", "/v1.0/state/store", body)).status == 204


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("", "the body is empty"),
        ("{}", "the body is an object, an array is wanted"),
        ("text", "Expecting value"),
        ('[{"key":"k"},]', "Illegal trailing comma|Expecting value"),
        ('[{"key":"k","value":NaN}]', "NaN is no JSON"),
        ("[{}]", '"key" is a required field'),
        ('[{"kye":"k"}]', '"key" is a required field'),
        ("[1]", "item 0 is a number, an object is wanted"),
        ('[{"key":1}]', '"key" is a number, a string is wanted'),
        ('[{"key":"k","etag":1}]', '"etag" is a number, a string is wanted'),
        ('[{"key":"k","metadata":{"ttlInSeconds":1}}]', '"metadata.ttlInSeconds" is a number'),
        ('[{"key":"k","metadata":[]}]', '"metadata" is an array, an object is wanted'),
        ('[{"key":"k","options":{"concurrency":"x"}}]', "unrecognized concurrency model 'x'"),
        ('[{"key":"k","options":{"consistency":"x"}}]', "unrecognized consistency model 'x'"),
        ("[" * 100_000, "recursion|nested"),
        ("\udcff", "no UTF-8"),
    ],
)
async def test_body_that_is_no_list_of_items_is_refused(sidecar: Sidecar, body: str, sentence: str) -> None:
    answer = await sidecar.call("POST", "/v1.0/state/store", body.encode(errors="surrogateescape"))

    told = json.loads(answer.body)
    assert (answer.status, told["errorCode"]) == (400, "ERR_MALFORMED_REQUEST")
    assert any(part in told["message"] for part in sentence.split("|")), told


async def test_large_body_leaves_the_loop_free(sidecar: Sidecar) -> None:
    body = json.dumps([{"key": "k", "value": "x" * LARGE_BYTES}])
    saved, health = await asyncio.gather(
        sidecar.call("POST", "/v1.0/state/store", body), sidecar.call("GET", "/v1.0/healthz")
    )

    assert (saved.status, health.status) == (204, 204)
    assert len(sidecar.components.store.values["app||k"].data) == LARGE_BYTES + 2


async def test_etag_guards_a_delete(sidecar: Sidecar) -> None:
    await sidecar.call("POST", "/v1.0/state/store", '[{"key":"k","value":1}]')

    stale = await sidecar.call("DELETE", "/v1.0/state/store/k", headers={"If-Match": "9"})
    fresh = await sidecar.call(
        "DELETE", "/v1.0/state/store/k?concurrency=first-write", headers={"If-Match": "1"}
    )

    assert (stale.status, fresh.status) == (409, 204)
    assert sidecar.components.store.values == {}


async def test_bulk_get_answers_each_key(sidecar: Sidecar) -> None:
    store = sidecar.components.store
    await sidecar.call("POST", "/v1.0/state/store", '[{"key":"a","value":{"b":1}}]')
    store.values["app||raw"] = state.GetResponse(data=b"no json\xff", etag="7")
    answer = await sidecar.call(
        "POST", "/v1.0/state/store/bulk?metadata.x=y", '{"keys":["raw","no","a"],"parallelism":2}'
    )

    assert answer.status == 200
    assert json.loads(answer.body) == [
        {"key": "raw", "etag": "7", "data": "no json\ufffd"},
        {"key": "no"},
        {"key": "a", "etag": "1", "data": {"b": 1}},
    ]
    assert store.gets[0].metadata == {"x": "y"}


async def test_transaction_is_applied_in_order(sidecar: Sidecar) -> None:
    store = sidecar.components.store
    await sidecar.call("POST", "/v1.0/state/store", '[{"key":"old","value":1}]')
    operations = [
        {"operation": "upsert", "request": {"key": "new", "value": {"a": "&"}}},
        {"operation": "delete", "request": {"key": "old", "etag": "1"}},
    ]
    body = {"operations": operations, "metadata": {"partitionKey": "p"}}
    answer = await sidecar.call("POST", "/v1.0/state/store/transaction?metadata.u=v", json.dumps(body))

    assert answer.status == 204
    assert {key: value.data for key, value in store.values.items()} == {"app||new": b'{"a":"\\u0026"}'}
    assert store.metadata == {"partitionKey": "p", "u": "v"}
    assert store.sets[-1].metadata == {"u": "v"}


async def test_empty_transaction_is_fine(sidecar: Sidecar) -> None:
    assert (await sidecar.call("POST", "/v1.0/state/store/transaction", '{"operations":[]}')).status == 204


async def test_half_a_character_is_replaced(sidecar: Sidecar) -> None:
    body = '[{"key":"\\ud800","value":["\\uDFFF","\\ud83d\\ude00"]}]'
    answer = await sidecar.call("POST", "/v1.0/state/store", body)

    assert answer.status == 204
    assert sidecar.components.store.values["app||\ufffd"].data.decode() == '["\ufffd","\U0001f600"]'


async def test_endless_page_is_refused(sidecar: Sidecar) -> None:
    answer = await sidecar.call("POST", "/v1.0-alpha1/state/queryable/query", '{"page":{"limit":Infinity}}')

    assert (answer.status, json.loads(answer.body)["errorCode"]) == (500, "ERR_STATE_QUERY")


async def test_query_answers_rows_and_token(sidecar: Sidecar) -> None:
    sidecar.components.queryable.values["k"] = state.GetResponse(data=b"[1]", etag="3")
    answer = await sidecar.call("POST", "/v1.0-alpha1/state/queryable/query", '{"filter":{}}')

    assert json.loads(answer.body) == {
        "results": [{"key": "k", "etag": "3", "data": [1]}],
        "token": "next",
    }

    sidecar.components.queryable.values.clear()
    assert (await sidecar.call("POST", "/v1.0-alpha1/state/queryable/query", "{}")).status == 204


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("\u2028\u2029", b'"\\u2028\\u2029"'),
        ("\ud800x", "\"\ufffdx\"".encode()),
        (12345678901234567890, b"12345678901234567890"),
        ("é\"\\\n", '"é\\"\\\\\\n"'.encode()),
    ],
)  # fmt: skip
def test_json_is_written_as_go_writes_it(value: object, text: bytes) -> None:
    assert dump(value) == text


# --- publish


async def test_topic_may_contain_slashes(sidecar: Sidecar) -> None:
    answer = await sidecar.call(
        "POST",
        "/v1.0/publish/broker/a/b%20c?metadata.x=y",
        '{"n":1}',
        {"Content-Type": "application/json", "traceparent": TRACE, "tracestate": "v=1"},
    )

    assert (answer.status, answer.body) == (204, b"")
    [request] = sidecar.components.broker.published
    event = json.loads(request.data)
    assert (request.topic, request.metadata) == ("a/b c", {"x": "y"})
    assert (event["data"], event["datacontenttype"]) == ({"n": 1}, "application/json")
    assert (event["traceparent"], event["traceid"], event["tracestate"]) == (TRACE, TRACE, "v=1")


async def test_untyped_message_is_plain_text(sidecar: Sidecar) -> None:
    await sidecar.call("PUT", "/v1.0/publish/broker/t", '{"n":1}')

    event = json.loads(sidecar.components.broker.published[0].data)
    assert (event["data"], event["datacontenttype"]) == ('{"n":1}', "text/plain")
    assert event["traceparent"] == "00-00000000000000000000000000000000-0000000000000000-00"


async def test_binary_message_is_in_base64(sidecar: Sidecar) -> None:
    headers = {"Content-Type": "application/octet-stream"}
    await sidecar.call("POST", "/v1.0/publish/broker/t", b"\xff\x00", headers)

    event = json.loads(sidecar.components.broker.published[0].data)
    assert base64.b64decode(event["data_base64"]) == b"\xff\x00"


@pytest.mark.parametrize("version", ["v1.0", "v1.0-alpha1"])
async def test_bulk_publish_reads_each_entry(sidecar: Sidecar, version: str) -> None:
    entries = [
        {"entryId": "1", "event": {"a": 1}, "contentType": "application/json"},
        {"entryId": "2", "event": "text", "contentType": "text/plain", "metadata": {"m": "v"}},
    ]
    answer = await sidecar.call("POST", f"/{version}/publish/bulk/bulk/t", json.dumps(entries))

    assert (answer.status, answer.body) == (204, b"")
    assert sidecar.components.bulk.bulk is not None
    first, second = sidecar.components.bulk.bulk.entries
    assert (json.loads(first.data)["data"], json.loads(second.data)["data"]) == ({"a": 1}, "text")
    assert second.metadata == {"m": "v"}


async def test_failed_entries_are_named(sidecar: Sidecar) -> None:
    entries = [{"entryId": name, "event": name, "contentType": "text/plain"} for name in ("ok", "poison")]
    path = "/v1.0/publish/bulk/{}/t?metadata.rawPayload=true"

    for pubsub in ("bulk", "broker"):
        answer = await sidecar.call("POST", path.format(pubsub), json.dumps(entries))

        assert answer.status == 500
        assert json.loads(answer.body) == {
            "failedEntries": [{"entryId": "poison", "error": "poison is not taken"}],
            "errorCode": "ERR_PUBSUB_PUBLISH_MESSAGE",
        }


async def test_names_of_fields_are_read_in_any_case(sidecar: Sidecar) -> None:
    entries = [{"entryID": "1", "Event": "a", "contenttype": "text/plain"}]
    answer = await sidecar.call("POST", "/v1.0/publish/bulk/bulk/t", json.dumps(entries))

    assert answer.status == 204, answer.body
    assert sidecar.components.bulk.bulk is not None
    assert [each.entry_id for each in sidecar.components.bulk.bulk.entries] == ["1"]

    items = [{"Key": "a", "value": 1}, {"key": "b", "VALUE": 2}]
    assert (await sidecar.call("POST", "/v1.0/state/store", json.dumps(items))).status == 204
    values = sidecar.components.store.values
    assert (values["app||a"].data, values["app||b"].data) == (b"1", b"2")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('[{"entryId":"1"', "unexpected EOF"),
        ('[{"entryId":"1', "unexpected EOF"),
        ('[{"event":tr', "unexpected EOF"),
        ('[{"entryId":"\\u00', "unexpected EOF"),
        ('[{"event":tx', "Expecting value: line 1 column 11 (char 10)"),
        ("", "EOF"),
        ("{}", "json: cannot unmarshal object into Go value of type []http.bulkPublishMessageEntry"),
        ("[1]", "an entry is a number, an object is wanted"),
        ('[{"entryId":1}]', '"entryId" is a number, a string is wanted'),
        ('[{"entryId":"1","event":NaN,"contentType":"application/json"}]', "NaN is no JSON"),
    ],
)
async def test_unreadable_entries_are_told(sidecar: Sidecar, body: str, reason: str) -> None:
    answer = await sidecar.call("POST", "/v1.0/publish/bulk/broker/t", body)

    told = json.loads(answer.body)
    assert (answer.status, told["errorCode"]) == (400, "ERR_PUBSUB_EVENTS_SER")
    assert told["message"] == f"error when unmarshaling the request for topic t pubsub broker: {reason}"
    assert told["details"][0]["reason"] == "DAPR_PUBSUB_UNMARSHAL_EVENTS"


async def test_broken_event_is_told(sidecar: Sidecar) -> None:
    headers = {"Content-Type": "application/cloudevents+json"}
    answer = await sidecar.call("POST", "/v1.0/publish/broker/t", "{", headers)

    told = json.loads(answer.body)
    assert (answer.status, told["errorCode"]) == (500, "ERR_PUBSUB_CLOUD_EVENTS_SER")
    assert told["message"] == "cannot create cloudevent"


# --- bindings


async def test_binding_gets_json_and_the_trace(sidecar: Sidecar) -> None:
    body = '{"operation":"create","data":"<x>","metadata":{"k":"v"}}'
    answer = await sidecar.call(
        "POST", "/v1.0/bindings/echo", body, {"traceparent": TRACE, "baggage": "a=b,c=d;p"}
    )

    assert (answer.status, answer.body, answer.headers["metadata.length"]) == (
        200,
        b'"\\u003cx\\u003e"',
        "15",
    )
    [request] = sidecar.components.echo.requests
    assert request.metadata == {"k": "v", "traceparent": TRACE, "baggage": "a=b,c=d;p"}


async def test_trace_is_made_where_none_came(sidecar: Sidecar) -> None:
    await sidecar.call("POST", "/v1.0/bindings/echo", '{"operation":"create"}')

    [request] = sidecar.components.echo.requests
    assert len(request.metadata["traceparent"]) == 55
    assert request.data == b"null"


async def test_failed_binding_tells_its_metadata(sidecar: Sidecar) -> None:
    answer = await sidecar.call("POST", "/v1.0/bindings/echo", '{"operation":"fail"}')

    told = json.loads(answer.body)
    assert (answer.status, answer.headers["metadata.statuscode"]) == (500, "404")
    assert told["message"] == "error invoking output binding echo: received status code 404"


@pytest.mark.parametrize(
    ("body", "headers", "sentence"),
    [
        ("{", {}, "failed deserializing HTTP body"),
        ("[]", {}, "the body is an array, an object is wanted"),
        ('{"operation":1}', {}, '"operation" is a number, a string is wanted'),
        ('{"operation":"create"}', {"baggage": "no baggage"}, "invalid baggage header"),
        ('{"operation":"create"}', {"baggage": "a=b" + ";c= " * 500 + "\\"}, "invalid baggage header"),
    ],
)
async def test_bad_binding_request_is_refused(
    sidecar: Sidecar, body: str, headers: dict[str, str], sentence: str
) -> None:
    answer = await sidecar.call("POST", "/v1.0/bindings/echo", body, headers)

    assert answer.status == 400
    assert sentence in json.loads(answer.body)["message"]


# --- secrets


async def test_secrets_are_plain_json(sidecar: Sidecar) -> None:
    one = await sidecar.call("GET", "/v1.0/secrets/vault/key")
    bulk = await sidecar.call("GET", "/v1.0/secrets/vault/bulk")

    assert (one.status, one.body) == (200, b'{"key":"\\u003cv\\u003e"}')
    assert json.loads(bulk.body) == {"key": {"key": "<v>"}, "db": {"user": "u", "password": "p"}}


# --- metadata, health, shutdown, metrics


async def test_metadata_describes_the_sidecar(sidecars: Sidecars) -> None:
    subscription = Subscription(pubsub="broker", topic="t", rules=(Rule(path="/p"),), dead_letter_topic="d")
    sidecar = await sidecars.open(
        subscriptions=[subscription], config=RuntimeConfig(app_id="app", app_port=8000, app_max_concurrency=2)
    )
    assert (await sidecar.call("PUT", "/v1.0/metadata/my+key", "<value>")).status == 204

    told = json.loads((await sidecar.call("GET", "/v1.0/metadata")).body)

    assert told["id"] == "app"
    assert told["extended"]["my key"] == "<value>"
    assert told["extended"]["daprRuntimeVersion"] == told["runtimeVersion"]
    assert {
        "name": "store",
        "type": "state.memory",
        "version": "v1",
        "capabilities": ["ETAG", "TRANSACTIONAL", "TTL", "ACTOR"],
    } in told["components"]
    assert told["subscriptions"] == [
        {
            "pubsubname": "broker",
            "topic": "t",
            "rules": [{"path": "/p"}],
            "deadLetterTopic": "d",
            "type": "DECLARATIVE",
        }
    ]
    assert told["appConnectionProperties"] == {
        "port": 8000,
        "protocol": "http",
        "channelAddress": "127.0.0.1",
        "maxConcurrency": 2,
    }
    assert told["actorRuntime"]["runtimeStatus"] == "DISABLED"


async def test_health_follows_the_gates(sidecars: Sidecars) -> None:
    sidecar = await sidecars.open(ready=False)
    paths = ("/v1.0/healthz/outbound", "/v1.0/healthz")

    answers = [await sidecar.call("GET", path) for path in paths]
    assert [answer.status for answer in answers] == [500, 500]
    assert [json.loads(answer.body)["errorCode"] for answer in answers] == [
        "ERR_OUTBOUND_HEALTH_NOT_READY",
        "ERR_HEALTH_NOT_READY",
    ]

    sidecar.blocks.health.outbound.open()
    assert [(await sidecar.call("GET", path)).status for path in paths] == [204, 500]
    sidecar.blocks.health.inbound.open()
    assert [(await sidecar.call("GET", path)).status for path in paths] == [204, 204]
    assert (await sidecar.call("GET", "/v1.0/healthz?appid=app")).status == 204
    assert (await sidecar.call("GET", "/v1.0/healthz?appid=other")).status == 500


@pytest.mark.parametrize(("headers", "forced"), [({}, False), ({"dapr-force-shutdown": "true"}, True)])
async def test_shutdown_answers_before_it_ends(
    sidecar: Sidecar, headers: dict[str, str], *, forced: bool
) -> None:
    answer = await sidecar.call("POST", "/v1.0/shutdown", headers=headers)
    await sidecar.stopped.wait()

    assert (answer.status, sidecar.shutdowns) == (204, [forced])


async def test_metrics_count_requests(sidecar: Sidecar) -> None:
    for key in ("a", "b"):
        await sidecar.call("GET", f"/v1.0/state/store/{key}")
    await sidecar.call("GET", "/v1.0/state/nope/a")
    await sidecar.call("POST", "/v1.0/publish/broker/t%22x", "x")

    router = http.metric_routes(sidecar.telemetry)
    answer = await router(http.Request("GET", "/metrics"))

    lines = answer.body.decode().splitlines()
    name = 'dapr_http_server_request_count{app_id="app",'
    assert f'{name}method="GET",path="/v1.0/state/store",status="204"}} 2' in lines
    assert f'{name}method="GET",path="/v1.0/state/nope",status="400"}} 1' in lines
    assert f'{name}method="POST",path="/v1.0/publish/broker/t\\"x",status="204"}} 1' in lines
    assert "# TYPE dapr_http_server_request_count counter" in lines
    assert any(line.startswith("process_resident_memory_bytes ") for line in lines)
    assert answer.content_type.startswith("text/plain; version=0.0.4")


async def test_errors_are_counted_by_code(sidecar: Sidecar) -> None:
    for path in ("/v1.0/state/nope/a", "/v1.0/state/nope/b", "/v1.0/secrets/nope/a"):
        await sidecar.call("GET", path)
    for body in ("{", '[{"key":"a||b"}]'):
        await sidecar.call("POST", "/v1.0/state/store", body)

    lines = sidecar.telemetry.render().splitlines()
    name = 'dapr_error_code_total{app_id="app",category='
    assert f'{name}"state",error_code="ERR_STATE_STORE_NOT_FOUND"}} 2' in lines
    assert f'{name}"secret",error_code="ERR_SECRET_STORE_NOT_FOUND"}} 1' in lines
    assert f'{name}"common",error_code="ERR_MALFORMED_REQUEST"}} 1' in lines
    assert f'{name}"state",error_code="ERR_MALFORMED_REQUEST"}} 1' in lines


async def test_failed_binding_is_counted(sidecar: Sidecar) -> None:
    await sidecar.call("POST", "/v1.0/bindings/echo", '{"operation":"fail"}')

    counted = (
        'dapr_error_code_total{app_id="app",category="binding",error_code="ERR_INVOKE_OUTPUT_BINDING"} 1'
    )
    assert counted in sidecar.telemetry.render().splitlines()


# --- paths, methods, the token


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "ERR_NOT_FOUND"),
        ("GET", "/v1.0/nothing", 404, "ERR_NOT_FOUND"),
        ("GET", "/v1.0/state/store/a/b", 404, "ERR_NOT_FOUND"),
        ("GET", "/v1.0/state/store/", 404, "ERR_NOT_FOUND"),
        ("OPTIONS", "/v1.0/metadata", 404, "ERR_NOT_FOUND"),
        ("PATCH", "/v1.0/metadata", 405, "ERR_METHOD_NOT_ALLOWED"),
    ],
)
async def test_path_without_handler_is_explained(
    sidecar: Sidecar, method: str, path: str, status: int, code: str
) -> None:
    answer = await sidecar.call(method, path)

    told = json.loads(answer.body)
    assert (answer.status, told["errorCode"]) == (status, code)
    assert len(told["message"]) > 20
    assert "vary" not in answer.headers


@pytest.mark.parametrize("path", ["/v1.0/healthz/", "/v1.0/metadata/", "//v1.0//metadata//"])
async def test_slash_at_the_end_is_passed_over(sidecar: Sidecar, path: str) -> None:
    assert (await sidecar.call("GET", path)).status in {200, 204}


async def test_slashes_are_collapsed(sidecar: Sidecar) -> None:
    assert (await sidecar.call("GET", "//v1.0///healthz")).status == 204


async def test_key_named_bulk_can_be_read(sidecar: Sidecar) -> None:
    await sidecar.call("POST", "/v1.0/state/store", '[{"key":"bulk","value":1}]')

    assert (await sidecar.call("GET", "/v1.0/state/store/bulk")).body == b"1"


async def test_names_are_unescaped(sidecar: Sidecar) -> None:
    catalog = sidecar.components.catalog
    catalog.state["ä b/c"] = catalog.state.pop("store")

    answer = await sidecar.call("POST", "/v1.0/state/%C3%A4+b%2Fc", '[{"key":"k","value":1}]')

    assert answer.status == 204


async def test_token_is_asked_for(sidecars: Sidecars) -> None:
    sidecar = await sidecars.open(config=RuntimeConfig(app_id="app", dapr_api_token="s3cret"))

    for path in ("/v1.0/metadata", "/nowhere"):
        assert (await sidecar.call("GET", path)).status == 401
        assert (await sidecar.call("GET", path, headers={"dapr-api-token": "wrong"})).status == 401
    assert (await sidecar.call("GET", "/v1.0/metadata", headers={"dapr-api-token": "s3cret"})).status == 200
    assert (await sidecar.call("GET", "/v1.0/healthz")).status == 204


async def test_public_port_has_health_and_metadata(sidecar: Sidecar) -> None:
    router = http.public_routes(sidecar.blocks, sidecar.config)

    statuses = [
        (await router(http.Request("GET", path))).status
        for path in ("/v1.0/healthz", "/v1.0/metadata", "/v1.0/state/store/k")
    ]
    assert statuses == [204, 200, 404]
