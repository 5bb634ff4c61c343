"""The forms of gRPC on the wire: metadata, texts, deadlines, statuses."""

from __future__ import annotations

import re

import pytest

from pluggable.transport import Code, StatusError
from pluggable.transport.ngh2.headers import escaped, fields_of, metadata_of, unescaped
from pluggable.transport.ngh2.statuses import RESPONSE, status_of, status_of_http, trailers_of
from pluggable.transport.ngh2.timeouts import timeout_field, timeout_seconds

NO_BOUND = 2**32 - 1


@pytest.mark.parametrize("size", range(5))
def test_bytes_travel_without_padding(size: int) -> None:
    pairs = (("data-bin", bytes(range(250, 250 + size))),)

    fields = fields_of(pairs)

    assert b"=" not in fields[0][1]
    assert metadata_of(tuple(fields)) == pairs


def test_padding_is_understood() -> None:
    assert metadata_of(((b"data-bin", b"AA=="),)) == (("data-bin", b"\x00"),)


def test_joined_bytes_are_several() -> None:
    assert metadata_of(((b"data-bin", b"AA,AQ"),)) == (("data-bin", b"\x00"), ("data-bin", b"\x01"))


def test_what_is_no_base64_is_named() -> None:
    with pytest.raises(ValueError, match="metadata 'data-bin' is not base64"):
        metadata_of(((b"data-bin", b"no!"),))


def test_protocol_is_no_metadata() -> None:
    fields = ((b":path", b"/"), (b"te", b"trailers"), (b"grpc-timeout", b"1S"), (b"grpc-trace-bin", b"AA"))

    assert metadata_of(fields) == (("grpc-trace-bin", b"\x00"),)


@pytest.mark.parametrize("size", [64 * 1024, 64 * 1024 + 1])
def test_longest_value_is_one_that_is_decoded(size: int) -> None:
    if size == 64 * 1024:
        assert fields_of((("name", "x" * size),)) == [(b"name", b"x" * size)]
        return
    with pytest.raises(StatusError, match="names and values of at most 65536 can be sent") as caught:
        fields_of((("name", "x" * size),))
    assert caught.value.code is Code.RESOURCE_EXHAUSTED


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("plain text", b"plain text"),
        ("100%", b"100%25"),
        ("two\nlines", b"two%0Alines"),
        ("é", b"%C3%A9"),
        (" around ", b"%20around%20"),
        (" ", b"%20"),
        ("\x7f~", b"%7F~"),
    ],
)
def test_text_is_escaped(text: str, sent: bytes) -> None:
    assert escaped(text) == sent
    assert unescaped(sent) == text


@pytest.mark.parametrize(
    ("sent", "text"), [(b"100%", "100%"), (b"%zz%2", "%zz%2"), (b"%ff", "\ufffd"), (b"a%20b", "a b")]
)
def test_text_that_was_not_escaped_is_shown(sent: bytes, text: str) -> None:
    assert unescaped(sent) == text


@pytest.mark.parametrize(
    ("seconds", "field"),
    [
        (0.0, b"0u"),
        (-1.0, b"0u"),
        (0.0000001, b"1u"),
        (0.5, b"500000u"),
        (99.0, b"99000000u"),
        (100.0, b"100000m"),
        (100_000.0, b"100000S"),
        (10.0**9, b"277778H"),
    ],
)
def test_timeout_has_eight_digits_at_most(seconds: float, field: bytes) -> None:
    assert timeout_field(seconds) == field
    assert timeout_seconds(field) >= seconds


@pytest.mark.parametrize(
    ("field", "seconds"),
    [(b"1H", 3600), (b"2M", 120), (b"3S", 3), (b"4m", 0.004), (b"5u", 0.000005), (b"6n", 0.000000006)],
)
def test_every_unit_is_read(field: bytes, seconds: float) -> None:
    assert timeout_seconds(field) == pytest.approx(seconds)


@pytest.mark.parametrize("field", [b"", b"S", b"1", b"1s", b"-1S", b"123456789S", b"1.5S", b" 1S"])
def test_no_timeout_is_named(field: bytes) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(field.decode()))):
        timeout_seconds(field)


def test_status_comes_back() -> None:
    status = StatusError(Code.ABORTED, "stöp", b"\x00details")

    found = status_of(tuple(trailers_of(status, [(b"name", b"value")], NO_BOUND)))

    assert found is not None
    assert (found.code, found.message, found.details) == (Code.ABORTED, "stöp", b"\x00details")


@pytest.mark.parametrize(
    ("number", "code"), [(b"99", Code.UNKNOWN), (b"x", Code.INTERNAL), (b"", Code.INTERNAL)]
)
def test_strange_status_is_an_error(number: bytes, code: Code) -> None:
    found = status_of(((b"grpc-status", number),))

    assert found is not None
    assert found.code is code


@pytest.mark.parametrize("bound", [9_000, 10_000, 19_990])
def test_text_is_cut_to_what_the_peer_takes(bound: int) -> None:
    fields = trailers_of(StatusError(Code.INTERNAL, "é" * 10_000, b"details"), [(b"n", b"v")], bound)

    assert sum(len(name) + len(value) + 32 for name, value in fields) <= bound
    assert dict(fields)[b"grpc-status-details-bin"]
    assert set(unescaped(dict(fields)[b"grpc-message"])) <= {"é", "\ufffd"}


def test_text_is_cut_to_what_is_decoded() -> None:
    fields = dict(trailers_of(StatusError(Code.INTERNAL, "x " * 100_000, b"d" * 60_000), [], NO_BOUND))

    assert len(fields[b"grpc-message"]) == 64 * 1024 - 1
    assert fields[b"grpc-message"].endswith(b"x")
    assert b"grpc-status-details-bin" not in fields


def test_details_over_the_bound_are_left_out() -> None:
    fields = trailers_of(StatusError(Code.INTERNAL, "short", b"x" * 20_000), [], 16_384)

    assert [name for name, _ in fields] == [b"grpc-status", b"grpc-message"]


@pytest.mark.parametrize(
    ("number", "code"), [(b"404", Code.UNIMPLEMENTED), (b"503", Code.UNAVAILABLE), (b"418", Code.UNKNOWN)]
)
def test_answer_of_plain_http_is_explained(number: bytes, code: Code) -> None:
    found = status_of_http(((b":status", number), (b"content-type", b"text/html")))

    assert found is not None
    assert found.code is code
    assert f"HTTP {number.decode()} with text/html" in found.message
    assert status_of_http(tuple(RESPONSE)) is None
