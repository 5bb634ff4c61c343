from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from pluggable import StateStore
from pluggable_servers.mysql.state import MySQLStateStore
from tests.backends.mariadb import MariaDB
from tests.servers import test_state_contract as contract
from tests.servers.running import state_store

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("mysql")]

#: The contract of every store, once more.
globals().update({name: test for name, test in vars(contract).items() if name.startswith("test_")})


@pytest.fixture
async def store(mariadb: MariaDB, schema: str) -> AsyncIterator[StateStore]:
    """A store over a socket."""
    properties = {"connectionString": mariadb.dsn(), "schemaName": schema}
    async with state_store(MySQLStateStore, properties, "over a socket") as found:
        yield found
