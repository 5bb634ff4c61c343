from __future__ import annotations

import json

import pytest

from pluggable import LimitExceededError, StateStore
from pluggable.state import SetRequest
from pluggable_servers.etcd.state import EtcdStateStore
from tests.backends.etcd import Etcd
from tests.servers.running import state_store
from tests.servers.test_state_contract import value

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("etcd")]


async def filled(store: StateStore) -> None:
    for _ in range(100):
        await store.set(SetRequest(key="k", value=b"x" * 100_000))


async def test_full_server_refuses_writes_and_takes_them_again() -> None:
    with Etcd.running("--quota-backend-bytes", str(1024 * 1024)) as server:
        async with state_store(EtcdStateStore, {"endpoints": server.endpoint}, "over a socket") as store:
            full = f"etcd {server.endpoint}: .*space exceeded"
            with pytest.raises(LimitExceededError, match=full) as caught:
                await filled(store)
            assert len(await value(store, "k") or b"") == 100_000
            assert "xxx" not in str(caught.value)

            (told,) = json.loads(server.ctl("endpoint", "status", "-w", "json"))
            server.ctl("compaction", str(told["Status"]["header"]["revision"]))
            server.ctl("defrag")
            server.ctl("alarm", "disarm")
            await store.set(SetRequest(key="k", value=b"1"))
            assert await value(store, "k") == b"1"
