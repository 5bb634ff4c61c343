"""The official JavaScript client and its server against a sidecar process, over HTTP and over gRPC."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from tests.clients.javascript.packages import modules
from tests.e2e.sidecars import component, sidecar
from tests.ports import free_port
from tests.programs import needed

PROGRAM = Path(__file__).parent / "program.cjs"
RUNNING_SECONDS = 120

pytestmark = pytest.mark.slow


def write_components(folder: Path, settings: Path) -> None:
    secrets = folder.parent / "secrets.json"
    secrets.write_text(json.dumps({"plain": "text", "database": "hidden"}))
    settings.write_text(json.dumps({"colour": "red"}))
    folder.mkdir()
    component(folder, "store", "state.in-memory")
    component(folder, "events", "pubsub.in-memory")
    component(folder, "vault", "secretstores.local.file", secretsFile=str(secrets))
    component(folder, "files", "bindings.localstorage", rootPath=str(folder.parent / "files"))
    component(folder, "clock", "bindings.cron", schedule="@every 500ms", direction="input")
    component(folder, "settings", "configuration.in-memory", itemsFile=str(settings))


@pytest.mark.parametrize("protocol", ["HTTP", "GRPC"])
async def test_javascript_client_gets_its_answers(protocol: str, tmp_path: Path) -> None:
    node, found = needed("node"), await asyncio.to_thread(modules)
    settings, app_port = tmp_path / "settings.json", free_port()
    write_components(tmp_path / "resources", settings)
    flags = [f"--app-protocol={protocol.lower()}"]
    async with sidecar(
        tmp_path / "resources", app_id="shop", app_port=app_port, flags=flags, wait=False
    ) as running:
        environment = {
            "NODE_PATH": str(found),
            "PROTOCOL": protocol,
            "APP_PORT": str(app_port),
            "DAPR_PORT": str(running.http_port if protocol == "HTTP" else running.grpc_port),
            "HEALTH_URL": f"http://127.0.0.1:{running.http_port}/v1.0/healthz",
            "SETTINGS_FILE": str(settings),
        }
        process = await asyncio.create_subprocess_exec(
            node,
            str(PROGRAM),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, **environment},
        )
        try:
            async with asyncio.timeout(RUNNING_SECONDS):
                said, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    lines = said.decode()
    assert process.returncode == 0, f"{lines}\n{running.log()}"
    assert lines.count("CHECK ok ") == (13 if protocol == "HTTP" else 15)
