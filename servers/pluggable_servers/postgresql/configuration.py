"""
Settings in a table of PostgreSQL, the one daprd uses; a trigger on it tells of changes.

Facts: components-contrib ``configuration/postgres``. The columns are taken in their order: key, value,
version, metadata. Unlike there, a setting that is removed is told as gone,
and a lost connection is made anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pluggable import About
from pluggable.configuration import ConfigurationStore, GetRequest, Item, Notify, SubscribeRequest
from pluggable.errors import ComponentError, InitError, InvalidRequestError
from pluggable.metadata import Metadata, setting

from .connection import PostgreSQLConnection
from .settings import AUTHENTICATION, PostgreSQLTimedSettings
from .watching import PostgreSQLWatch

#: A key of a subscription's metadata, in any case.
_CHANNEL: Final = "pgnotifychannel"
_TABLE: Final = re.compile(r"([a-z_][a-z0-9_]{0,62}\.)?[a-z_][a-z0-9_]{0,62}")
_CHANNEL_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_NAME_WANTED: Final = "wanted small letters, digits and underscores, 63 at most"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgreSQLConfigurationSettings(PostgreSQLTimedSettings):
    """The properties of ``configuration.postgresql``."""

    config_table: str = setting(
        name="table",
        description="The table of the settings: key, value, version, metadata. It has to be there.",
        example="config",
    )
    notify_channel: str = setting(
        default="",
        aliases=("pgNotifyChannel",),
        description="The channel that the table's trigger tells of changes on; else a subscription names it.",
        example="config",
    )

    def __post_init__(self) -> None:
        PostgreSQLTimedSettings.__post_init__(self)
        faults = []
        if not _TABLE.fullmatch(self.config_table):
            faults.append(
                f'table is "{self.config_table}", {_NAME_WANTED}, perhaps behind a schema and a dot'
            )
        if self.notify_channel and not _CHANNEL_NAME.fullmatch(self.notify_channel):
            faults.append(f'notifyChannel is "{self.notify_channel}", {_NAME_WANTED}')
        if faults:
            raise ValueError("; ".join(faults))


class PostgreSQLConfigurationStore(ConfigurationStore):
    """Settings that other programs write into a table; its trigger tells who listens."""

    about = About(
        settings=PostgreSQLConfigurationSettings,
        title="PostgreSQL",
        description="Settings in one table of PostgreSQL, the one of daprd's configuration.postgresql.",
        url="https://docs.dapr.io/reference/components-reference/supported-configuration-stores/postgresql-configuration-store/",
        authentication=AUTHENTICATION,
    )

    def __init__(self) -> None:
        self._opened: PostgreSQLConnection | None = None
        self._settings: PostgreSQLConfigurationSettings
        self._name = ""

    async def init(self, metadata: Metadata) -> None:
        settings = metadata.parse(PostgreSQLConfigurationSettings)
        opened = await PostgreSQLConnection.open(settings, timeout=settings.timeout.total_seconds())
        try:
            await _see(opened, settings.config_table)
        except BaseException:
            await opened.close()
            raise
        self._settings, self._name, self._opened = settings, metadata.name, opened

    async def close(self) -> None:
        if self._opened is not None:
            await self._opened.close()

    async def ping(self) -> None:
        async with self._server.acquired() as connection:
            await connection.fetchval("SELECT 1")

    async def get(self, request: GetRequest) -> Mapping[str, Item]:
        keys = list(request.keys)
        table = self._settings.config_table
        async with self._server.acquired() as connection:
            if keys:
                rows = await connection.fetch(f"SELECT * FROM {table} WHERE key = ANY($1::text[])", keys)
            else:
                rows = await connection.fetch(f"SELECT * FROM {table}")
        return newest(rows, table)

    async def subscribe(self, request: SubscribeRequest, notify: Notify) -> None:
        keys = tuple(dict.fromkeys(request.keys))
        channel = self._settings.notify_channel or _asked(request.metadata)
        if not channel:
            raise InvalidRequestError(
                f'unable to subscribe to "{self._settings.config_table}": notifyChannel must be set in the '
                "component's metadata, or pgNotifyChannel in that of the request"
            )
        if not _CHANNEL_NAME.fullmatch(channel):
            raise InvalidRequestError(f'pgNotifyChannel is "{channel}", {_NAME_WANTED}')
        watch = PostgreSQLWatch(
            self._settings, channel, store=self, keys=keys, notify=notify, name=self._name
        )
        await watch.run()

    @property
    def _server(self) -> PostgreSQLConnection:
        if self._opened is None:
            raise InitError("configuration.postgresql was not initialised: await init first")
        return self._opened


async def _see(opened: PostgreSQLConnection, table: str) -> None:
    async with opened.acquired() as connection:
        if await connection.fetchval("SELECT to_regclass($1)", table) is None:
            raise InitError(
                f"postgresql {opened.address}: configuration table '{table}' does not exist; "
                "make it with the columns key, value, version, metadata"
            )


def newest(rows: Iterable[Sequence[Any]], table: str) -> dict[str, Item]:
    """Return an item for each key: of several rows the one whose version is the highest number."""
    items: dict[str, Item] = {}
    numbers: dict[str, int] = {}
    for row in rows:
        if len(row) < 4:
            raise ComponentError(
                f'table "{table}" has {len(row)} columns, wanted key, value, version, metadata'
            )
        key, value, version, metadata = row[0], row[1], row[2], row[3]
        number = _number(version)
        if key not in items or number > numbers[key]:
            items[key] = Item(value=value, version=version or None, metadata=_metadata(metadata))
            numbers[key] = number
    return items


def _number(version: str | None) -> int:
    try:
        return int(version or "")
    except ValueError:
        return -1


def _metadata(stored: str | None) -> dict[str, str]:
    found = json.loads(stored) if stored else None
    if not isinstance(found, dict):
        return {}
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in found.items()}


def _asked(metadata: Mapping[str, str]) -> str:
    return next((value for name, value in metadata.items() if name.lower() == _CHANNEL), "")
