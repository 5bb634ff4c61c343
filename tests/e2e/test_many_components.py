"""A thousand components in one folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.sidecars import PATIENCE, READY, component, sidecar

COMPONENTS = 1000
START_SECONDS = 30.0


@pytest.mark.slow
async def test_a_thousand_components_start_in_half_a_minute(resources: Path) -> None:
    for number in range(COMPONENTS):
        component(resources, f"store-{number}", "state.in-memory")

    async with sidecar(resources, wait=False) as running:
        await running.said(READY, seconds=START_SECONDS * PATIENCE)
        assert len(await running.components()) == COMPONENTS
        for number in (0, COMPONENTS - 1):
            saved = b'[{"key": "k", "value": %d}]' % number
            assert (await running.call("POST", f"/v1.0/state/store-{number}", saved)).status == 204
            assert (await running.call("GET", f"/v1.0/state/store-{number}/k")).body == b"%d" % number
