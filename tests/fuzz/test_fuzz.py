"""Every method of the component services, fed with noise: two seconds each, from the committed corpus on."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.fuzz.fuzzing import fuzz, methods, served

SECONDS = float(os.environ.get("FUZZ_SECONDS", "2"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address() -> AsyncIterator[str]:
    with tempfile.TemporaryDirectory(prefix="pl-") as folder:
        async with served(Path(folder)) as found:
            yield found


@pytest.mark.slow
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("service", "method"), list(methods()), ids=lambda name: name.rpartition(".")[2])
async def test_every_input_is_answered(address: str, service: str, method: str) -> None:
    found = await fuzz(address, service, method, SECONDS)

    assert found.faults == []
    assert found.inputs > 10
