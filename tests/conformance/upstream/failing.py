"""A store that fails as its keys say, for errors_test.go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pluggable import (
    ComponentError,
    CustomError,
    DeniedError,
    ETagInvalidError,
    ETagMismatchError,
    InvalidRequestError,
    LimitExceededError,
    Metadata,
    NotFoundError,
    StateStore,
    TimedOutError,
    UnavailableError,
    UnsupportedError,
)
from pluggable.errors import RowMismatchError
from pluggable.state import DeleteRequest, ETagged, GetRequest, GetResponse, SetRequest
from pluggable.transport import Code

FAILURES: Mapping[str, Exception] = {
    "mismatch": ETagMismatchError("is at 2, not 1"),
    "invalid-etag": ETagInvalidError("no number"),
    "custom": CustomError(
        "short and stout", code=Code.ABORTED, http_status=418, error_code="ERR_TEAPOT", reason="TEAPOT"
    ),
    "invalid": InvalidRequestError("no such option"),
    "missing": NotFoundError("no such table"),
    "unsupported": UnsupportedError("not here"),
    "denied": DeniedError("no entry"),
    "limit": LimitExceededError("too large"),
    "unavailable": UnavailableError("the backend is away"),
    "late": TimedOutError("no answer within 5 s"),
    "bug": RuntimeError("password=s3cret"),
}


class FailingStore(StateStore, ETagged):
    """Keeps nothing."""

    async def init(self, metadata: Metadata) -> None: ...

    async def get(self, request: GetRequest) -> GetResponse | None:
        self._fail(request.key)
        return None

    async def set(self, request: SetRequest) -> None:
        self._fail(request.key)

    async def delete(self, request: DeleteRequest) -> None:
        self._fail(request.key)

    async def bulk_delete(self, requests: Sequence[DeleteRequest], *, parallelism: int = 0) -> None:
        if requests[0].key == "rows":
            raise RowMismatchError(expected=len(requests), affected=1)
        await super().bulk_delete(requests, parallelism=parallelism)

    def _fail(self, key: str) -> None:
        if failure := FAILURES.get(key):
            raise failure if isinstance(failure, ComponentError) else RuntimeError(str(failure))
