from __future__ import annotations

import asyncio

import pytest

from pluggable import InitError, StateStore, UnavailableError
from pluggable.state import GetRequest, SetRequest
from pluggable_servers.mysql.state import MySQLStateStore
from pluggable_servers.postgresql.state import PostgreSQLStateStore, PostgreSQLStateStoreV2
from tests.backends.mariadb import PASSWORD, MariaDB
from tests.backends.postgresql import PostgreSQL
from tests.backends.server import AWAY_SECONDS
from tests.servers.running import state_store

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("postgresql")]


async def is_lost_and_comes_back(store: StateStore, server: PostgreSQL | MariaDB) -> None:
    await store.set(SetRequest(key="k", value=b"1"))
    with server.away(), pytest.raises(UnavailableError, match=str(server.port)):
        await store.get(GetRequest(key="k"))

    found = await store.get(GetRequest(key="k"))

    assert found is not None
    assert found.data == b"1"
    await store.set(SetRequest(key="k", value=b"2", etag=found.etag))


@pytest.mark.parametrize("kind", [PostgreSQLStateStore, PostgreSQLStateStoreV2])
async def test_postgresql_that_was_away_is_used_again(kind: type[StateStore]) -> None:
    with PostgreSQL.running() as server:
        async with state_store(kind, {"connectionString": server.url()}) as store:
            await is_lost_and_comes_back(store, server)


async def test_mysql_that_was_away_is_used_again() -> None:
    with MariaDB.running() as server:
        async with state_store(MySQLStateStore, {"connectionString": server.dsn()}) as store:
            await is_lost_and_comes_back(store, server)


async def is_lost_for_long_and_comes_back(store: StateStore, server: PostgreSQL | MariaDB) -> None:
    await store.set(SetRequest(key="k", value=b"1"))
    with server.away():
        end = asyncio.get_running_loop().time() + AWAY_SECONDS
        while asyncio.get_running_loop().time() < end:
            with pytest.raises(UnavailableError, match=str(server.port)):
                await store.get(GetRequest(key="k"))
            with pytest.raises(UnavailableError, match=str(server.port)):
                await store.set(SetRequest(key="k", value=b"lost"))
            await asyncio.sleep(1)

    await asyncio.gather(*(store.set(SetRequest(key=f"k{n}", value=b"2")) for n in range(64)))
    found = await store.get(GetRequest(key="k"))
    assert found is not None
    assert found.data == b"1"


async def test_postgresql_that_stayed_away_is_used_again() -> None:
    with PostgreSQL.running() as server:
        properties = {"connectionString": server.url()}
        async with state_store(PostgreSQLStateStore, properties, "over a socket") as store:
            await is_lost_for_long_and_comes_back(store, server)


async def test_mysql_that_stayed_away_is_used_again() -> None:
    with MariaDB.running() as server:
        properties = {"connectionString": server.dsn()}
        async with state_store(MySQLStateStore, properties, "over a socket") as store:
            await is_lost_for_long_and_comes_back(store, server)


async def test_password_is_in_no_error() -> None:
    with MariaDB.running() as server:
        wrong = server.dsn().replace(PASSWORD, "other-secret")
        with pytest.raises(InitError, match="check the user and the password") as caught:
            async with state_store(MySQLStateStore, {"connectionString": wrong}):
                pass
    assert "other-secret" not in str(caught.value)
    with pytest.raises(InitError, match=r"127\.0\.0\.1:1") as caught:
        async with state_store(
            PostgreSQLStateStore, {"connectionString": "postgres://me:other-secret@127.0.0.1:1/db"}
        ):
            pass
    assert "other-secret" not in str(caught.value)
