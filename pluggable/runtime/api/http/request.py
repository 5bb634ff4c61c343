"""A request and its response, between the server that speaks HTTP and the handlers that do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from ...._wire.details import TYPE_PREFIX
from ....metadata import NO_METADATA
from ...bodies import Pieces
from ...errors import BindingError, BlockError
from ...telemetry import ErrorCodes
from ..details import Detail, ErrorInfo, FieldViolation, HelpLink, ResourceInfo
from ..errors import category, http_answer
from ..jsontext import dump

JSON = "application/json"
METADATA_PREFIX = "metadata."
_TYPES = f"{TYPE_PREFIX}google.rpc."


@dataclass(slots=True)
class Request:
    """One request, read to its end unless its route takes the body as a stream."""

    method: str
    path: str
    """As sent, still escaped, without the query."""
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    """By name in lower case; of a repeated one all values, joined by a comma."""
    body: bytes = b""
    stream: Pieces | None = None
    """The body where it comes in pieces, as a route may ask for; it need not be read to its end."""

    def parameters(self) -> Mapping[str, str]:
        """Return the query's parameters; of a repeated one the first."""
        if not self.query:
            return NO_METADATA
        found: dict[str, str] = {}
        for name, value in parse_qsl(self.query, keep_blank_values=True):
            found.setdefault(name, value)
        return found

    def metadata(self) -> Mapping[str, str]:
        """Return the parameters that are metadata, without their prefix."""
        if METADATA_PREFIX not in self.query:
            return NO_METADATA
        return {
            name[len(METADATA_PREFIX) :]: value
            for name, value in self.parameters().items()
            if name.startswith(METADATA_PREFIX)
        }


@dataclass(frozen=True, slots=True)
class Response:
    """An answer; a body of which nothing else is said is JSON, with an empty type nothing is said of it."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: Sequence[tuple[str, str]] = ()
    pieces: Pieces | None = None
    """The body where it is sent as it comes; it is closed when it is sent, or nobody takes it any more."""


NO_CONTENT = Response(204)


def metadata_headers(metadata: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the headers that carry metadata in a response."""
    return [(METADATA_PREFIX + name, value) for name, value in metadata.items()]


def failure(status: int, code: str, message: str, headers: Sequence[tuple[str, str]] = ()) -> Response:
    """Return an error as Dapr words it, with no details."""
    return Response(status, dump({"errorCode": code, "message": message}), headers=headers)


def refusal(error: BlockError, counted: ErrorCodes | None = None) -> Response:
    """
    Return the answer for an error of the blocks, by the one table, and count it.

    What a binding answered beside its error becomes headers.
    """
    answer = http_answer(error)
    if counted is not None:
        counted.add(answer.code, category(error))
    body: dict[str, object] = {"errorCode": answer.code, "message": answer.message}
    if answer.details:
        body["details"] = [_detail(detail) for detail in answer.details]
    headers = metadata_headers(error.metadata) if isinstance(error, BindingError) else ()
    return Response(answer.status, dump(body), headers=headers)


def _detail(detail: Detail) -> dict[str, object]:
    match detail:
        case ErrorInfo():
            return {
                "@type": f"{_TYPES}ErrorInfo",
                "domain": detail.domain,
                "metadata": None if detail.metadata is None else dict(detail.metadata),
                "reason": detail.reason,
            }
        case ResourceInfo():
            told = {"@type": f"{_TYPES}ResourceInfo"}
            if detail.description:
                told["description"] = detail.description
            return {**told, "resource_name": detail.name, "resource_type": detail.type}
        case FieldViolation():
            violation = {"description": detail.description, "field": detail.field}
            return {"@type": f"{_TYPES}BadRequest", "field_violations": [violation]}
        case HelpLink():
            link = {"description": detail.description, "url": detail.url}
            return {"@type": f"{_TYPES}Help", "links": [link]}
