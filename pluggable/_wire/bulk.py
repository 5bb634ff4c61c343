"""The failures of a bulk request in the one text that a status has room for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from ..errors import BulkError, ComponentError, ETagInvalidError, ETagMismatchError
from ..transport.status import Code
from .codes import error_of_code
from .details import DETAIL_BYTES

#: The sentences that daprd knows ETag errors by, and that ours begin with.
MISMATCH: Final = str(ETagMismatchError())
INVALID: Final = str(ETagInvalidError())
_ETAG_LINE: Final = re.compile(
    rf"(?P<key>.*?): (?P<kind>{re.escape(MISMATCH)}|{re.escape(INVALID)})(?:: (?P<detail>.*))?"
)
_CODE_LINE: Final = re.compile(rf"(?P<key>.*?): (?P<code>{'|'.join(Code.__members__)}): (?P<text>.*)")


def bulk_code(failures: Mapping[str, ComponentError]) -> Code:
    """Return the code that says the most of all failures."""
    if any(isinstance(error, ETagMismatchError) for error in failures.values()):
        return Code.FAILED_PRECONDITION
    if failures and all(isinstance(error, ETagInvalidError) for error in failures.values()):
        return Code.INVALID_ARGUMENT
    return Code.INTERNAL


def written(failures: Mapping[str, ComponentError]) -> str:
    """Return a line for each failure, ``<key>: <reason>``, and a count of those there was no room for."""
    lines: list[str] = []
    room = DETAIL_BYTES - 64
    for key, error in failures.items():
        line = " ".join(f"{key}: {_reason(error)}".splitlines())
        room -= len(line.encode()) + 1
        if room < 0:
            lines.append(f"{len(failures) - len(lines)} more failed")
            break
        lines.append(line)
    return "\n".join(lines)


def read(text: str) -> BulkError | None:
    """Return what was written, ``None`` if not by us; failures there was no room for stand under no key."""
    failures: dict[str, ComponentError] = {}
    for line in text.splitlines():
        if found := _ETAG_LINE.fullmatch(line):
            kind = ETagMismatchError if found["kind"] == MISMATCH else ETagInvalidError
            failures[found["key"]] = kind(found["detail"] or "")
        elif found := _CODE_LINE.fullmatch(line):
            failures[found["key"]] = error_of_code(Code[found["code"]], found["text"])
        elif failures:
            failures[""] = error_of_code(Code.UNKNOWN, line)
        else:
            return None
    return BulkError(failures) if failures else None


def _reason(error: ComponentError) -> str:
    if isinstance(error, ETagMismatchError | ETagInvalidError):
        return str(error)
    return f"{error.code.name}: {error}"
