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
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.conformance.cases import CASES
from tests.conformance.cases.case import (
    BAD_ETAG,
    BROKERS,
    TRANSACTIONS,
    Around,
    Suite,
    Surroundings,
    nothing,
)
from tests.e2e.sidecars import Heard, heard, started
from tests.ports import free_port
from tests.programs import needed
from tests.readme import write_files

ROOT = Path(__file__).parents[3]
BUILD_SECONDS: Final = 1200
SUITE_SECONDS: Final = 240
HONEST: Final = "tests.conformance.honest"


@dataclass(frozen=True, slots=True)
class Run:
    """What is served, and what of it upstream is to exercise."""

    serves: str
    suite: Suite
    around: Around = nothing


@asynccontextmanager
async def free_address(_folder: Path) -> AsyncIterator[Surroundings]:
    """A port at which upstream's suite for `bindings.http` starts the server that the binding is to call."""
    address = f"127.0.0.1:{free_port()}"
    yield Surroundings(properties={"url": f"http://{address}/call"}, config={"url": address})


OTHERS: Final = {
    "a store that can do nothing more": Run(f"state.plain={HONEST}:PlainStore", Suite()),
    "a store that shows no life": Run(
        f"state.lasting={HONEST}:LastingStore",
        Suite(operations=("transaction", "etag", "first-write"), config=BAD_ETAG),
    ),
    "a store with queries": Run(
        f"state.queryable={HONEST}:QueryableStore",
        Suite(operations=(*TRANSACTIONS, "query"), config=BAD_ETAG),
    ),
    "the README's store": Run(
        "state.shelf=shelf:Shelf", Suite(operations=("etag", "first-write"), config=BAD_ETAG)
    ),
    "the README's broker": Run(
        "pubsub.board=board:Board", Suite(operations=("bulkpublish",), config=BROKERS)
    ),
    "bindings.http": Run(
        "bindings.http",
        Suite(operations=("operations", "create")),
        free_address,
    ),
}
BUNDLED: Final = {
    f"{case.type}, {label}" if label else case.type: Run(case.type, suite, case.around)
    for case in CASES.values()
    for label, suite in case.suites.items()
}
RUNS: Final = {**BUNDLED, **OTHERS}


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
async def serving(
    what: str, folder: Path, modules: Path = ROOT, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Heard]:
    """Serve one component in a process of its own."""
    path = os.pathsep.join([str(modules), str(ROOT), *filter(None, sys.path)])
    process = await started(
        "-m", "pluggable.cli.main", "serve", what, "--folder", str(folder),
        environment={**(environment or {}), "PYTHONPATH": path},
    )  # fmt: skip
    async with heard(Heard(process)) as server:
        await server.said("serving ")
        yield server


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
async def test_component_passes_upstream(
    name: str, binary: Path, tmp_path: Path, socket_folder: Path
) -> None:
    run = RUNS[name]
    write_files(tmp_path)
    async with run.around(tmp_path) as around:
        plan = {"components": [_planned(run, around)]}
        (tmp_path / "plan.yaml").write_text(json.dumps(plan))  # JSON is a part of YAML.
        async with serving(run.serves, socket_folder, tmp_path, around.environment) as server:
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


def _planned(run: Run, around: Surroundings) -> dict[str, Any]:
    """Return the plan's entry."""
    kind, _, socket = run.serves.partition("=")[0].partition(".")
    return {
        "kind": kind,
        "socket": socket,
        "label": "conformance",
        "operations": list(run.suite.operations),
        "properties": dict(around.properties),
        "config": {**run.suite.config, **around.config},
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
