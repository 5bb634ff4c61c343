"""memcached, which keeps everything in memory."""

from __future__ import annotations

import socket

from tests.programs import needed

from .server import Server


class Memcached(Server):
    """A memcached."""

    def command(self) -> list[str]:
        user = ("-u", "nobody")  # only root's is changed
        return [
            *(needed("memcached"), "-l", "127.0.0.1", "-p", str(self.port), "-U", "0"),
            *user,
            *self.options,
        ]

    def answers(self) -> bool:
        return ask(self.port, b"version\r\n").startswith(b"VERSION ")


def ask(port: int, command: bytes) -> bytes:
    """Return what the server answers to one command, up to the last line of it."""
    with socket.create_connection(("127.0.0.1", port), 5) as connection, connection.makefile("rb") as answers:
        connection.sendall(command)
        lines = [answers.readline()]
        while lines[0].startswith(b"VALUE ") and lines[-1] != b"END\r\n":
            lines.append(answers.readline())
        return b"".join(lines)
