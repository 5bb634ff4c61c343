"""
An application that shows what a deployment does: it stores one order after the other and reads each back.

It calls its sidecar by plain HTTP and says what came of every order. One that fails is tried again.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from itertools import count

SIDECAR = os.environ.get("DAPR_HTTP_ENDPOINT", f"http://127.0.0.1:{os.environ.get('DAPR_HTTP_PORT', 3500)}")
STORE = f"{SIDECAR}/v1.0/state/orders"
PAUSE_SECONDS = float(os.environ.get("PAUSE_SECONDS", "1"))
ANSWER_SECONDS = 10.0
RETRY_SECONDS = 0.2


class RefusedError(Exception):
    """An order could not be stored or read; the text is what the sidecar says, or why it cannot be asked."""


def main() -> None:
    """Go on until the container is stopped; the first process of a container has to say so for itself."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    for number in count(1):
        key, amount = f"order-{number}", number * 10
        while True:
            try:
                call("", json.dumps([{"key": key, "value": amount}]).encode())
                print(f"{key} is stored", flush=True)
                read = call(f"/{key}")
                break
            except RefusedError as refused:
                print(f"{key} failed: {refused}", flush=True)
                time.sleep(RETRY_SECONDS)
        print(f"{key} is read back as {read}", flush=True)
        time.sleep(PAUSE_SECONDS)


def call(path: str, body: bytes | None = None) -> str:
    """Ask the sidecar, with a POST if there is a body, and return what it answers."""
    try:
        with urllib.request.urlopen(f"{STORE}{path}", body, ANSWER_SECONDS) as answer:
            return str(answer.read(), "utf-8")
    except urllib.error.HTTPError as error:
        raise RefusedError(f"{error.code} {error.read().decode()}") from error
    except OSError as error:
        raise RefusedError(f"no answer: {error}") from error


if __name__ == "__main__":
    main()
