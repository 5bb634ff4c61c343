"""Redis servers that are more than one plain one."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import redis

from tests.servers.running import redis_server


@pytest.fixture(scope="module")
def cluster() -> Iterator[int]:
    """The port of a cluster of one server that has all slots."""
    with redis_server("--cluster-enabled", "yes") as port:
        with redis.Redis(port=port) as client:
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
            while client.execute_command("CLUSTER INFO")["cluster_state"] != "ok":
                time.sleep(0.05)
        yield port
