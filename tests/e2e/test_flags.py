"""What a sidecar says of flags that it cannot heed."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.sidecars import sidecar


async def test_flags_without_effect_are_named(resources: Path) -> None:
    flags = ("--allowed-origins=https://example.com", "--enable-mtls=false")

    async with sidecar(resources, flags=flags) as running:
        await running.said("level=warning", "no effect: allowed-origins")
        await running.said("level=info", "no meaning here: enable-mtls")
