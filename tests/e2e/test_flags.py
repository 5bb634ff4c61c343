"""What a sidecar says of flags that it cannot heed."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.sidecars import sidecar


async def test_flags_without_meaning_are_named(resources: Path) -> None:
    async with sidecar(resources, flags=("--enable-mtls=false",)) as running:
        await running.said("level=info", "no meaning here: enable-mtls")
