from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from pluggable import ConfigurationStore, InitError, Metadata
from pluggable.configuration import GetRequest, Item, SubscribeRequest
from pluggable.errors import InvalidRequestError, UnavailableError
from pluggable.testing import connected
from pluggable_servers.postgresql.configuration import PostgreSQLConfigurationStore
from tests.backends.postgresql import PostgreSQL, table
from tests.servers.news import News, heard

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("postgresql")]

A = "INSERT INTO config VALUES ('a', '{}', '1', NULL)"


def opened(server: PostgreSQL, database: str, **more: str) -> Any:
    properties = {"connectionString": server.url(database), "table": "config", "notifyChannel": "changes"}
    return connected(PostgreSQLConfigurationStore, {**properties, **more})


@pytest.fixture
def base(postgresql: PostgreSQL, database: str) -> str:
    """A database with a table of settings."""
    postgresql.sql(table("config", "changes"), database)
    return database


@pytest.fixture
async def store(postgresql: PostgreSQL, base: str) -> AsyncIterator[ConfigurationStore]:
    async with opened(postgresql, base) as found:
        yield found


async def test_highest_version_of_a_key_counts(
    store: ConfigurationStore, postgresql: PostgreSQL, base: str
) -> None:
    postgresql.sql(
        "INSERT INTO config VALUES ('a', '1', '2', NULL), ('a', '2', '10', '{\"x\": \"y\"}'), "
        "('a', '3', 'v99', NULL), ('b', '1', '', NULL), ('c-ä', '1', '1.0.0', '{}')",
        base,
    )
    all_of_them = {
        "a": Item(value="2", version="10", metadata={"x": "y"}),
        "b": Item(value="1"),
        "c-ä": Item(value="1", version="1.0.0"),
    }

    assert await store.get(GetRequest()) == all_of_them
    assert await store.get(GetRequest(keys=["a", "missing"])) == {"a": all_of_them["a"]}


async def test_changes_of_the_keys_are_told_in_order(
    store: ConfigurationStore, postgresql: PostgreSQL, base: str
) -> None:
    async with heard(store, "a") as news:
        postgresql.sql(A.format("1"), base)
        postgresql.sql("INSERT INTO config VALUES ('b', '1', '1', NULL)", base)
        postgresql.sql("UPDATE config SET value = '2', version = '2', metadata = '{\"x\": \"y\"}'", base)
        postgresql.sql("DELETE FROM config", base)

        assert await news.next() == {"a": Item(value="1", version="1")}
        assert await news.next() == {"a": Item(value="2", version="2", metadata={"x": "y"})}
        assert await news.next() == {"a": None}
        assert news.told.empty()


async def test_without_keys_all_is_told(store: ConfigurationStore, postgresql: PostgreSQL, base: str) -> None:
    async with heard(store) as news:
        postgresql.sql("INSERT INTO config VALUES ('größe', '1', '', NULL)", base)

        assert await news.next() == {"größe": Item(value="1")}


async def test_channel_may_come_with_the_request(postgresql: PostgreSQL, base: str) -> None:
    async with opened(postgresql, base, notifyChannel="") as store:
        async with heard(store, "a", metadata={"PGNotifyChannel": "changes"}) as news:
            postgresql.sql(A.format("1"), base)
            assert await news.next() == {"a": Item(value="1", version="1")}
        bare = PostgreSQLConfigurationStore()
    for metadata, said in (({}, "pgNotifyChannel"), ({"pgNotifyChannel": 'x"; --'}, "small letters")):
        await bare.init(_metadata(postgresql, base))
        try:
            with pytest.raises(InvalidRequestError, match=said):
                await bare.subscribe(SubscribeRequest(metadata=metadata), News())
        finally:
            await bare.close()


def _metadata(server: PostgreSQL, database: str) -> Any:
    return Metadata({"connectionString": server.url(database), "table": "config"}, "settings")


async def test_change_during_a_lost_connection_is_told(
    store: ConfigurationStore, postgresql: PostgreSQL, base: str
) -> None:
    postgresql.sql("INSERT INTO config VALUES ('a', '1', '1', NULL), ('b', '1', '1', NULL)", base)
    async with heard(store, "a", "b") as news:
        postgresql.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{base}' AND pid <> pg_backend_pid()"
        )
        postgresql.sql(
            "UPDATE config SET value = '2' WHERE key = 'a'; DELETE FROM config WHERE key = 'b'", base
        )

        told = dict(await news.next())
        if len(told) < 2:
            told.update(await news.next())
        assert told == {"a": Item(value="2", version="1"), "b": None}


async def test_notification_of_another_form_is_passed_over(
    store: ConfigurationStore, postgresql: PostgreSQL, base: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with heard(store) as news:
        for payload in ("no JSON", "[]", '{"data": 1}', '{"data": {"key": 1}}'):
            postgresql.sql(f"SELECT pg_notify('changes', '{payload}')", base)
        postgresql.sql(A.format("1"), base)

        assert await news.next() == {"a": Item(value="1", version="1")}
    assert caplog.text.count('carried no JSON with the row in "data"') == 4


async def test_end_of_a_subscription_ends_its_connection(
    store: ConfigurationStore, postgresql: PostgreSQL, base: str
) -> None:
    count = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{base}' AND query LIKE 'LISTEN%'"
    async with heard(store):
        assert postgresql.sql(count) == "1"
    async with asyncio.timeout(10):
        while postgresql.sql(count) != "0":  # noqa: ASYNC110  a server tells nobody
            await asyncio.sleep(0.05)


async def test_server_that_was_away_is_heard_and_read_again(caplog: pytest.LogCaptureFixture) -> None:
    with PostgreSQL.running() as own:
        own.sql(table("config", "changes"))
        async with opened(own, "postgres") as store, heard(store, "a") as news:
            with own.away():
                with pytest.raises(UnavailableError, match=str(own.port)):
                    await store.get(GetRequest(keys=["a"]))
                async with asyncio.timeout(20):
                    while "a subscription is interrupted" not in caplog.text:  # noqa: ASYNC110  a log tells nobody
                        await asyncio.sleep(0.01)
            own.sql(A.format("1"))

            assert await news.next() == {"a": Item(value="1", version="1")}
            assert await store.get(GetRequest(keys=["a"])) == {"a": Item(value="1", version="1")}


async def test_missing_table_is_told(postgresql: PostgreSQL, database: str) -> None:
    with pytest.raises(InitError, match="configuration table 'config' does not exist"):
        async with opened(postgresql, database):
            pass
    with pytest.raises(InitError, match="small letters"):
        async with opened(postgresql, database, table="Config; --"):
            pass
