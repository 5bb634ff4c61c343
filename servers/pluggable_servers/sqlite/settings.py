"""
What the YAML of a SQLite component says, and which database its connection string means.

Facts: components-contrib ``common/authentication/sqlite/metadata.go``, ``state/sqlite``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import parse_qsl, unquote, urlencode

from pluggable.metadata import setting

_NAME: Final = re.compile(r"[A-Za-z0-9_]+")
_PRAGMA: Final = re.compile(r"([A-Za-z_]+)(?:\((.*)\)|=(.*))?")
_SHORTEST_TIMEOUT: Final = timedelta(seconds=1)
#: Pragmas that have a setting of their own.
_SETTINGS_OF_PRAGMAS: Final = {"busy_timeout": "busyTimeout", "journal_mode": "disableWAL"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SQLiteSettings:
    """The properties of ``state.sqlite``."""

    connection_string: str = setting(
        aliases=("url",),
        description="The path of the database's file, or a URI that starts with file:.",
        example="data.db",
    )
    timeout: timedelta = setting(  # noqa: RUF009  frozen
        default=timedelta(seconds=20),
        aliases=("timeoutInSeconds",),
        description="How long an operation may take.",
    )
    busy_timeout: timedelta = setting(  # noqa: RUF009  frozen
        default=timedelta(seconds=2), description="How long to wait for another process's lock."
    )
    disable_wal: bool = setting(
        default=False,
        name="disableWAL",
        description="Journals in mode DELETE instead of WAL, as network drives need.",
    )
    table_name: str = setting(default="state", description="The table of keys and values.")
    metadata_table_name: str = setting(default="metadata", description="The table with the schema's version.")
    cleanup_interval: timedelta = setting(  # noqa: RUF009  frozen
        default=timedelta(),
        aliases=("cleanupIntervalInSeconds",),
        description="How often to remove expired rows; 0 for never.",
    )

    def __post_init__(self) -> None:
        faults = [
            f'{name} is "{value}", wanted letters, digits and underscores'
            for name, value in (
                ("tableName", self.table_name),
                ("metadataTableName", self.metadata_table_name),
            )
            if not _NAME.fullmatch(value)
        ]
        if self.table_name == self.metadata_table_name:
            faults.append(f'tableName and metadataTableName are both "{self.table_name}", wanted two tables')
        if self.timeout < _SHORTEST_TIMEOUT:
            faults.append(f"timeout is {self.timeout.total_seconds():g} s, wanted 1 s or more")
        if faults:
            raise ValueError("; ".join(faults))


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A database as SQLite is told of it."""

    uri: str
    path: str
    """The file, for messages."""
    in_memory: bool
    read_only: bool
    pragmas: tuple[tuple[str, str], ...] = ()


def location(connection_string: str) -> Location:
    """
    Return what a connection string means; what Go's driver reads (``_pragma``, ``_txlock``) is taken out.

    Every transaction begins immediate, so ``_txlock`` has nothing to say.

    Raises:
        ValueError: it sets what has a property of its own.
    """
    text = connection_string if connection_string.lower().startswith("file:") else f"file:{connection_string}"
    address, _, query = text.partition("?")
    given = parse_qsl(query, keep_blank_values=True)
    kept = [(key, value) for key, value in given if not key.startswith("_")]
    path = unquote(address[len("file:") :])
    in_memory = path.lower() == ":memory:" or ("mode", "memory") in kept
    if path.lower() == ":memory:":
        # Private to the component: with a shared cache two components in one process would share their keys.
        kept = [(key, value) for key, value in kept if key != "cache"]
    return Location(
        uri=address + (f"?{urlencode(kept)}" if kept else ""),
        path=path.removeprefix("//") if path.startswith("///") else path,
        in_memory=in_memory,
        read_only=("mode", "ro") in kept or ("immutable", "1") in kept,
        pragmas=tuple(_pragma(value) for key, value in given if key == "_pragma"),
    )


def _pragma(text: str) -> tuple[str, str]:
    found = _PRAGMA.fullmatch(text.strip())
    if found is None:
        raise ValueError(f'connectionString has _pragma "{text}", wanted a form such as cache_size(-2000)')
    name = found[1].lower()
    if (property_name := _SETTINGS_OF_PRAGMAS.get(name)) is not None:
        raise ValueError(f"connectionString sets the pragma {name}; use the property {property_name} instead")
    if name == "foreign_keys":
        raise ValueError("connectionString sets the pragma foreign_keys, which has no use here")
    value = found[2] if found[2] is not None else found[3] or ""
    if not re.fullmatch(r"[\w.-]*", value):
        raise ValueError(f'connectionString sets the pragma {name} to "{value}", wanted a number or a word')
    return name, value
