from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Literal

import pytest

from pluggable._duration import duration_text
from pluggable.errors import MetadataError
from pluggable.metadata import NO_METADATA, Metadata, Size, parse_bool, parse_duration, setting


class Kind(Enum):
    NODE = "node"
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    redis_host: str
    redis_db: int = 0
    redis_password: str = setting(default="", secret=True, aliases=("password", "secret"))
    redis_type: Kind = Kind.NODE
    mode: Literal["fast", "safe"] = "safe"
    ratio: float = 0.5
    tls: bool = setting(default=False, name="enableTLS")
    dial_timeout: timedelta = setting(default=timedelta(seconds=5), unit="ms")  # noqa: RUF009  frozen
    wait: timedelta = timedelta()
    hosts: tuple[str, ...] = ()
    limit: int | None = None
    largest: Size | None = None


@dataclass(frozen=True, kw_only=True)
class Limits:
    low: int = 0
    pin: int = setting(default=0, secret=True)
    token: str = setting(default="", secret=True, aliases=("key",))

    def __post_init__(self) -> None:
        if self.low < 0:
            raise ValueError(f"low is {self.low}, wanted 0 or more")
        if " " in self.token:
            raise ValueError(f'token is "{self.token}" and {self.pin}, wanted one word')


def parsed(**properties: str) -> Settings:
    return Metadata({"redisHost": "h", **properties}).parse(Settings)


def test_every_type_is_read() -> None:
    found = parsed(
        redisDB="3",
        redisType="cluster",
        mode="FAST",
        ratio="0.25",
        enableTLS=" Yes ",
        dialTimeout="250",
        wait="90",
        hosts="a:1, b:2",
        limit="7",
        largest="64Ki",
    )

    assert found == Settings(
        redis_host="h",
        redis_db=3,
        redis_type=Kind.CLUSTER,
        mode="fast",
        ratio=0.25,
        tls=True,
        dial_timeout=timedelta(milliseconds=250),
        wait=timedelta(seconds=90),
        hosts=("a:1", "b:2"),
        limit=7,
        largest=Size(65536),
    )


def test_names_count_in_any_case() -> None:
    assert Metadata({"REDISHOST": "h", "RedisDb": "2"}).parse(Settings) == Settings(
        redis_host="h", redis_db=2
    )


def test_unknown_properties_are_ignored() -> None:
    assert parsed(keyPrefix="none") == Settings(redis_host="h")


def test_alias_counts_without_main_name() -> None:
    assert parsed(secret="c", password="b").redis_password == "b"
    assert parsed(password="b", redisPassword="").redis_password == ""


def test_all_faults_come_at_once() -> None:
    with pytest.raises(MetadataError) as caught:
        Metadata({"redisDB": "x", "wait": "1 minute", "Mode": "slow", "mode": "slow"}).parse(Settings)

    assert caught.value.faults == (
        "mode is given twice, first as Mode; names count in any case, keep one",
        "redisHost is missing; set it under spec.metadata",
        'redisDb is "x", wanted an integer',
        'mode is "slow", wanted one of fast, safe',
        'wait is "1 minute", wanted a duration such as 1m30s or 500ms, or an integer (s)',
    )


def test_empty_required_property_is_missing() -> None:
    with pytest.raises(MetadataError, match="redisHost is missing"):
        parsed(redisHost="")


def test_empty_number_leaves_the_default() -> None:
    assert parsed(redisDB="", limit="").redis_db == 0


def test_secrets_are_not_shown() -> None:
    assert "hunter2" not in repr(parsed(redisPassword="hunter2"))
    assert "hunter2" not in repr(Metadata({"redisPassword": "hunter2"}, "store"))
    with pytest.raises(MetadataError, match="pin is a value that is not shown, wanted an integer") as caught:
        Metadata({"pin": "hunter2"}).parse(Limits)
    assert caught.value.__cause__ is None


def test_own_checks_are_metadata_faults() -> None:
    with pytest.raises(MetadataError, match="low is -1, wanted 0 or more"):
        Metadata({"low": "-1"}).parse(Limits)


def test_secret_that_a_class_quotes_is_not_shown() -> None:
    with pytest.raises(MetadataError) as caught:
        Metadata({"KEY": "hunter 2", "pin": "12345"}).parse(Limits)

    assert str(caught.value) == 'token is "(not shown)" and (not shown), wanted one word'
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_secrets_are_taken_out_of_a_text() -> None:
    found = Metadata({"pin": "12345", "token": "1234567"}).secrets(Limits)

    assert found.hidden_in("1234567 by 12345") == "(not shown) by (not shown)"
    assert "12345" not in repr(found)


def test_secret_of_three_letters_is_left_in_a_text() -> None:
    assert Metadata({"token": "the"}).secrets(Limits).hidden_in("the other") == "the other"


def test_unreadable_type_names_its_field() -> None:
    with pytest.raises(TypeError, match=r"Odd\.when: metadata cannot be read into"):
        Metadata({}).parse(Odd)


def test_only_dataclasses_are_parsed() -> None:
    with pytest.raises(TypeError, match="int is not a dataclass"):
        Metadata({}).parse(int)


def test_one_property_is_found() -> None:
    assert Metadata({"ConsumerID": "orders"}).get("consumerID") == "orders"
    assert Metadata().get("consumerID") is None


def test_no_metadata_cannot_change() -> None:
    with pytest.raises(TypeError):
        NO_METADATA["a"] = "b"  # type: ignore[index]  # what is tested


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1h30m", 5400),
        ("1m30s", 90),
        ("500ms", 0.5),
        ("1.5s", 1.5),
        (".5s", 0.5),
        ("-1.5h", -5400),
        ("+2s", 2),
        ("3us", 3e-6),
        ("3µs", 3e-6),
        ("5000ns", 5e-6),
        ("0", 0),
        ("", 0),
        ("-7", -7),
        (" 10 ", 10),
    ],
)
def test_durations_are_go_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(5400, "1h30m"), (90, "1m30s"), (0.5, "500ms"), (1.5, "1s500ms"), (0, "0s"), (-7, "-7s"), (3e-6, "3us")],
)
def test_duration_is_written_as_it_is_read(seconds: float, text: str) -> None:
    assert duration_text(timedelta(seconds=seconds)) == text
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["1 s", "s", "-", "1d", "1.s.", "1s2", "--1s", "9999999h", "1_0", "٣s"])
def test_other_texts_are_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration"):
        parse_duration(text)


def test_bare_integer_counts_the_unit() -> None:
    assert parse_duration("1500", "ms") == timedelta(seconds=1.5)


@pytest.mark.parametrize("text", ["y", "YES", "True", "t", "on", " 1 "])
def test_these_words_are_true(text: str) -> None:
    assert parse_bool(text)


@pytest.mark.parametrize("text", ["", "false", "0", "2", "maybe"])
def test_other_words_are_false(text: str) -> None:
    assert not parse_bool(text)


@dataclass
class Odd:
    when: object
