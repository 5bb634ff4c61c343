"""
What the YAML of every PostgreSQL component says about the server.

Facts: components-contrib ``common/authentication/postgresql/metadata.go``; pgx's ``pgconn.ParseConfig``.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from pluggable.about import Authentication
from pluggable.metadata import setting

_PAIR: Final = re.compile(r"\s*(\w+)\s*=\s*('(?:[^'\\]|\\.)*'|(?:[^\s\\']|\\.)*)")
#: What Go's driver reads from a connection string and no server knows.
_OF_THE_DRIVER: Final = re.compile(
    r"pool_\w+|default_query_exec_mode|statement_cache_\w+|description_cache_\w+|connect_timeout|fallback_.*"
)
_FEWEST: Final = 4
_SHORTEST_TIMEOUT: Final = timedelta(seconds=1)

AUTHENTICATION: Final = (
    Authentication(
        title="Connection string",
        description="Authenticate as the user of the connection string, or the one given beside it.",
        properties=("connectionString", "user", "password"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgreSQLSettings:
    """The properties all PostgreSQL components share; those beside the connection string override it."""

    connection_string: str = setting(
        default="",
        aliases=("url",),
        secret=True,
        description="Where the server is, as keyword=value pairs or as a URL. The password may stand in "
        "a file that passfile names, which is read for each new connection.",
        example="host=localhost user=postgres password=secret port=5432 database=dapr",
    )
    host: str = setting(default="", description="The server's host.", example="localhost")
    hostaddr: str = setting(default="", description="The server's address, which wins over the host.")
    port: str = setting(default="", description="The server's port.", example="5432")
    database: str = setting(default="", description="The database.", example="dapr")
    user: str = setting(default="", description="The user.", example="postgres")
    password: str = setting(default="", secret=True, description="The user's password.")
    ssl_root_cert: str = setting(
        default="", description="The file with the certificates of the authorities that are trusted."
    )
    connection_max_idle_time: timedelta = setting(  # noqa: RUF009  frozen
        default=timedelta(),
        aliases=("connMaxIdleTime",),
        description="How long a connection may stay unused before it is closed; 0 for 30 minutes.",
    )
    max_conns: int = setting(
        default=0, description="How many connections there are at most; 1 or less for 4, or one a core."
    )
    query_exec_mode: Literal[
        "", "cache_statement", "cache_describe", "describe_exec", "exec", "simple_protocol"
    ] = setting(
        default="",
        description="Whether statements are prepared once; all but cache_statement prepare none.",
    )
    use_azure_ad: bool = setting(
        default=False, name="useAzureAD", description="Not supported here, and refused."
    )
    use_aws_iam: bool = setting(
        default=False, name="useAWSIAM", description="Not supported here, and refused."
    )

    def __post_init__(self) -> None:
        faults = []
        try:
            if not self.keywords:
                faults.append("connectionString is missing, and so are host, user and the others beside it")
        except ValueError as error:
            faults.append(str(error))
        if self.use_azure_ad or self.use_aws_iam:
            faults.append("useAzureAD and useAWSIAM are not supported here; use user and password")
        if faults:
            raise ValueError("; ".join(faults))

    @property
    def keywords(self) -> dict[str, str]:
        """
        What the connection string and what stands beside it say, by libpq's keywords.

        Raises:
            ValueError: the connection string has neither of the two forms.
        """
        found = _keywords(self.connection_string)
        beside = {
            "host": self.hostaddr or found.pop("hostaddr", "") or self.host,
            "port": self.port,
            "database": self.database,
            "user": self.user,
            "password": self.password,
            "sslrootcert": self.ssl_root_cert,
        }
        return {**found, **{name: value for name, value in beside.items() if value}}

    @property
    def url(self) -> str:
        """The URL for the driver: everything is in its query."""
        kept = {name: value for name, value in self.keywords.items() if not _OF_THE_DRIVER.fullmatch(name)}
        return f"postgresql://?{urlencode(kept)}"

    @property
    def address(self) -> str:
        """The server and its database, for messages."""
        found = self.keywords
        place = f"{found.get('host', 'localhost')}:{found.get('port', '5432')}"
        return f"{place}/{found.get('database') or found.get('user') or ''}"

    @property
    def connections(self) -> int:
        """How many there are at most."""
        return self.max_conns if self.max_conns > 1 else max(_FEWEST, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgreSQLTimedSettings(PostgreSQLSettings):
    """The properties of ``bindings.postgresql``."""

    timeout: timedelta = setting(  # noqa: RUF009  frozen
        default=timedelta(seconds=20),
        aliases=("timeoutInSeconds",),
        description="How long an operation may take.",
    )

    def __post_init__(self) -> None:
        PostgreSQLSettings.__post_init__(self)
        if self.timeout < _SHORTEST_TIMEOUT:
            raise ValueError(f"timeout is {self.timeout.total_seconds():g} s, wanted 1 s or more")


def _keywords(text: str) -> dict[str, str]:
    is_url = text.startswith(("postgres://", "postgresql://"))
    found = _of_url(text) if is_url else _of_pairs(text)
    if "dbname" in found:
        found["database"] = found.pop("dbname")
    return found


def _of_url(text: str) -> dict[str, str]:
    parts = urlsplit(text)
    try:
        port = str(parts.port or "")
    except ValueError:
        raise ValueError("connectionString is a URL whose port is not a number") from None
    found = {
        "host": unquote(parts.hostname or ""),
        "port": port,
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "database": unquote(parts.path.lstrip("/")),
        **dict(parse_qsl(parts.query)),
    }
    return {name: value for name, value in found.items() if value}


def _of_pairs(text: str) -> dict[str, str]:
    found, place = {}, 0
    text = text.strip()
    while place < len(text):
        if (pair := _PAIR.match(text, place)) is None:
            raise ValueError("connectionString is neither a URL nor pairs such as host=localhost")
        found[pair[1].lower()] = re.sub(r"\\(.)", r"\1", pair[2].strip("'"))
        place = pair.end()
    return found
