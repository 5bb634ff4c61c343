from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from pluggable import StateStore
from pluggable_servers.etcd.state import EtcdStateStore, EtcdStateStoreV2
from tests.backends.etcd import Etcd
from tests.servers import test_state_contract as contract
from tests.servers.running import state_store

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("etcd")]

#: The contract of every store, once more.
globals().update({name: test for name, test in vars(contract).items() if name.startswith("test_")})


@pytest.fixture(params=[EtcdStateStore, EtcdStateStoreV2], ids=["v1", "v2"])
async def store(request: pytest.FixtureRequest, etcd: Etcd, prefix: str) -> AsyncIterator[StateStore]:
    """Each version, over a socket."""
    properties = {"endpoints": etcd.endpoint, "keyPrefixPath": prefix}
    async with state_store(request.param, properties, "over a socket") as found:
        yield found
