"""Records as daprd writes them, recorded from one; how in ``recorded.json``."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from pluggable.errors import InvalidRequestError, UnsupportedError
from pluggable_servers.kafka.records import Format, partition_of, see_name

RECORDED: Final = json.loads(Path(__file__).with_name("recorded.json").read_text())


@dataclass(frozen=True, kw_only=True)
class Received:
    topic: str = "orders"
    partition: int = 3
    offset: int = 7
    timestamp: int = 1_700_000_000_123
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


@pytest.mark.parametrize("each", RECORDED["records"], ids=lambda each: str(each["metadata"]))
def test_record_is_the_one_daprd_writes(each: Any) -> None:
    record = Format().outgoing(each["data"].encode(), each["metadata"])
    partition = record.partition
    if partition is None:
        everywhere = range(RECORDED["partitions"])
        partition = partition_of(record.key, everywhere, everywhere)

    assert partition == each["partition"]
    assert (None if record.key is None else record.key.decode()) == each["key"]
    assert (None if record.value is None else record.value.decode()) == each["value"]
    assert {name: value.decode() for name, value in record.headers} == each["headers"]


def test_record_without_a_key_goes_where_messages_are_taken() -> None:
    assert {partition_of(None, [0, 1, 2], [1]) for _ in range(50)} == {1}


def test_header_counts_more_than_what_the_broker_says() -> None:
    record = Received(key=b"k", headers=(("__offset", b"0"), ("name", "ü".encode())))

    assert Format().metadata(record) == {
        "__key": "k",
        "__offset": "0",
        "__partition": "3",
        "__timestamp": "1700000000123",
        "__topic": "orders",
        "name": "ü",
    }


def test_key_and_headers_are_escaped_where_asked() -> None:
    found = Format(escaped=True).metadata(Received(key=b"a b/~", headers=(("name", "ü&".encode()),)))

    assert (found["__key"], found["name"]) == ("a+b%2F~", "%C3%BC%26")


def test_headers_are_left_out_both_ways() -> None:
    format_ = Format(excluded=re.compile("^x-"))
    record = format_.outgoing(b"1", {"x-mine": "1", "yours": "2"})
    found = format_.metadata(Received(headers=(("x-mine", b"1"), ("yours", b"2"))))

    assert record.headers == (("yours", b"2"),)
    assert "x-mine" not in found
    assert found["yours"] == "2"


@pytest.mark.parametrize("number", ["-1", "x", "", "2147483648", "1.5"])
def test_partition_that_is_no_number_is_refused(number: str) -> None:
    with pytest.raises(InvalidRequestError, match="partitionNumber"):
        Format().outgoing(b"1", {"partitionNumber": number})


def test_schema_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="valueSchemaType"):
        Format().outgoing(b"1", {"valueSchemaType": "Avro"})


@pytest.mark.parametrize("name", ["", ".", "..", "a b", "ü", "a" * 250])
def test_name_that_no_topic_can_have_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequestError, match="no name for a topic"):
        see_name(name)
