"""RabbitMQ, a node of its own that keeps what is durable over a restart."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Mapping
from typing import Final

from tests.ports import free_port
from tests.programs import needed

from .server import Server

#: Debian's wrapper on the path changes the user; this one does not.
_SCRIPT: Final = "/usr/lib/rabbitmq/bin/rabbitmq-server"
_CONTROL: Final = "/usr/lib/rabbitmq/bin/rabbitmqctl"
#: A busy machine starts the tool so late that it may miss the node; it is asked again then.
_ATTEMPTS: Final = 3


class RabbitMQ(Server):
    """A RabbitMQ node with the user guest, without plugins; options are lines of its configuration file."""

    #: Erlang starts slowly where others keep the cores busy.
    patience_seconds = 120.0

    def prepare(self) -> None:
        (self.folder / "plugins").write_text("[].")
        self._distribution, self._names = free_port(), free_port()
        lines = ("loopback_users = none", f"listeners.tcp.1 = 127.0.0.1:{self.port}", *self.options)
        (self.folder / "rabbitmq.conf").write_text("\n".join(lines) + "\n")

    def command(self) -> list[str]:
        return [needed(_SCRIPT)]

    def environment(self) -> Mapping[str, str]:
        own = str(self.folder)
        return {
            "HOME": own,
            "RABBITMQ_NODENAME": f"t{self.port}@localhost",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._distribution),
            "ERL_EPMD_PORT": str(self._names),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_RELAXED_COMMAND_CHECK": "true",
            "RABBITMQ_MNESIA_BASE": f"{own}/mnesia",
            "RABBITMQ_LOG_BASE": f"{own}/log",
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_CONFIG_FILE": f"{own}/rabbitmq.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{own}/plugins",
            "RABBITMQ_FEATURE_FLAGS_FILE": f"{own}/features",
            "RABBITMQ_PID_FILE": f"{own}/pid",
            # One scheduler that does not spin, as several nodes share a machine.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
        }

    def control(self, *words: str) -> None:
        """Have the node do what its tool for operators can ask for."""
        command = [needed(_CONTROL), "-n", f"t{self.port}@localhost", *words]
        environment = {**os.environ, **self.environment()}
        for _ in range(_ATTEMPTS):
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            if not done.returncode:
                return
        raise AssertionError(f"{words} ended with {done.returncode}: {done.stdout}{done.stderr}")

    def kill(self) -> None:
        super().kill()
        # The node's daemon for names is a session of its own, and would stay.
        subprocess.run(
            [needed("epmd"), "-kill"],
            env={**os.environ, **self.environment()},
            capture_output=True,
            check=False,
        )

    def answers(self) -> bool:
        # A node listens before it is ready, and says so in its greeting: it answers the header of AMQP.
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            return connection.recv(1) == b"\x01"
