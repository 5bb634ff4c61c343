"""What a sidecar is told by signals, until its end is decided."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import asyncio, os, signal, sys
from pluggable.runtime.order import Order

async def run():
    order = Order()
    order.listen_to_signals()
    os.kill(os.getpid(), signal.SIGTERM)
    await order.stop.wait()
    order.no_more()
    os.kill(os.getpid(), signal.SIGINT)
    return 7

status = asyncio.run(run())
os.kill(os.getpid(), signal.SIGTERM)
sys.exit(status)
"""


def test_signal_after_the_end_is_decided_changes_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (7, "")
