"""How long a sidecar keeps those waiting who ask for its health, measured from a thread of their own."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

HEALTH = b"GET /v1.0/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
PAUSE_SECONDS = 0.002


class Polling:
    """Asks again and again on one connection, and keeps the longest wait."""

    def __init__(self, port: int) -> None:
        self.longest = 0.0
        self.wrong: list[bytes] = []
        self._port = port
        self._over = threading.Event()

    def run(self) -> None:
        with socket.create_connection(("127.0.0.1", self._port), timeout=60) as connection:
            while not self._over.wait(PAUSE_SECONDS):
                began = time.monotonic()
                connection.sendall(HEALTH)
                answer = connection.recv(4096)
                self.longest = max(self.longest, time.monotonic() - began)
                if not answer.startswith(b"HTTP/1.1 204 "):
                    self.wrong.append(answer)
                    return

    def end(self) -> None:
        self._over.set()


@contextlib.contextmanager
def polled(port: int) -> Iterator[Polling]:
    """Ask as long as the ``with`` lasts."""
    polling = Polling(port)
    thread = threading.Thread(target=polling.run)
    thread.start()
    try:
        yield polling
    finally:
        polling.end()
        thread.join()
