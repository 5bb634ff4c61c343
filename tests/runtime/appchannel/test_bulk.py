from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from pluggable.runtime.appchannel import (
    AppAnswerError,
    AppUnreachableError,
    BulkEntry,
    BulkEvent,
    NoApp,
    Verdict,
)
from pluggable.runtime.cloudevents import Incoming
from pluggable.runtime.config import RuntimeConfig
from tests.runtime.appchannel.apps import App

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02"


def entry(entry_id: str, body: bytes = b'{"id":"1"}', **given: Any) -> BulkEntry:
    values: dict[str, Any] = {"entry_id": entry_id, "content": Incoming({}, body), "data": body} | given
    return BulkEntry(**values)


def bulk(*entries: BulkEntry, **metadata: str) -> BulkEvent:
    return BulkEvent(pubsub="events", topic="orders<1>", entries=entries, metadata=metadata)


def statuses(**by_entry: str) -> str:
    return json.dumps({"statuses": [{"entryId": key, "status": value} for key, value in by_entry.items()]})


async def test_messages_are_posted_in_one_envelope() -> None:
    app = App(body=statuses(a="SUCCESS", b="SUCCESS"), app_api_token="secret")
    event = entry("a", b'{ "id": 12345678901234567890, "x": "<" }', metadata={"k": "v"})
    raw = entry("b", content=None, data=b"\xff\x00", content_type="image/png")
    async with app.channel() as channel:
        answers = await channel.deliver_bulk("/r", bulk(event, raw, pubsubName="events"))

    method, path, headers, body = app.requests[0]
    assert [answer.verdict for answer in answers] == [Verdict.SUCCESS] * 2
    assert (method, path, headers["content-type"]) == ("POST", "/r", "application/json")
    assert (headers["dapr-api-token"], headers["pubsubname"]) == ("secret", "events")
    envelope = json.loads(body)
    assert len(envelope.pop("id")) == 36
    assert envelope == {
        "type": "com.dapr.event.sent.bulk",
        "topic": "orders<1>",
        "pubsubname": "events",
        "metadata": {"pubsubName": "events"},
        "entries": [
            {
                "entryId": "a",
                "event": {"id": 12345678901234567890, "x": "<"},
                "metadata": {"k": "v"},
                "contentType": "application/cloudevents+json",
            },
            {"entryId": "b", "event": "/wA=", "metadata": {}, "contentType": "image/png"},
        ],
    }


@pytest.mark.parametrize(
    ("said", "verdicts"),
    [
        (statuses(a="SUCCESS", b="SUCCESS"), "SUCCESS SUCCESS"),
        (statuses(b="DROP", a="RETRY"), "RETRY DROP"),
        (statuses(a="MAYBE", b=""), "RETRY RETRY"),
        (statuses(b="SUCCESS"), "RETRY SUCCESS"),
        ('{"Statuses":[{"entryID":"a","STATUS":"SUCCESS"}]}', "SUCCESS RETRY"),
        ('{"statuses":[7,{"entryId":8}]}', "RETRY RETRY"),
        ('{"statuses":7}', "RETRY RETRY"),
        ("{}", "RETRY RETRY"),
        ("[]", "RETRY RETRY"),
        ("", "RETRY RETRY"),
        ("thanks", "RETRY RETRY"),
    ],
)
async def test_each_entry_gets_its_verdict_and_silence_is_no_consent(said: str, verdicts: str) -> None:
    async with App(body=said).channel() as channel:
        answers = await channel.deliver_bulk("/r", bulk(entry("a"), entry("b")))

    assert [answer.verdict.name for answer in answers] == verdicts.split()
    assert all(bool(answer.reason) is (answer.verdict is not Verdict.SUCCESS) for answer in answers)


@pytest.mark.parametrize(("status", "verdict"), [(404, Verdict.DROP), (500, Verdict.RETRY)])
async def test_refusal_is_of_all_entries(status: int, verdict: Verdict) -> None:
    async with App(status, statuses(a="SUCCESS")).channel() as channel:
        answers = await channel.deliver_bulk("/r", bulk(entry("a"), entry("b")))

    assert [answer.verdict for answer in answers] == [verdict] * 2


async def test_answer_about_a_stranger_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        async with App(body=statuses(a="SUCCESS", z="SUCCESS")).channel() as channel:
            answers = await channel.deliver_bulk("/r", bulk(entry("a")))

    assert [answer.verdict for answer in answers] == [Verdict.SUCCESS]
    assert "Invalid entry id received from app while processing pub/sub event z" in caplog.text


async def test_last_trace_goes_with_the_envelope() -> None:
    app = App(body="{}")
    traced = entry("a", content=Incoming({"traceparent": TRACE}, b"{}"))
    async with app.channel() as channel:
        await channel.deliver_bulk("/r", bulk(traced, entry("b"), entry("c", content=None)))

    assert app.requests[0][2]["traceparent"] == TRACE


async def test_answer_that_is_too_large_is_of_no_entry() -> None:
    app = App(body=statuses(a="SUCCESS") + " " * 2000, max_body_bytes=1000)
    async with app.channel() as channel:
        with pytest.raises(AppAnswerError, match="longer than 1000 bytes"):
            await channel.deliver_bulk("/r", bulk(entry("a")))


async def test_nobody_takes_messages_without_an_application() -> None:
    with pytest.raises(AppUnreachableError, match="there is no application"):
        await NoApp(RuntimeConfig(app_id="a")).deliver_bulk("/r", bulk(entry("a")))
