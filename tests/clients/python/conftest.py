"""A sidecar with a component of each kind, an application behind it, and Dapr's client in both forms."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.clients.python.speaking import FORMS, Client, client
from tests.e2e.sidecars import Sidecar, component, sidecar

SECRETS = {"database": {"password": "hidden"}, "plain": "text"}
#: The client says of itself that some calls are to change or have changed.
QUIET = ("ignore::UserWarning", "ignore::DeprecationWarning")


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


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sidecar]:
    """One sidecar for all tests of a worker."""
    folder = tmp_path_factory.mktemp("resources")
    write_components(folder)
    async with sidecar(folder, app_id="shop") as found:
        yield found


@pytest.fixture(autouse=True)
def found_by_clients(running: Sidecar) -> Iterator[None]:
    """Say to the client, which reads it once for its process, where the sidecar's HTTP API is."""
    from dapr.conf import settings

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "DAPR_HTTP_PORT", running.http_port)
        patch.setattr(settings, "DAPR_HEALTH_TIMEOUT", 20)
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
