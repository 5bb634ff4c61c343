"""The demo does what it says: every order is stored once, on either store."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEMO_SECONDS = 60.0


@pytest.mark.slow
async def test_every_order_is_stored_once() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "examples.orders",
        "--orders=100",
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        async with asyncio.timeout(DEMO_SECONDS):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    said = output.decode()

    assert process.returncode == 0, said
    assert said.count("== APP == each of 100 orders is stored exactly once; 5 repeats were refused") == 2, (
        said
    )
    assert "== APP ==   100 of 100 orders stored" in said
    assert "-  type: state.sqlite\n+  type: state.in-memory\n" in said
    by_country = re.findall(r"== APP == ([A-Z]{2}) +(\d+) +([\d,.]+)\n", said)
    half = len(by_country) // 2
    assert by_country[:half] == by_country[half:]
    assert sum(int(orders) for _, orders, _ in by_country[:half]) == 100
    # The cron binding may tick once more when the application has left.
    logged = [line for line in said.splitlines() if "level=" in line]
    assert [line for line in logged if "no connection to the application" not in line] == []
