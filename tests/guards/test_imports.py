"""What an import costs: nothing that its user did not ask for."""

from __future__ import annotations

import subprocess
import sys

import pytest


def loaded(statement: str) -> set[str]:
    """Return the modules that a fresh interpreter has after the statement."""
    program = f"import sys; {statement}; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "heavy", ["grpc", "ngh2", "yaml", "sqlalchemy", "uvloop", "httptools", "google.protobuf", "opentelemetry"]
)
def test_importing_pluggable_is_light(heavy: str) -> None:
    assert heavy not in loaded("import pluggable")


def test_serving_loads_no_runtime_messages() -> None:
    modules = loaded("import pluggable, pluggable.serving")

    assert not {name for name in modules if "runtime.v1" in name}


def test_serving_loads_no_telemetry_unasked() -> None:
    modules = loaded("import pluggable.serving.services, pluggable.serving.running, pluggable.serving.child")

    assert not {name for name in modules if name.startswith(("opentelemetry", "pluggable.serving.otel"))}


def test_sidecar_needs_no_official_client() -> None:
    modules = loaded("import pluggable.runtime.app, pluggable.runtime.sidecar")

    assert not {name for name in modules if name == "dapr" or name.startswith("dapr.")}


@pytest.mark.parametrize("needless", ["asyncio", "dataclasses", "pluggable.state"])
def test_importing_pluggable_imports_nothing_else(needless: str) -> None:
    assert needless not in loaded("import pluggable")


def test_nothing_keeps_the_fork_server_waiting() -> None:
    modules = loaded("import pluggable.cli.runtime, pluggable.runtime.children.forkserver")

    assert not modules & {"asyncio", "uvloop", "yaml", "google.protobuf", "importlib.metadata"}


def test_what_forks_has_what_components_share_alone() -> None:
    modules = loaded("from pluggable.serving import forking; forking.import_shared()")

    assert {"pluggable.serving.state", "pluggable.transport.ngh2", "uvloop"} <= modules
    assert not {
        name
        for name in modules
        if name.startswith(("grpc", "sqlite3", "pluggable_servers", "pluggable.runtime", "pluggable.crypto"))
    }


def test_sidecar_starts_without_the_messages_of_other_blocks() -> None:
    modules = loaded("import pluggable.runtime.app, pluggable.runtime.sidecar")

    assert not modules & {"pluggable.remote.crypto", "pluggable.remote.conversation", "pluggable.remote.lock"}


@pytest.mark.parametrize(
    "rare",
    [
        *("cryptography", "pluggable.crypto", "pluggable.cryptokeys", "pluggable.conversation"),
        *("pluggable.runtime.pii", "pluggable.runtime.blocks.vault", "google.protobuf.json_format"),
    ],
)
def test_sidecar_starts_without_what_few_need(rare: str) -> None:
    started = "import pluggable.runtime.app, pluggable.runtime.sidecar, pluggable.runtime.api.grpc"

    assert rare not in loaded(f"{started}, pluggable.runtime.api.http")


def test_sidecar_starts_without_messages_that_few_send() -> None:
    modules = loaded("import pluggable.runtime.api.grpc, pluggable.runtime.api.http")

    assert not {name for name in modules if name.endswith((".ai_pb2", ".crypto_pb2"))}
