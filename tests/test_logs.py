from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Iterator

import pytest

from pluggable._called import CALLED, Called, during
from pluggable._records import record_of
from pluggable.logs import CallFields, JSONFormatter, LineFormatter

GET = "/dapr.proto.components.v1.StateStore/Get"


def record(message: str = "stored", *, level: int = logging.INFO, **named: object) -> logging.LogRecord:
    found = logging.makeLogRecord({"name": "shelf", "msg": message, "levelno": level, **named})
    found.levelname = logging.getLevelName(level)
    CallFields().filter(found)
    return found


@pytest.fixture
def called() -> Iterator[Called]:
    found = Called("state.shelf", "orders", GET)
    token = CALLED.set(found)
    yield found
    CALLED.reset(token)


def line(found: logging.LogRecord) -> str:
    return LineFormatter().format(found)


def test_line_says_what_is_called(called: Called) -> None:
    assert line(record()) == f'INFO shelf: {called.component} "orders" Get: stored'


def test_line_of_nothing_in_particular_is_plain() -> None:
    assert line(record()) == "INFO shelf: stored"


def test_finished_call_has_no_method(called: Called) -> None:
    called.over = True

    assert line(record()) == 'INFO shelf: state.shelf "orders": stored'


@pytest.mark.parametrize(
    ("message", "written"),
    [
        ('state.shelf "orders" closing failed', 'state.shelf "orders" closing failed'),
        ("state.shelf: Get failed", 'state.shelf "orders" Get: Get failed'),
        ('state.shelf "others" is there', 'state.shelf "orders" Get: state.shelf "others" is there'),
    ],
)
@pytest.mark.usefixtures("called")
def test_message_that_names_its_component_is_not_doubled(message: str, written: str) -> None:
    assert line(record(message)) == f"INFO shelf: {written}"


def test_traceback_follows_its_line(called: Called) -> None:
    try:
        dict[str, str]()[called.instance]
    except KeyError:
        found = record("failed", level=logging.ERROR, exc_info=sys.exc_info())

    first, second, *_ = line(found).splitlines()
    assert first == 'ERROR shelf: state.shelf "orders" Get: failed'
    assert second == "Traceback (most recent call last):"


def test_name_cannot_begin_a_line() -> None:
    with during(Called("state.shelf", "a\nERROR shelf: forged", GET)):
        assert line(record()) == r'INFO shelf: state.shelf "a\nERROR shelf: forged" Get: stored'


def test_json_has_a_field_for_each(called: Called) -> None:
    said = json.loads(JSONFormatter().format(record("hällo", level=logging.WARNING)))

    assert said.pop("time")
    assert said == {
        "level": "warning",
        "msg": "hällo",
        "scope": "shelf",
        "type": "log",
        "component": called.component,
        "component_instance": "orders",
        "method": "Get",
    }


def test_json_leaves_out_what_is_not_known() -> None:
    assert {*json.loads(JSONFormatter().format(record()))} == {"time", "level", "msg", "scope", "type"}


def test_fields_of_an_author_stay() -> None:
    with during(Called("state.shelf", "orders", GET)):
        assert record(method="PATCH").__dict__["method"] == "PATCH"


def test_fields_are_there_for_any_format() -> None:
    formatter = logging.Formatter("%(component)s|%(component_instance)s|%(method)s|%(message)s")

    assert formatter.format(record()) == "|||stored"


async def test_thread_and_task_inherit_the_call(called: Called) -> None:
    async def task() -> str:
        return line(record())

    assert await asyncio.to_thread(line, await asyncio.to_thread(record)) == await asyncio.create_task(task())
    assert called.method == "Get"


@pytest.mark.usefixtures("called")
def test_json_line_becomes_the_record_again() -> None:
    before = record("two\nlines", level=logging.ERROR, created=1_000.5)

    after = record_of(JSONFormatter().format(before))

    assert after is not None
    assert line(after) == line(before)
    assert after.created == 1_000.5


@pytest.mark.parametrize(
    "text",
    [
        "Traceback (most recent call last):",
        '{"time":',
        '{"time":1}',
        '{"time":1,"level":"info","msg":"m","scope":"s"}',
        '{"time":"2025-01-01T00:00:00+00:00","level":"loud","msg":"m","scope":"s"}',
        '{"time":"2025-01-01T00:00:00+00:00","level":[],"msg":"m","scope":"s"}',
    ],
)
def test_other_lines_are_no_records(text: str) -> None:
    assert record_of(text) is None
