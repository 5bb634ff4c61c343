"""Vault and Kubernetes are asked what a daprd asks them, and their answers and keys mean the same."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.daprds import daprd, needs_daprd
from tests.e2e.recorded.secrets import (
    FILE,
    TEXT,
    Doubles,
    asked,
    decrypted,
    doubles,
    encrypted,
    write_components,
)
from tests.e2e.sidecars import sidecar

pytestmark = pytest.mark.slow

#: What a daprd did; tests/e2e/recorded/secrets.py says how it was recorded.
RECORDED = json.loads(FILE.read_text())


@pytest.fixture
def found(resources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doubles]:
    """The doubles, and the resources' components at them."""
    monkeypatch.delenv("NAMESPACE", raising=False)
    with doubles(tmp_path) as at:
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


async def test_what_was_recorded_is_asked_and_answered(resources: Path, found: Doubles) -> None:
    async with sidecar(resources) as ours:
        told = await asked(ours, found)
        text = await decrypted(ours, base64.b64decode(RECORDED["encrypted"]))

    assert differing(told, RECORDED["stores"]) == {}
    assert sum(len(calls) for calls in told.values()) == sum(map(len, RECORDED["stores"].values())) > 50
    assert text == TEXT


@needs_daprd
async def test_both_ask_and_answer_alike(resources: Path, found: Doubles) -> None:
    async with daprd(resources) as theirs, sidecar(resources) as ours:
        assert differing(await asked(ours, found), await asked(theirs, found)) == {}


@needs_daprd
async def test_each_decrypts_what_the_other_encrypted(resources: Path, found: Doubles) -> None:
    assert found.cluster.url
    async with daprd(resources) as theirs, sidecar(resources) as ours:
        assert await decrypted(ours, await encrypted(theirs)) == TEXT
        assert await decrypted(theirs, await encrypted(ours)) == TEXT
