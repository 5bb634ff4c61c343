"""What a sidecar cannot start with, and what it is asked wrongly: messages that say what to mend."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.sidecars import Sidecar, component, sidecar


@dataclass(frozen=True)
class Fault:
    """Files that end a start, and the words of the line that says so; ``{}`` is their folder."""

    files: dict[str, str]
    words: tuple[str, ...]


COMPONENT = """\
apiVersion: dapr.io/v1alpha1
kind: Component
metadata:
  name: {name}
spec:
  type: {type}
  version: v1
  metadata: {metadata}
"""


def a_component(name: str, type_: str, metadata: str = "[]") -> str:
    return COMPONENT.format(name=name, type=type_, metadata=metadata)


FAULTS = {
    "a failing init": Fault(
        {"a.yaml": a_component("one", "state.in-memory") + "---\n" + a_component("db", "state.sqlite")},
        (
            "Fatal error from runtime: process component db error: [INIT_COMPONENT_FAILURE]: ",
            "initialization error occurred for db (state.sqlite/v1): ",
            "connectionString is missing; set it under spec.metadata",
            "[{}/a.yaml, document 2, line 10]",
        ),
    ),
    "an unknown block": Fault(
        {"a.yaml": a_component("flow", "workflow.dapr")},
        ("process component flow error: incorrect type workflow.dapr", "[{}/a.yaml, document 1, line 1]"),
    ),
    "a secret store that is not there": Fault(
        {
            "a.yaml": a_component("store", "state.in-memory", "[{name: a, secretKeyRef: {name: b, key: c}}]")
            + "auth:\n  secretStore: vault\n"
        },
        ("store (state.in-memory/v1) needs secrets from the secret store", "{}/a.yaml, document 1"),
    ),
    "one name twice": Fault(
        {"a.yaml": a_component("one", "state.in-memory"), "b.yaml": a_component("one", "pubsub.in-memory")},
        (
            "Fatal error from runtime: failed to load components: duplicate definition of Component name ",
            "one (pubsub.in-memory/v1) with existing one (state.in-memory/v1)",
            "{}/b.yaml, document 1, line 1: the name one is taken by {}/a.yaml, document 1, line 1",
        ),
    ),
}


def has_all(line: str, words: tuple[str, ...], folder: Path) -> None:
    for each in words:
        assert each.replace("{}", str(folder)) in line


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
async def test_fatal_fault_names_the_place(fault: Fault, resources: Path) -> None:
    for name, text in fault.files.items():
        (resources / name).write_text(text)

    async with sidecar(resources, wait=False) as running:
        assert await running.ended() == 1
        has_all(await running.said("level=fatal"), fault.words, resources)


async def test_missing_path_ends_the_start(tmp_path: Path) -> None:
    async with sidecar(tmp_path / "nowhere", wait=False) as running:
        assert await running.ended() == 1
        fatal = await running.said("level=fatal", "failed to load components: ")

    assert f"{tmp_path}/nowhere: cannot be read, wanted a folder or a file: No such file" in fatal


async def test_faulty_configuration_ends_the_start(resources: Path, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("apiVersion: dapr.io/v1alpha1\nkind: Configuration\nspec:\n  tracing: [\n")
    async with sidecar(resources, flags=[f"--config={file}"], wait=False) as running:
        assert await running.ended() == 1
        await running.said(
            "level=fatal", "error loading configuration: ", f"{file}, document 1, line 4: no YAML"
        )


async def test_broken_document_costs_no_other(resources: Path) -> None:
    (resources / "a.yaml").write_text("kind: [\n---\n" + a_component("one", "state.in-memory"))
    async with sidecar(resources) as running:
        await running.said("level=error", f"{resources}/a.yaml, document 1, line 1: no YAML", "left out")
        assert (await running.call("GET", "/v1.0/state/one/k")).status == 204


@pytest.mark.slow
async def test_taken_port_names_flag_and_port(resources: Path) -> None:
    async with sidecar(resources) as first:
        for flag, port in (("--dapr-http-port", first.http_port), ("--dapr-grpc-port", first.grpc_port)):
            async with sidecar(resources, flags=[f"{flag}={port}"], wait=False) as second:
                assert await second.ended() == 1
                fatal = await second.said(
                    "level=fatal", f"{flag}={port}: cannot listen on 127.0.0.1:{port}: "
                )
                assert "another sidecar may be using it" in fatal


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sidecar]:
    """A sidecar with one store."""
    folder = tmp_path_factory.mktemp("resources")
    component(folder, "store", "state.in-memory")
    async with sidecar(folder) as running:
        yield running


async def answered(running: Sidecar, method: str, path: str, body: bytes = b"") -> tuple[int, str, str]:
    answer = await running.call(method, path, body if method != "GET" else None)
    said = answer.json()
    return answer.status, said["errorCode"], said["message"]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("request_", "status", "code", "words"),
    [
        (("POST", "/v1.0/state/store", b"{"), 400, "ERR_MALFORMED_REQUEST", ("HTTP body", "line 1 column 2")),
        (("POST", "/v1.0/state/store", b'[{"value": 1}]'), 400, "ERR_MALFORMED_REQUEST", ("key",)),
        (("POST", "/v1.0/state/nope", b"[]"), 400, "ERR_STATE_STORE_NOT_FOUND", ("nope",)),
        (
            ("POST", "/v1.0/state/store/transaction", b"["),
            400,
            "ERR_MALFORMED_REQUEST",
            ("HTTP body", "line 1 column 2"),
        ),
        (("POST", "/v1.0/publish/nope/topic", b"{}"), 404, "ERR_PUBSUB_NOT_FOUND", ("nope",)),
        (("POST", "/v1.0/bindings/nope", b"{}"), 500, "ERR_INVOKE_OUTPUT_BINDING", ("nope",)),
        (
            ("GET", "/v1.0/secrets/nope/key"),
            500,
            "ERR_SECRET_STORES_NOT_CONFIGURED",
            ("secret store is not configured",),
        ),
    ],
)
async def test_broken_request_is_answered(
    shared: Sidecar, request_: tuple[str, str, bytes], status: int, code: str, words: tuple[str, ...]
) -> None:
    found = await answered(shared, *request_)

    assert found[:2] == (status, code)
    for each in words:
        assert each in found[2]
