from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from pluggable import StateStore
from pluggable_servers.postgresql.state import PostgreSQLStateStore, PostgreSQLStateStoreV2
from tests.backends.postgresql import PostgreSQL
from tests.servers import test_state_contract as contract
from tests.servers.running import state_store

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("postgresql")]

#: The contract of every store, once more.
globals().update({name: test for name, test in vars(contract).items() if name.startswith("test_")})


@pytest.fixture(params=[PostgreSQLStateStore, PostgreSQLStateStoreV2], ids=["v1", "v2"])
async def store(
    request: pytest.FixtureRequest, postgresql: PostgreSQL, database: str
) -> AsyncIterator[StateStore]:
    """Each version, over a socket."""
    properties = {"connectionString": postgresql.url(database)}
    async with state_store(request.param, properties, "over a socket") as found:
        yield found
