"""A password in a file, which is read for each connection."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pluggable import StateStore
from pluggable.errors import DeniedError, UnavailableError
from pluggable.state import GetRequest, GetResponse, SetRequest
from pluggable_servers.postgresql.state import PostgreSQLStateStore
from tests.backends.postgresql import PostgreSQL
from tests.servers.guarded.backends import ask_for_password
from tests.servers.running import state_store

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("postgresql")]

CUT = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'shop'"


async def test_password_file_that_changes_is_picked_up(tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    passwords.touch(mode=0o600)
    passwords.write_text("*:*:*:shop:first-secret\n")
    with PostgreSQL.running() as server:
        ask_for_password(server.url(), "first-secret")
        pairs = f"host=127.0.0.1 port={server.port} user=shop dbname=postgres passfile={passwords}"
        async with state_store(PostgreSQLStateStore, {"connectionString": pairs}, "over a socket") as store:
            await store.set(SetRequest(key="k", value=b"1"))
            server.sql("ALTER ROLE shop PASSWORD 'second-secret'")
            server.sql(CUT)
            with pytest.raises(DeniedError, match="check user and password"):
                await answer(store)
            passwords.write_text("*:*:*:shop:second-secret\n")

            found = await answer(store)

    assert found is not None
    assert found.data == b"1"


async def answer(store: StateStore) -> GetResponse | None:
    """Ask until the loss of the connections is over with."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await store.get(GetRequest(key="k"))
            except UnavailableError:
                continue
