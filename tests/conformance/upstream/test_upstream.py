"""
The suites of components-contrib, by daprd's own adapters, over every bundled server.

A process a component: upstream panics on some wrong answers, and a panic ends the whole binary.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e.sidecars import Heard, heard, started
from tests.ports import free_port
from tests.programs import needed
from tests.readme import write_files
from tests.servers.running import redis_server

ROOT = Path(__file__).parents[3]
BUILD_SECONDS: Final = 1200
SUITE_SECONDS: Final = 240
#: Well formed, and no key has it.
BAD_ETAG: Final = {"badEtag": "e9b9e142-74b1-4a2e-8e90-3f4ffeea2e70"}
TRANSACTIONS: Final = ("transaction", "etag", "first-write", "ttl", "actorStateStore")
BROKERS: Final = {"maxReadDuration": "8s", "waitDurationToPublish": "500ms"}
HONEST: Final = "tests.conformance.honest"


@dataclass(frozen=True, slots=True)
class Suite:
    """What is served, and what of it upstream is to exercise; REDIS, FOLDER and PORT are filled in."""

    kind: str
    serves: str
    operations: Sequence[str] = ()
    properties: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)


SUITES: Final = {
    "state.in-memory": Suite("state", "state.in-memory", TRANSACTIONS, config=BAD_ETAG),
    "state.sqlite": Suite(
        "state", "state.sqlite", TRANSACTIONS, {"connectionString": "FOLDER/data.db"}, BAD_ETAG
    ),
    "state.redis": Suite(
        "state", "state.redis", TRANSACTIONS, {"redisHost": "127.0.0.1:REDIS"}, {"badEtag": "999999"}
    ),
    "a store that can do nothing more": Suite("state", f"state.plain={HONEST}:PlainStore"),
    "a store that shows no life": Suite(
        "state",
        f"state.lasting={HONEST}:LastingStore",
        ("transaction", "etag", "first-write"),
        config=BAD_ETAG,
    ),
    "a store with queries": Suite(
        "state", f"state.queryable={HONEST}:QueryableStore", (*TRANSACTIONS, "query"), config=BAD_ETAG
    ),
    "the README's store": Suite("state", "state.shelf=shelf:Shelf", ("etag", "first-write"), config=BAD_ETAG),
    "the README's broker": Suite("pubsub", "pubsub.board=board:Board", ("bulkpublish",), config=BROKERS),
    "pubsub.in-memory": Suite("pubsub", "pubsub.in-memory", ("bulkpublish", "bulksubscribe"), config=BROKERS),
    "pubsub.redis": Suite(
        "pubsub",
        "pubsub.redis",
        ("bulkpublish", "bulksubscribe"),
        {"redisHost": "127.0.0.1:REDIS", "consumerID": "conformance"},
        BROKERS,
    ),
    "secretstores.local.env": Suite("secretstores", "secretstores.local.env"),
    "secretstores.local.file": Suite(
        "secretstores", "secretstores.local.file", properties={"secretsFile": "FOLDER/secrets.json"}
    ),
    "bindings.cron": Suite(
        "bindings", "bindings.cron", ("read",), {"schedule": "@every 1s"}, {"readBindingTimeout": "10s"}
    ),
    "bindings.http": Suite(
        "bindings",
        "bindings.http",
        ("operations", "create"),
        {"url": "http://127.0.0.1:PORT/call"},
        {"url": "127.0.0.1:PORT"},
    ),
    "bindings.localstorage": Suite(
        "bindings",
        "bindings.localstorage",
        ("operations", "create", "get"),
        {"rootPath": "FOLDER"},
        {"output": {"fileName": "conformance.txt"}},
    ),
    "bindings.localstorage, listing": Suite(  # whose fileName would be a folder's
        "bindings", "bindings.localstorage", ("operations", "create", "list"), {"rootPath": "FOLDER"}
    ),
    "bindings.localstorage, deleting": Suite(  # with get it would be asked for what is gone, without error
        "bindings",
        "bindings.localstorage",
        ("operations", "create", "delete"),
        {"rootPath": "FOLDER"},
        {"output": {"fileName": "conformance.txt"}},
    ),
}
SECRETS: Final = {"conftestsecret": "abcd", "secondsecret": "efgh"}


@pytest.fixture(scope="session")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Upstream's suites, built once."""
    if named := os.environ.get("YARDSTICK"):
        return Path(named)
    go = needed("go")
    path = tmp_path_factory.mktemp("upstream") / "yardstick.test"
    built = subprocess.run(
        [go, "test", "-c", "-o", path, "."],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return path


@asynccontextmanager
async def serving(what: str, folder: Path, modules: Path = ROOT) -> AsyncIterator[Heard]:
    """Serve one component in a process of its own."""
    path = os.pathsep.join([str(modules), str(ROOT), *filter(None, sys.path)])
    environment = {**SECRETS, "PYTHONPATH": path}
    process = await started(
        "-m", "pluggable.cli.main", "serve", what, "--folder", str(folder), environment=environment
    )
    async with heard(Heard(process)) as server:
        await server.said("serving ")
        yield server


@pytest.mark.slow
@pytest.mark.parametrize("name", SUITES)
async def test_component_passes_upstream(
    name: str, binary: Path, tmp_path: Path, socket_folder: Path
) -> None:
    suite = SUITES[name]
    (tmp_path / "secrets.json").write_text(json.dumps(SECRETS))
    write_files(tmp_path)
    with redis_server() as redis:
        text = json.dumps({"components": [_planned(suite)]})
        for word, value in {"FOLDER": str(tmp_path), "REDIS": str(redis), "PORT": str(free_port())}.items():
            text = text.replace(word, value)
        (tmp_path / "plan.yaml").write_text(text)
        async with serving(suite.serves, socket_folder, tmp_path) as server:
            code, output = await _run(binary, "TestConformance", tmp_path, socket_folder)

    assert code == 0, output[-6000:] + server.log()[-2000:]
    assert output.count("--- PASS") > 3, output


@pytest.mark.slow
async def test_errors_arrive_at_daprds_adapters(binary: Path, tmp_path: Path, socket_folder: Path) -> None:
    async with serving(
        "state.failing=tests.conformance.upstream.failing:FailingStore", socket_folder
    ) as server:
        code, output = await _run(binary, "TestErrorsArrive", tmp_path, socket_folder)

    assert code == 0, output[-6000:]
    assert "--- PASS: TestErrorsArrive/bulk" in output
    assert "password=s3cret" in server.log()  # where it belongs


def _planned(suite: Suite) -> dict[str, Any]:
    """Return the plan's entry. Its file is YAML, of which JSON is a part."""
    return {
        "kind": suite.kind,
        "socket": suite.serves.partition("=")[0].partition(".")[2],
        "label": "conformance",
        "operations": list(suite.operations),
        "properties": dict(suite.properties),
        "config": dict(suite.config),
    }


async def _run(binary: Path, test: str, folder: Path, sockets: Path) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        binary, "-test.v", f"-test.run=^{test}$", f"-test.timeout={SUITE_SECONDS}s",
        cwd=folder,
        env={
            **os.environ,
            "DAPR_COMPONENTS_SOCKETS_FOLDER": os.fspath(sockets),
            "YARDSTICK_PLAN": os.fspath(folder / "plan.yaml"),
            "YARDSTICK_FAILING": "failing",
        },
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode(errors="replace")
