"""Components on the Go SDK, as its users would write them: what the kit finds in them is the SDK's own."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from pluggable.conformance import Kit, Profile, Report

#: An object that got no Init answers, and what the store cannot do is offered by reflection.
ALWAYS = {"state/call-before-init-is-refused", "state/served-features-are-claimed"}


async def checked(binary: Path, folder: Path) -> Report:
    """Start a component, whose socket is named as its binary, and put it through the checks."""
    process = await asyncio.create_subprocess_exec(
        binary, env={**os.environ, "DAPR_COMPONENT_SOCKETS_FOLDER": os.fspath(folder)}
    )
    path = folder / f"{binary.name}.sock"
    try:
        async with asyncio.timeout(20):
            while not path.exists():  # noqa: ASYNC110  a stranger tells nobody that it is ready
                await asyncio.sleep(0.05)
        async with Kit(Profile(address=f"unix:{path}")) as kit:
            return await kit.run_all()
    finally:
        process.kill()
        await process.wait()


@pytest.mark.slow
async def test_smallest_store_fails_what_its_sdk_gets_wrong(go_component: Path, socket_folder: Path) -> None:
    report = await checked(go_component, socket_folder)

    assert {result.check.id for result in report.failed} == ALWAYS


@pytest.mark.slow
async def test_etag_errors_of_the_sdk_do_not_arrive(go_etags: Path, socket_folder: Path) -> None:
    report = await checked(go_etags, socket_folder)

    found = {result.check.id: result.text for result in report.failed}
    assert found.keys() == ALWAYS | {
        "state/stale-etag-is-a-mismatch",
        "state/stale-etag-refuses-a-delete",
        "state/strange-etag-is-refused-as-one",
        "state/failing-item-of-a-bulk-set-costs-no-other",
        "state/concurrent-writers-lose-no-update",
    }
    assert "refused with UNKNOWN" in found["state/stale-etag-is-a-mismatch"]
