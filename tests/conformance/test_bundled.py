"""Every bundled component passes the kit, with what it needs around it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from pluggable.component import ENTRY_POINT_GROUP
from pluggable.conformance import Key, Kit, Profile
from pluggable.pubsub import PublishRequest, PubSub
from pluggable.serving.endpoint import Endpoint
from pluggable.testing import Faults, connected, subscribed
from tests.programs import needed
from tests.readme import write_files
from tests.servers.model import Model
from tests.servers.running import redis_server
from tests.servers.vaults import KEYS, key_set, write_keys
from tests.web import listening

BUNDLED = sorted(
    (point for point in entry_points(group=ENTRY_POINT_GROUP) if "pluggable_servers" in point.value),
    key=lambda point: point.name,
)


@pytest.fixture
async def surroundings(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Profile]:
    """What the component of this test is initialised with, and talks to; the address is still missing."""
    type_: str = request.param
    operations: dict[str, dict[str, Any]] = {}
    properties: dict[str, str] = {}
    write: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    keys: tuple[Key, ...] = ()
    async with AsyncExitStack() as stack:
        match type_.partition(".")[2]:
            case "in-memory" if type_.startswith("configuration."):
                path = tmp_path / "settings.json"
                path.write_text("{}")
                properties = {"itemsFile": str(path)}
                write, remove = _editing(path)
            case "sqlite":
                properties = {"connectionString": str(tmp_path / "data.db")}
            case "redis":
                port = stack.enter_context(redis_server())
                properties = {"redisHost": f"127.0.0.1:{port}", "consumerID": "kit", "readTimeout": "200ms"}
                write, remove = _redis_commands(port)
            case "local.file":
                (tmp_path / "secrets.json").write_text('{"one": "1", "two": "2"}')
                properties = {"secretsFile": str(tmp_path / "secrets.json")}
            case "local.env":
                monkeypatch.setenv("CONFORMANCE_SECRET", "1")
            case "http":
                properties = {"url": await stack.enter_async_context(service())}
                operations = {"post": {"data": "{}"}, "get": {}}
            case "cron":
                properties = {"schedule": "@every 1s"}
            case "localstorage":
                properties = {"rootPath": str(tmp_path)}
                operations = {"create": {"data": "x", "metadata": {"fileName": "a.txt"}}}
            case "openai":
                model = await stack.enter_async_context(Model.serving())
                properties = {"key": "sk-conformance", "endpoint": model.url}
            case "dapr.localstorage":
                write_keys(tmp_path)
                properties, keys = {"path": str(tmp_path)}, KEYS
            case "dapr.jwks":
                properties, keys = {"jwks": key_set()}, KEYS
        yield Profile(
            address="",
            properties=properties,
            operations=operations,
            write=write,
            remove=remove,
            keys=keys,
            wait_seconds=10,
        )


def _redis_commands(port: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What writes settings into Redis, for a store that only reads them."""
    client = (needed("redis-cli"), "-p", str(port))
    return (*client, "set", "{key}", "{value}||1"), (*client, "del", "{key}")


def _editing(path: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What writes settings into a file of them."""
    edit = (sys.executable, "-c", _EDIT, str(path))
    return (*edit, "{key}", "{value}"), (*edit, "{key}")


_EDIT = """
import json, os, sys
path, key, *value = sys.argv[1:]
items = json.load(open(path))
items.pop(key, None)
items.update({key: each for each in value})
with open(path + ".new", "w") as file:
    json.dump(items, file)
os.replace(path + ".new", path)
"""


@asynccontextmanager
async def service() -> AsyncIterator[str]:
    """A server that echoes, for the binding that calls one."""

    async def echo(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    application = web.Application()
    application.router.add_route("*", "/", echo)
    async with listening(application) as port:
        yield f"http://127.0.0.1:{port}/"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("point", "surroundings"),
    [pytest.param(point, point.name, id=point.name) for point in BUNDLED],
    indirect=["surroundings"],
)
async def test_bundled_component_passes_all_checks(
    point: EntryPoint, surroundings: Profile, socket_folder: Path
) -> None:
    path = socket_folder / "mine.sock"
    profile = replace(surroundings, address=f"unix:{path}")
    async with Endpoint("mine", point.load(), path), Kit(profile) as kit:
        report = await kit.run_all()

    assert [(result.check.id, result.text) for result in report.failed] == []
    assert len(report.results) > 10


@pytest.mark.slow
@pytest.mark.parametrize("target", ["shelf:Shelf", "board:Board"])
async def test_component_of_the_readme_passes_all_checks(
    target: str, tmp_path: Path, socket_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    module, _, name = target.partition(":")
    path = socket_folder / "mine.sock"
    component = getattr(import_module(module), name)
    async with Endpoint("mine", component, path), Kit(Profile(address=f"unix:{path}")) as kit:
        report = await kit.run_all()

    assert [(result.check.id, result.text) for result in report.failed] == []


async def test_broker_of_the_readme_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    faults = Faults()
    kind: type[PubSub] = import_module("board").Board
    async with connected(kind, faults=faults) as board, subscribed(board, "orders", answer=None) as inbox:
        await board.publish(PublishRequest(topic="orders", data=b"1"))
        await inbox.next()
        await faults.cut_streams()

        assert (await inbox.next()).data == b"1"
