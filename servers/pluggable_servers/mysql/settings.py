"""
What the YAML of MySQL's components says, and what a connection string of Go's driver means.

Facts: components-contrib ``state/mysql/mysql.go``; go-sql-driver's ``dsn.go``.
"""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

from pluggable.about import Authentication
from pluggable.metadata import setting

_NAME: Final = re.compile(r"[A-Za-z0-9_]+")
_DSN: Final = re.compile(
    r"(?:(?P<user>[^:@/]*)(?::(?P<password>.*))?@)?"
    r"(?:(?P<net>[a-z0-9]*)(?:\((?P<address>[^)]*)\))?)?/(?P<database>[^?/]*)(?:\?(?P<query>.*))?",
    re.DOTALL,
)
_PORT: Final = 3306
_TIMEOUT: Final = 20
_UNVERIFIED: Final = ("skip-verify", "preferred")

AUTHENTICATION: Final = (
    Authentication(
        title="Connection string",
        description="Authenticate as the user of the connection string.",
        properties=("connectionString",),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DSN:
    """A connection string of Go's driver, and the certificates that are trusted where it says tls=custom."""

    text: str = field(repr=False)
    pem_path: str = ""

    @property
    def is_readable(self) -> bool:
        """Whether it has the form of one."""
        return _DSN.fullmatch(self.text) is not None

    @property
    def address(self) -> str:
        """The server, for messages."""
        return self._parts()["address"] or "localhost"

    @property
    def database(self) -> str:
        """The schema that it names, if any."""
        return self._parts()["database"] or ""

    def options(self) -> dict[str, Any]:
        """
        Return what the driver connects by.

        Raises:
            OSError: the certificates cannot be read.
        """
        found = self._parts()
        options: dict[str, Any] = {"user": found["user"] or "", "password": found["password"] or ""}
        if found["net"] == "unix":
            return {**options, "unix_socket": found["address"]}
        host, colon, port = (found["address"] or "127.0.0.1").rpartition(":")
        options["host"] = (host if colon else port).strip("[]") or "127.0.0.1"
        options["port"] = int(port) if colon and port.isdecimal() else _PORT
        if (context := self._tls(dict(parse_qsl(found["query"] or "")).get("tls", ""))) is not None:
            options["ssl"] = context
        return options

    def _tls(self, wanted: str) -> ssl.SSLContext | None:
        if wanted in ("", "false", "0", "preferred"):
            return None
        context = ssl.create_default_context(cafile=self.pem_path or None)
        if wanted in _UNVERIFIED:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def _parts(self) -> dict[str, Any]:
        found = _DSN.fullmatch(self.text)
        assert found is not None  # seen when it was made
        return found.groupdict()


@dataclass(frozen=True, slots=True, kw_only=True)
class MySQLSettings:
    """The properties of ``state.mysql``."""

    connection_string: str = setting(
        secret=True,
        description="Where the server is, as Go's driver has it; the schema is named by schemaName.",
        example="user:password@tcp(localhost:3306)/",
    )
    schema_name: str = setting(
        default="dapr_state_store", description="The schema, made where it is missing."
    )
    table_name: str = setting(default="state", description="The table of keys and values.")
    metadata_table_name: str = setting(
        default="dapr_metadata", description="The table that says when expired rows were removed."
    )
    timeout_in_seconds: int = setting(
        default=_TIMEOUT, description="How long an operation may take; 0 or less for 20."
    )
    pem_path: str = setting(
        default="",
        description="The file with the certificates that are trusted, where the string says tls=custom.",
    )
    cleanup_interval: timedelta = setting(  # noqa: RUF009  frozen
        default=timedelta(hours=1), description="How often to remove expired rows; 0 for never."
    )

    def __post_init__(self) -> None:
        faults = [
            f'{name} is "{value}", wanted letters, digits and underscores'
            for name, value in (
                ("schemaName", self.schema_name),
                ("tableName", self.table_name),
                ("metadataTableName", self.metadata_table_name),
            )
            if not _NAME.fullmatch(value)
        ]
        if not self.dsn.is_readable:
            faults.append("connectionString is not of the form user:password@tcp(host:3306)/")
        if faults:
            raise ValueError("; ".join(faults))

    @property
    def timeout(self) -> float:
        """How long an operation may take, in seconds."""
        return float(self.timeout_in_seconds if self.timeout_in_seconds > 0 else _TIMEOUT)

    @property
    def address(self) -> str:
        """The server and the schema, for messages."""
        return f"{self.dsn.address}/{self.schema_name}"

    @property
    def dsn(self) -> DSN:
        """What says how to connect."""
        return DSN(text=self.connection_string, pem_path=self.pem_path)


@dataclass(frozen=True, slots=True, kw_only=True)
class MySQLBindingSettings:
    """The properties of ``bindings.mysql``."""

    url: str = setting(
        secret=True,
        description="Where the server is, as Go's driver has it.",
        example="user:password@tcp(localhost:3306)/orders",
    )
    pem_path: str = setting(
        default="",
        description="The file with the certificates that are trusted, where the url says tls=custom.",
    )
    max_open_conns: int = setting(
        default=0, description="How many connections there are at most; 0 or less for 8, or one a core."
    )
    max_idle_conns: int = setting(default=0, description="Read, without effect: those that idle stay.")
    conn_max_lifetime: timedelta = setting(  # noqa: RUF009  frozen
        default=timedelta(), description="Read, without effect: a connection lives until it is lost."
    )
    conn_max_idle_time: timedelta = setting(  # noqa: RUF009  frozen
        default=timedelta(),
        description="How long a connection may stay unused before it is made anew; 0 for an hour.",
    )

    def __post_init__(self) -> None:
        if not self.url:
            raise ValueError("missing MySql connection string: url is empty")
        if not self.dsn.is_readable:
            raise ValueError("url is not of the form user:password@tcp(host:3306)/schema")

    @property
    def dsn(self) -> DSN:
        """What says how to connect."""
        return DSN(text=self.url, pem_path=self.pem_path)
