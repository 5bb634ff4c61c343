"""What a client is told whose request is not read on: error, status and code, in one table."""

from __future__ import annotations

from typing import Final

from ...http1 import (
    ExpectationError,
    LongBodyError,
    LongHeadError,
    MalformedError,
    UnreadableError,
    VersionError,
)
from .request import Response, failure


class LateError(UnreadableError):
    """Nothing more of a request came in time."""


_ANSWERS: Final[dict[type[UnreadableError], tuple[int, str, str]]] = {
    MalformedError: (400, "ERR_BAD_REQUEST", "the request is no HTTP/1.1 that can be read: {}"),
    LateError: (408, "ERR_REQUEST_TIMEOUT", "{}"),
    LongBodyError: (413, "ERR_BODY_TOO_LARGE", "{}; raise --max-body-size, or send less at a time"),
    ExpectationError: (417, "ERR_BAD_REQUEST", "{}"),
    LongHeadError: (431, "ERR_HEADER_TOO_LARGE", "the request's head is {}; raise --read-buffer-size"),
    VersionError: (505, "ERR_BAD_REQUEST", "{}"),
}


def refused(error: UnreadableError) -> Response:
    """Return the answer to a request that cannot be read to its end."""
    status, code, sentence = _ANSWERS[type(error)]
    return failure(status, code, sentence.format(error))
