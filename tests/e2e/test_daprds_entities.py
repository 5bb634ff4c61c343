"""Queues, topics and subscriptions of Service Bus are made as a daprd makes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backends.administration import Administration
from tests.e2e.applications import Application
from tests.e2e.daprds import daprd, needs_daprd
from tests.e2e.recorded.entities import APP_ID, FILE, made, subscribe, write_components
from tests.e2e.sidecars import sidecar

pytestmark = pytest.mark.slow

#: What a daprd did; tests/e2e/recorded/entities.py says how it was recorded.
RECORDED = json.loads(FILE.read_text())


@pytest.fixture
def double(resources: Path, tmp_path: Path, application: Application) -> Iterator[Administration]:
    """The double, the resources' components at it, and an application that subscribes."""
    subscribe(application)
    with Administration(tmp_path).running() as at:
        write_components(resources, at)
        yield at


async def test_what_was_recorded_is_made(
    resources: Path, application: Application, double: Administration
) -> None:
    async with sidecar(resources, app_id=APP_ID, app_port=application.port, environment=double.environment):
        assert await made(double) == {"made": RECORDED["made"], "asked": RECORDED["asked"]}


@needs_daprd
async def test_what_is_recorded_is_what_a_daprd_makes(
    resources: Path, application: Application, double: Administration
) -> None:
    async with daprd(resources, APP_ID, application.port, double.environment):
        assert await made(double) == {"made": RECORDED["made"], "asked": RECORDED["asked"]}
