"""A sidecar with a component of each kind, an application behind it, and Dapr's client in both forms."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from tests.clients.python.speaking import FORMS, Client, client
from tests.e2e.sidecars import Sidecar, component, sidecar
from tests.web import listening

SECRETS = {"database": {"password": "hidden"}, "plain": "text"}
#: The client says of itself that some calls are to change or have changed.
QUIET = ("ignore::UserWarning", "ignore::DeprecationWarning")


#: The application is called through the sidecar that it has itself.
CALLEE = "shop"


@dataclass(frozen=True, slots=True)
class Settings:
    """The file of the settings, replaced as a whole."""

    path: Path

    def write(self, items: dict[str, Any]) -> None:
        """Add settings, and change those that are there."""
        known = json.loads(self.path.read_text()) if self.path.exists() else {}
        draft = self.path.with_suffix(".draft")
        draft.write_text(json.dumps(known | items))
        os.replace(draft, self.path)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the client warn."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            for each in QUIET:
                item.add_marker(pytest.mark.filterwarnings(each))
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


def write_components(folder: Path) -> None:
    """Write what needs nothing beside the sidecar."""
    secrets = folder / "secrets.json"
    secrets.write_text(json.dumps(SECRETS))
    component(folder, "store", "state.in-memory")
    component(folder, "table", "state.sqlite", connectionString=f"file:{folder}/table.sqlite")
    component(folder, "events", "pubsub.in-memory")
    component(folder, "vault", "secretstores.local.file", secretsFile=str(secrets), nestedSeparator=":")
    component(folder, "files", "bindings.localstorage", rootPath=str(folder / "files"))
    component(folder, "locks", "lock.in-memory")
    component(folder, "echo", "conversation.echo")
    keys = folder.parent / f"{folder.name}-keys"
    keys.mkdir()
    (keys / "symmetric").write_bytes(bytes(range(32)))
    component(folder, "keys", "crypto.dapr.localstorage", path=str(keys))


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of the store that is called so."""
    written = Settings(tmp_path_factory.mktemp("settings") / "settings.json")
    written.write({})
    return written


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def app_port() -> AsyncIterator[int]:
    """An application that says how it was called."""

    async def echo(request: web.Request) -> web.Response:
        told = {
            "method": request.method,
            "query": dict(request.query),
            "type": request.headers.get("content-type"),
            "body": await request.text(),
        }
        return web.json_response(told, headers={"x-own": "yes"})

    async def teapot(_: web.Request) -> web.Response:
        return web.Response(status=418, text="teapot")

    app = web.Application()
    app.router.add_route("*", "/echo", echo)
    app.router.add_post("/teapot", teapot)
    async with listening(app) as port:
        yield port


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running(
    tmp_path_factory: pytest.TempPathFactory, settings: Settings, app_port: int
) -> AsyncIterator[Sidecar]:
    """One sidecar for all tests of a worker."""
    folder = tmp_path_factory.mktemp("resources")
    write_components(folder)
    component(folder, "settings", "configuration.in-memory", itemsFile=str(settings.path))
    async with sidecar(folder, app_id=CALLEE, app_port=app_port) as found:
        yield found


@pytest.fixture(autouse=True)
def found_by_clients(running: Sidecar) -> Iterator[None]:
    """Say to the client, as a launched application is told, where the sidecar's HTTP API is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAPR_HTTP_PORT", str(running.http_port))
        patch.setenv("DAPR_HEALTH_TIMEOUT", "20")
        yield


@pytest_asyncio.fixture(loop_scope="session", params=FORMS)
async def dapr(request: pytest.FixtureRequest, running: Sidecar) -> AsyncIterator[Client]:
    """The client, in both its forms."""
    async with client(request.param, running.grpc_port) as opened:
        yield opened


@pytest.fixture
def key(request: pytest.FixtureRequest) -> str:
    """A key that no other test uses."""
    return str(request.node.name)
