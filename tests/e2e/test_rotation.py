"""Databases whose password rotates, behind a sidecar whose Component then names another secret."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.backends.mariadb import MariaDB
from tests.backends.postgresql import PostgreSQL
from tests.e2e.sidecars import component, sidecar
from tests.servers.guarded.backends import ask_for_password

pytestmark = [pytest.mark.slow]

#: Starts a server.
Running = Callable[[], AbstractContextManager["Database"]]

STORE: Final = """\
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {{name: orders}}
spec:
  type: {type}
  version: v1
  metadata:
  - {{name: connectionString, secretKeyRef: {{name: {secret}, key: {secret}}}}}
auth: {{secretStore: vault}}
"""
BODY: Final = b'[{"key": "k", "value": 1}]'


@dataclass(frozen=True, slots=True)
class Database:
    """A server whose user ``shop`` has the first password."""

    server: PostgreSQL | MariaDB
    type: str
    url: str
    """A connection string with a place for the password."""
    rotate: str
    """A statement that gives the user the second password."""
    cut: str
    """A statement that ends the user's connections."""


@contextmanager
def postgresql() -> Iterator[Database]:
    with PostgreSQL.running() as server:
        ask_for_password(server.url(), "first-secret")
        yield Database(
            server,
            "state.postgresql",
            f"postgres://shop:{{}}@127.0.0.1:{server.port}/postgres",
            "ALTER ROLE shop PASSWORD 'second-secret'",
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'shop'",
        )


@contextmanager
def mysql() -> Iterator[Database]:
    with MariaDB.running() as server:
        server.sql("CREATE USER shop@'127.0.0.1' IDENTIFIED BY 'first-secret'")
        server.sql("GRANT ALL ON *.* TO shop@'127.0.0.1'")
        yield Database(
            server,
            "state.mysql",
            f"shop:{{}}@tcp(127.0.0.1:{server.port})/",
            "ALTER USER shop@'127.0.0.1' IDENTIFIED BY 'second-secret'",
            "KILL USER shop@'127.0.0.1'",
        )


@pytest.mark.parametrize(
    "running",
    [
        pytest.param(postgresql, marks=pytest.mark.xdist_group("postgresql")),
        pytest.param(mysql, marks=pytest.mark.xdist_group("mysql")),
    ],
)
async def test_rotated_password_is_picked_up(running: Running, resources: Path, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.json"
    component(resources, "vault", "secretstores.local.file", secretsFile=str(secrets))
    store = resources / "orders.yaml"
    with running() as database:
        urls = {name: database.url.format(f"{name}-secret") for name in ("first", "second")}
        secrets.write_text(json.dumps(urls))
        store.write_text(STORE.format(type=database.type, secret="first"))
        async with sidecar(resources) as found:
            assert (await found.call("POST", "/v1.0/state/orders", BODY)).status == 204
            database.server.sql(database.rotate)
            database.server.sql(database.cut)
            refused = await found.call("POST", "/v1.0/state/orders", BODY)
            while b"check" not in refused.body:  # the loss of the connections is told first
                refused = await found.call("POST", "/v1.0/state/orders", BODY)
            assert refused.status >= 400

            since = len(found.lines)
            store.write_text(STORE.format(type=database.type, secret="second"))
            await found.said("Component loaded: orders", since=since)

            assert (await found.call("POST", "/v1.0/state/orders", BODY)).status == 204
            assert "first-secret" not in found.log() + refused.body.decode()
            assert "second-secret" not in found.log()
