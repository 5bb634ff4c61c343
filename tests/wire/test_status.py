"""Errors as statuses: what daprd recognises, and what our own far end gets back."""

from __future__ import annotations

import pytest

from pluggable._proto.google.protobuf import any_pb2
from pluggable._proto.google.rpc import error_details_pb2 as rpc, status_pb2
from pluggable._wire.details import packed
from pluggable._wire.status import error_of, status_of
from pluggable.errors import (
    BulkError,
    ComponentError,
    CustomError,
    DeniedError,
    ETagInvalidError,
    ETagMismatchError,
    InitError,
    InvalidRequestError,
    InvokeError,
    LimitExceededError,
    MetadataError,
    NotFoundError,
    NotInitializedError,
    RemoteError,
    RowMismatchError,
    TimedOutError,
    UnavailableError,
    UnsupportedError,
)
from pluggable.transport import Code, StatusError

#: Under what grpcio's core takes as one block of headers; what others take is more.
HEADER_BLOCK_BYTES = 8 * 1024

ERRORS = [
    InvalidRequestError("no such operator"),
    NotFoundError('secret "käse" is not there'),
    UnsupportedError("no queries here"),
    DeniedError("wrong password"),
    LimitExceededError("5 MiB"),
    UnavailableError("redis is gone"),
    TimedOutError("no answer in 5 s"),
    NotInitializedError("StateStore", "orders"),
    InitError("the table has another schema"),
    MetadataError(["redisHost is missing", "ttl is 1x"]),
    ETagMismatchError(),
    ETagMismatchError("app||k: is at 2, not 1"),
    ETagInvalidError(),
    ETagInvalidError("it is 'x', wanted a number"),
    RowMismatchError(expected=3, affected=1),
    BulkError({"app||a": ETagMismatchError("is at 2, not 1")}),
    BulkError({"app||a": ETagMismatchError(), "app||b": ETagInvalidError("x")}),
    BulkError({"a": ETagInvalidError(), "b": ETagInvalidError("x")}),
    BulkError({"a": UnavailableError("gone: for good"), "b": InvalidRequestError("TTL")}),
    BulkError({"a": ETagMismatchError("x"), "b": UnavailableError("gone")}),
    InvokeError("502 Bad Gateway"),
    InvokeError("404", data=b"\xff\x00", metadata={"statusCode": "404", "a": ""}),
    CustomError("no", code=Code.NOT_FOUND, http_status=418, error_code="ERR_TEA", reason="TEA", domain="pot"),
    RemoteError("odd", code=Code.DATA_LOSS),
    RemoteError("odd", code=Code.UNKNOWN),
]


def facts(error: ComponentError) -> dict[str, object]:
    found = dict(vars(error))
    if isinstance(error, BulkError):
        found["failures"] = {key: (type(each), str(each)) for key, each in error.failures.items()}
    found.pop("faults", None)  # of several, one text remains
    return found


def single_detail(status: StatusError) -> any_pb2.Any:
    inner = status_pb2.Status.FromString(status.details)
    assert inner.code == status.code
    assert inner.message == status.message
    assert len(inner.details) == 1
    return inner.details[0]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_error_comes_back(error: ComponentError) -> None:
    back = error_of(status_of(error))

    assert type(back) is type(error)
    assert str(back) == str(error)
    assert back.code == error.code
    assert {**facts(back), "code": error.code} == {**facts(error), "code": error.code}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ETagMismatchError("is at 2"), Code.FAILED_PRECONDITION),
        (ETagInvalidError("x"), Code.INVALID_ARGUMENT),
        (BulkError({"a": ETagMismatchError(), "b": ETagMismatchError()}), Code.FAILED_PRECONDITION),
        (BulkError({"a": ETagInvalidError(), "b": ETagInvalidError()}), Code.INVALID_ARGUMENT),
    ],
)
def test_daprd_recognises_etag_errors(error: ComponentError, code: Code) -> None:
    status = status_of(error)
    detail = single_detail(status)
    (violation,) = rpc.BadRequest.FromString(detail.value).field_violations

    assert status.code is code
    assert detail.type_url == "type.googleapis.com/google.rpc.BadRequest"
    assert violation.field == "etag"
    assert "etag" in violation.description


def test_bulk_error_names_each_key() -> None:
    status = status_of(BulkError({"a": ETagMismatchError("is at 2"), "b": ETagMismatchError()}))
    (violation,) = rpc.BadRequest.FromString(single_detail(status).value).field_violations

    assert violation.description == "a: possible etag mismatch: is at 2\nb: possible etag mismatch"


def test_bulk_error_of_others_is_internal() -> None:
    status = status_of(BulkError({"a": UnavailableError("gone")}))

    assert status.code is Code.INTERNAL
    assert status.message == "a: gone"


def test_daprd_recognises_row_mismatch() -> None:
    status = status_of(RowMismatchError(expected=3, affected=1))
    info = rpc.ErrorInfo.FromString(single_detail(status).value)

    assert status.code is Code.INTERNAL
    assert (info.metadata["expected"], info.metadata["affected"]) == ("3", "1")


def test_daprd_recognises_custom_error() -> None:
    error = CustomError("no", http_status=418, error_code="ERR_TEA", reason="TEA", domain="pot")
    info = rpc.ErrorInfo.FromString(single_detail(status_of(error)).value)

    assert (info.reason, info.domain) == ("TEA", "pot")
    assert dict(info.metadata) == {"kit_error": "true", "http_code": "418", "tag": "ERR_TEA"}


@pytest.mark.parametrize("status", ["", "0", "99999", "100", "204", "304", "4\u0664\u0664", "9" * 5000])
def test_status_of_no_error_is_500(status: str) -> None:
    info = rpc.ErrorInfo(metadata={"kit_error": "true", "http_code": status})
    error = error_of(packed(Code.INTERNAL, "no", info))

    assert isinstance(error, CustomError)
    assert error.http_status == 500


@pytest.mark.parametrize(
    "error",
    [
        InvalidRequestError("x" * 100_000),
        InvalidRequestError("ü" * 100_000),
        ETagMismatchError("ü" * 100_000),
        BulkError({f"key {place}": ETagMismatchError("is at 2") for place in range(1000)}),
        BulkError({f"key {place}": UnavailableError("ü" * 100) for place in range(1000)}),
        InvokeError(
            "x" * 100_000, data=bytes(100_000), metadata={f"a{place}": "b" * 100 for place in range(99)}
        ),
        CustomError("x" * 9999, error_code="x" * 9999, reason="x" * 9999, domain="x" * 9999),
    ],
    ids=lambda error: type(error).__name__,
)
def test_long_errors_fit_into_headers(error: ComponentError) -> None:
    status = status_of(error)
    percent_encoded = sum(1 if 0x20 <= byte <= 0x7E else 3 for byte in status.message.encode())

    assert percent_encoded + len(status.details) * 4 // 3 < HEADER_BLOCK_BYTES
    assert type(error_of(status)) is type(error)


def test_failures_without_room_are_counted() -> None:
    error = BulkError({f"key {place}": ETagMismatchError("is at 2") for place in range(1000)})
    back = error_of(status_of(error))

    assert isinstance(back, BulkError)
    assert f"{1000 - len(back.failures) + 1} more failed" in str(back.failures[""])


def test_unknown_status_is_kept() -> None:
    details = status_pb2.Status(code=15, message="lost").SerializeToString()
    back = error_of(StatusError(Code.DATA_LOSS, "lost", details))

    assert isinstance(back, RemoteError)
    assert (back.code, str(back), back.details) == (Code.DATA_LOSS, "lost", details)
    assert status_of(back).details == details


def test_broken_details_count_for_nothing() -> None:
    back = error_of(StatusError(Code.NOT_FOUND, "gone", b"\xff\xff\xff"))

    assert type(back) is NotFoundError
    assert str(back) == "gone"


def test_strangers_etag_error_is_recognised() -> None:
    status = status_pb2.Status(code=9, message="conflict")
    violation = rpc.BadRequest.FieldViolation(field="etag", description="version 3 is newer")
    status.details.add(
        type_url="type.googleapis.com/google.rpc.BadRequest",
        value=rpc.BadRequest(field_violations=[violation]).SerializeToString(),
    )
    back = error_of(StatusError(Code.FAILED_PRECONDITION, "", status.SerializeToString()))

    assert isinstance(back, ETagMismatchError)
    assert str(back) == "possible etag mismatch: version 3 is newer"


def test_reason_of_another_domain_is_not_ours() -> None:
    status = status_pb2.Status(code=9, message="not yet")
    status.details.add(
        type_url="type.googleapis.com/google.rpc.ErrorInfo",
        value=rpc.ErrorInfo(reason="NOT_INITIALIZED", domain="example.com").SerializeToString(),
    )
    back = error_of(StatusError(Code.FAILED_PRECONDITION, "not yet", status.SerializeToString()))

    assert not isinstance(back, NotInitializedError)
    assert str(back) == "not yet"


def test_subclass_travels_as_its_base() -> None:
    class OutOfStockError(UnavailableError):
        pass

    assert type(error_of(status_of(OutOfStockError("none left")))) is UnavailableError
