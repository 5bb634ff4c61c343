"""Redis, which keeps nothing over a restart unless an option says so."""

from __future__ import annotations

import redis

from tests.programs import needed

from .server import Server


class Redis(Server):
    """A Redis server."""

    def command(self) -> list[str]:
        return [
            *(needed("redis-server"), "--bind", "127.0.0.1", "--port", str(self.port)),
            *("--dir", str(self.folder), "--save", "", "--repl-diskless-sync-delay", "0"),
            *self.options,
        ]  # fmt: skip

    def answers(self) -> bool:
        with redis.Redis(port=self.port) as client:
            try:
                return bool(client.ping())
            except redis.AuthenticationError:  # It asks for a password that a test gave it.
                return True
