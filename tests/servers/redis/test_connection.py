from __future__ import annotations

import asyncio

import pytest

from pluggable import Metadata
from pluggable_servers.redis import connection as connection_module
from pluggable_servers.redis.connection import RedisConnection
from pluggable_servers.redis.settings import RedisSettings


async def test_no_command_is_left_waiting(empty_redis: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "LANES", 1)
    settings = Metadata({"redisHost": f"127.0.0.1:{empty_redis}"}, "orders").parse(RedisSettings)
    connection = await RedisConnection.open(settings)

    async def caller(number: int) -> None:
        for count in range(200):
            assert await connection.call("ECHO", f"{number}-{count}") == f"{number}-{count}".encode()

    # Few callers, so that the lane runs empty again and again.
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        for number in range(4):
            tasks.create_task(caller(number))
    await connection.close()
