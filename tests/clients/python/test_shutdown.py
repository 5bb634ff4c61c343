"""A sidecar that Dapr's Python client ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients.python.speaking import FORMS, client
from tests.e2e.sidecars import sidecar


@pytest.mark.parametrize("form", FORMS)
async def test_client_ends_the_sidecar(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with sidecar(tmp_path) as running:
        monkeypatch.setenv("DAPR_HTTP_PORT", str(running.http_port))
        async with client(form, running.grpc_port) as opened:
            await opened.call("shutdown")
        assert await running.ended() == 0
        await running.said("Shutdown requested via API")
