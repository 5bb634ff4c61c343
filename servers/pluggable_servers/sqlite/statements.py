"""
The statements a store lives on, compiled once into text that the driver runs.

Facts: components-contrib ``state/sqlite/sqlite_dbaccess.go``. Times are written to the millisecond,
where daprd writes whole seconds: both read either, and a value with one second to live has it.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from .operations import Statements
from .schema import DIALECT, Schema

_FORM: Final = "%Y-%m-%d %H:%M:%f"
_NOW: Final[sa.ColumnElement[str]] = sa.literal_column(f"strftime('{_FORM}', 'now')")


def compiled(schema: Schema) -> Statements:
    """Return the statements for these tables."""
    table = schema.state
    live = sa.or_(table.c.expiration_time.is_(None), table.c.expiration_time > _NOW)
    this_key = table.c.key == sa.bindparam("key")
    same_etag = table.c.etag == sa.bindparam("expected")
    found = sa.select(table.c.value, table.c.is_binary, table.c.etag, table.c.expiration_time)
    row = _row(table)
    changed = {name: row.excluded[name] for name in _values()}
    put = row.on_conflict_do_update(index_elements=["key"], set_=changed)
    put_first = row.on_conflict_do_update(index_elements=["key"], set_=changed, where=sa.not_(live))
    put_matching = sa.update(table).where(this_key, same_etag, live).values(_values())
    texts: dict[str, sa.ClauseElement] = {
        "get": found.where(this_key, live),
        "put": put,
        "put_first": put_first,
        "put_matching": put_matching,
        "remove": sa.delete(table).where(this_key),
        "remove_matching": sa.delete(table).where(this_key, same_etag),
        "claim_cleanup": _claim(schema.metadata),
        "clean_up": sa.delete(table).where(table.c.expiration_time < _NOW),
    }
    return Statements(**{name: str(text.compile(dialect=DIALECT)) for name, text in texts.items()})


def _values() -> dict[str, sa.ColumnElement[Any]]:
    form: sa.ColumnElement[str] = sa.literal_column(f"'{_FORM}'")
    now: sa.ColumnElement[str] = sa.literal_column("'now'")
    return {
        "value": sa.bindparam("value"),
        "is_binary": sa.bindparam("is_binary"),
        "etag": sa.bindparam("etag"),
        # A life of NULL makes it NULL: a write without one clears the last.
        "expiration_time": sa.func.strftime(form, now, sa.bindparam("life")),
        "update_time": sa.literal_column("CURRENT_TIMESTAMP"),
    }


def _row(table: sa.Table) -> sqlite.Insert:
    return sqlite.insert(table).values({"key": sa.bindparam("key"), **_values()})


def _claim(metadata: sa.Table) -> sqlite.Insert:
    """Note the time of this cleanup, unless the last is too recent."""
    now: sa.ColumnElement[str] = sa.literal_column("CURRENT_TIMESTAMP")
    row = sqlite.insert(metadata).values(key=sa.bindparam("key"), value=now)
    passed = (sa.func.julianday(_NOW) - sa.func.julianday(metadata.c.value)) * sa.literal_column("86400.0")
    return row.on_conflict_do_update(
        index_elements=["key"], set_={"value": now}, where=passed >= sa.bindparam("seconds")
    )
