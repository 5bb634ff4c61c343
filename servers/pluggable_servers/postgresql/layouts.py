"""
The two layouts of the table that daprd knows, v1 and v2: their statements and what a row means.

Facts: components-contrib ``common/component/postgresql/v1``, ``state/postgresql``.
"""

from __future__ import annotations

import re
import uuid
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pluggable.errors import ComponentError, ETagInvalidError
from pluggable.state import GetResponse, SetRequest

from .. import ttl
from ..sql.values import Found, decoded, encoded, mismatch

_HIGHEST_XMIN: Final = 2**32 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Where a store keeps what, in the metadata table and beside it."""

    table: str
    metadata_table: str
    level: str = "migrations"
    last_cleanup: str = "last-cleanup"


class Layout(ABC):
    """Statements on one table; the parameters are in the order that their docstrings give."""

    #: The columns that a write fills, their places, and what an upsert does with them.
    columns: str
    places: str
    updates: str
    reads: str
    expiry: str
    etag: str

    def __init__(self, names: Names) -> None:
        table, live = names.table, f"(t.{self.expiry} IS NULL OR t.{self.expiry} >= now())"
        self.names = names
        self.get = f"SELECT {self.reads} FROM {table} AS t WHERE t.key = ANY($1::text[]) AND {live}"
        """keys."""
        self.put = (
            f"INSERT INTO {table} AS t ({self.columns}) VALUES ({self.places}) "
            f"ON CONFLICT (key) DO UPDATE SET {self.updates}"
        )
        """key, seconds to live or NULL, and the value's columns."""
        self.put_first = f"{self.put} WHERE t.{self.expiry} IS NOT NULL AND t.{self.expiry} < now()"
        """The same; no row where a live one is stored."""
        self.put_matching = self._put_matching(table, live)
        """The same with the ETag after them."""
        self.remove = f"DELETE FROM {table} WHERE key = $1"
        """key."""
        self.remove_matching = f"DELETE FROM {table} WHERE key = $1 AND {self.etag.format('$2')}"
        """key, ETag."""
        self.clean_up = f"DELETE FROM {table} WHERE {self.expiry} IS NOT NULL AND {self.expiry} < now()"
        self.claim_cleanup = (
            f"INSERT INTO {names.metadata_table} AS m (key, value) VALUES ($1, now()::text) "
            "ON CONFLICT (key) DO UPDATE SET value = now()::text "
            "WHERE extract(epoch FROM now() - m.value::timestamptz) > $2::float8"
        )
        """The row's key, seconds: no row if another process cleaned up within so many."""

    @abstractmethod
    def _put_matching(self, table: str, live: str) -> str: ...

    @abstractmethod
    def values(self, request: SetRequest) -> tuple[Any, ...]:
        """Return the columns of a value."""

    @abstractmethod
    def expected(self, key: str, etag: str) -> Any:
        """
        Return an ETag as the statements take it.

        Raises:
            ETagInvalidError: it is none of this layout.
            ETagMismatchError: no row can have it.
        """

    @abstractmethod
    def found(self, row: Any) -> Found:
        """Return the value of a row that ``get`` gave."""


class First(Layout):
    """Values in a column of JSON; the ETag is the number of the transaction that wrote the row."""

    expiry = "expiredate"
    reads = "t.key, t.value::text, t.isbinary, t.xmin::text, t.expiredate"
    columns = "key, value, isbinary, expiredate"
    places = "$1, $3::text::jsonb, $4, now() + make_interval(secs => $2::int)"
    updates = (
        "value = excluded.value, isbinary = excluded.isbinary, updatedate = now(), "
        "expiredate = excluded.expiredate"
    )
    etag = "xmin = {}::text::xid"

    def _put_matching(self, table: str, live: str) -> str:
        return (
            f"UPDATE {table} AS t SET value = $3::text::jsonb, isbinary = $4, updatedate = now(), "
            f"expiredate = now() + make_interval(secs => $2::int) "
            f"WHERE t.key = $1 AND t.xmin = $5::text::xid AND {live}"
        )

    def values(self, request: SetRequest) -> tuple[Any, ...]:
        return encoded(request)

    def expected(self, key: str, etag: str) -> str:
        if not re.fullmatch(r"[0-9]{1,10}", etag) or int(etag) > _HIGHEST_XMIN:
            raise ETagInvalidError(f'"{etag}" for "{key}", wanted a whole number up to {_HIGHEST_XMIN}')
        return str(int(etag))

    def found(self, row: Any) -> Found:
        key, text, is_binary, etag, expires = row
        data = decoded(key, text, is_binary)
        return data if isinstance(data, ComponentError) else _response(data, etag, expires)


class Second(Layout):
    """Values as the bytes they are; the ETag is a UUID."""

    expiry = "expires_at"
    reads = "t.key, t.value, t.etag::text, t.expires_at"
    columns = "key, value, etag, expires_at"
    places = "$1, $3::bytea, gen_random_uuid(), now() + make_interval(secs => $2::int)"
    updates = (
        "value = excluded.value, updated_at = now(), etag = gen_random_uuid(), "
        "expires_at = excluded.expires_at"
    )
    etag = "etag = {}::uuid"

    def _put_matching(self, table: str, live: str) -> str:
        return (
            f"UPDATE {table} AS t SET value = $3::bytea, updated_at = now(), etag = gen_random_uuid(), "
            f"expires_at = now() + make_interval(secs => $2::int) "
            f"WHERE t.key = $1 AND t.etag = $4::uuid AND {live}"
        )

    def values(self, request: SetRequest) -> tuple[Any, ...]:
        return (request.value,)

    def expected(self, key: str, etag: str) -> uuid.UUID:
        try:
            return uuid.UUID(etag)
        except ValueError as error:
            raise mismatch(key, etag) from error

    def found(self, row: Any) -> Found:
        _, data, etag, expires = row
        return _response(data, etag, expires)


def _response(data: bytes, etag: str, expires: datetime | None) -> GetResponse:
    if expires is None:
        return GetResponse(data=data, etag=etag)
    return GetResponse(data=data, etag=etag, metadata=ttl.shown(expires.astimezone(UTC)))
