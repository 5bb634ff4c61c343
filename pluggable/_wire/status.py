"""
Errors as statuses and back: the one table.

daprd recognises some by their code and single detail (dapr/dapr ``pkg/components/state/pluggable.go``,
``pkg/components/pluggable/errors.go``), our own far end more of them by the reason in that detail.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Final

from .._proto.google.rpc import error_details_pb2 as rpc
from ..errors import (
    BulkError,
    ComponentError,
    CustomError,
    ETagInvalidError,
    ETagMismatchError,
    InitError,
    InvokeError,
    MetadataError,
    NotInitializedError,
    RemoteError,
    RowMismatchError,
)
from ..transport.status import Code, StatusError
from . import bulk, names
from .codes import error_of_code
from .details import DETAIL_BYTES, cut, packed, unpacked, violation

_ETAG: Final = "etag"
_ITEMS: Final = "items"
#: What an error may be in HTTP: any other has no body, or is not the last word.
_ERROR_STATUS: Final = re.compile(r"[45][0-9]{2}")


def status_of(error: ComponentError, shown: Callable[[str], str] = str) -> StatusError:
    """Return the status that tells a component's caller of this error, whose text is ``shown``."""
    text = shown(str(error))
    match error:
        case ETagMismatchError() | ETagInvalidError():
            return packed(error.code, text, violation(_ETAG, text))
        case BulkError():
            return _bulk_status(error, shown)
        case RowMismatchError():
            facts = {"expected": str(error.expected), "affected": str(error.affected)}
            return packed(error.code, text, _info(names.ROW_MISMATCH, facts))
        case CustomError():
            return packed(error.code, text, _custom_info(error))
        case InvokeError():
            return packed(error.code, text, _info(names.INVOKE_FAILED, _answer(error)))
        case NotInitializedError():
            facts = {"component": error.component, "instance": error.instance}
            return packed(error.code, text, _info(names.NOT_INITIALIZED, facts))
        case MetadataError():
            return packed(error.code, text, _info(names.METADATA_INVALID))
        case InitError():
            return packed(error.code, text, _info(names.INIT_FAILED))
        case RemoteError():
            return StatusError(error.code, text, error.details)
        case _:
            return packed(error.code, text)


def error_of(status: StatusError) -> ComponentError:
    """Return the error that a component's status tells of; what has no name keeps status and text."""
    text, detail = unpacked(status)
    match detail:
        case rpc.BadRequest():
            named = _of_violations(status.code, text, detail)
        case rpc.ErrorInfo():
            named = _of_info(status.code, text, detail)
        case None:
            named = None
    return named or error_of_code(status.code, text, status.details)


def _bulk_status(error: BulkError, shown: Callable[[str], str]) -> StatusError:
    """One violation for all items: daprd knows an ETag error by a single one."""
    code = bulk.bulk_code(error.failures)
    field = _ITEMS if code is Code.INTERNAL else _ETAG
    return packed(code, shown(str(error)), violation(field, shown(bulk.written(error.failures))))


def _of_violations(code: Code, text: str, detail: rpc.BadRequest) -> ComponentError | None:
    if len(detail.field_violations) != 1:
        return None
    blamed = detail.field_violations[0]
    said = blamed.description or text
    match blamed.field, code:
        case "etag", Code.FAILED_PRECONDITION if said.startswith(bulk.MISMATCH):
            return ETagMismatchError(_after(bulk.MISMATCH, said))
        case "etag", Code.INVALID_ARGUMENT if said.startswith(bulk.INVALID):
            return ETagInvalidError(_after(bulk.INVALID, said))
        case "etag", Code.FAILED_PRECONDITION:
            return bulk.read(said) or ETagMismatchError(said)
        case "etag", Code.INVALID_ARGUMENT:
            return bulk.read(said) or ETagInvalidError(said)
        case "items", Code.INTERNAL:
            return bulk.read(said)
    return None


def _after(sentence: str, said: str) -> str:
    """Return what follows the sentence that the error's class will put before it again."""
    return said.removeprefix(sentence).removeprefix(":").lstrip()


def _of_info(code: Code, text: str, detail: rpc.ErrorInfo) -> ComponentError | None:
    facts: Mapping[str, str] = detail.metadata
    if facts.get("kit_error") == "true":
        return _custom_error(code, text, detail)
    if code is Code.INTERNAL and "expected" in facts and "affected" in facts:
        return _row_mismatch(facts)
    if detail.domain != names.DOMAIN:
        return None
    match detail.reason:
        case names.NOT_INITIALIZED:
            return NotInitializedError(facts.get("component", ""), facts.get("instance", ""))
        case names.METADATA_INVALID:
            return MetadataError([text])
        case names.INIT_FAILED:
            return InitError(text)
        case names.INVOKE_FAILED:
            return _invoke_error(code, text, facts)
    return None


def _info(reason: str, facts: Mapping[str, str] | None = None) -> rpc.ErrorInfo:
    return rpc.ErrorInfo(reason=reason, domain=names.DOMAIN, metadata=dict(facts or {}))


def _row_mismatch(facts: Mapping[str, str]) -> RowMismatchError | None:
    try:
        return RowMismatchError(expected=int(facts["expected"]), affected=int(facts["affected"]))
    except ValueError:
        return None


def _custom_info(error: CustomError) -> rpc.ErrorInfo:
    return rpc.ErrorInfo(
        reason=cut(error.reason, DETAIL_BYTES // 4),
        domain=cut(error.domain, DETAIL_BYTES // 4),
        metadata={
            "kit_error": "true",
            "http_code": str(error.http_status),
            "tag": cut(error.error_code, DETAIL_BYTES // 4),
        },
    )


def _custom_error(code: Code, text: str, detail: rpc.ErrorInfo) -> CustomError:
    return CustomError(
        text,
        code=code,
        http_status=_http_status(detail.metadata.get("http_code", "")),
        error_code=detail.metadata.get("tag", ""),
        reason=detail.reason,
        domain=detail.domain,
    )


def _http_status(text: str) -> int:
    """Return the status that a component gives its error; one that is none of an error is 500."""
    return int(text) if _ERROR_STATUS.fullmatch(text) else 500


def _answer(error: InvokeError) -> dict[str, str]:
    """Return what the far side answered all the same, as far as there is room: metadata first."""
    facts: dict[str, str] = {}
    room = DETAIL_BYTES
    for key, value in error.metadata.items():
        room -= len(key.encode()) + len(value.encode()) + 16
        if room < 0:
            return facts
        facts[f"metadata.{key}"] = value
    data = b64encode(error.data).decode() if len(error.data) < room else ""
    return facts | {"data": data} if data and len(data) <= room else facts


def _invoke_error(code: Code, text: str, facts: Mapping[str, str]) -> InvokeError:
    prefix = "metadata."
    metadata = {key.removeprefix(prefix): facts[key] for key in facts if key.startswith(prefix)}
    try:
        data = b64decode(facts.get("data", ""), validate=True)
    except ValueError:
        data = b""
    error = InvokeError(text, data=data, metadata=metadata)
    error.code = code
    return error
