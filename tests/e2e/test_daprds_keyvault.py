"""Key Vault and Entra ID are asked what a daprd asks them, and their answers mean the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.backends.keyvault import KeyVault
from tests.e2e.daprds import daprd, needs_daprd
from tests.e2e.recorded.keyvault import FILE, asked, azure, write_components
from tests.e2e.sidecars import sidecar

pytestmark = pytest.mark.slow

#: What a daprd did; tests/e2e/recorded/keyvault.py says how it was recorded.
RECORDED = json.loads(FILE.read_text())["stores"]


@pytest.fixture
def double(resources: Path, tmp_path: Path) -> Iterator[KeyVault]:
    """The double, and the resources' components at it."""
    with azure(tmp_path) as at:
        write_components(resources, at)
        yield at


def differing(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    """The calls that are not the same."""
    return {
        f"{store}: {name}": (made, theirs[store].get(name))
        for store, calls in ours.items()
        for name, made in calls.items()
        if made != theirs[store].get(name)
    }


async def test_what_was_recorded_is_asked_and_answered(resources: Path, double: KeyVault) -> None:
    async with sidecar(resources, environment=double.environment) as ours:
        told = await asked(ours, double)

    assert differing(told, RECORDED) == {}
    assert sum(map(len, told.values())) == sum(map(len, RECORDED.values())) > 30


@needs_daprd
async def test_both_ask_and_answer_alike(resources: Path, double: KeyVault) -> None:
    async with (
        daprd(resources, environment=double.environment) as theirs,
        sidecar(resources, environment=double.environment) as ours,
    ):
        assert differing(await asked(ours, double), await asked(theirs, double)) == {}
