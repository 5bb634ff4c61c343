"""Which transport is used."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SHOW = "from pluggable import transport; print(type(transport.server({})).__name__)"
WITHOUT = "import sys; sys.modules['ngh2'] = None; "


def show(asked: str, program: str = SHOW) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PLUGGABLE_TRANSPORT": asked}
    return subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(("asked", "used"), [("grpcio", "GrpcioServer"), ("ngh2", "Ngh2Server")])
def test_environment_chooses(asked: str, used: str) -> None:
    assert show(asked).stdout.strip() == used


def test_libnghttp2_is_the_default() -> None:
    assert show("").stdout.strip() == "Ngh2Server"


def test_unknown_transport_is_named() -> None:
    assert 'PLUGGABLE_TRANSPORT is "carrier-pigeon"; use "grpcio" or "ngh2"' in show("carrier-pigeon").stderr


@pytest.mark.parametrize("asked", ["", "ngh2"])
def test_missing_one_is_replaced_with_a_word(asked: str) -> None:
    done = show(asked, WITHOUT + SHOW + "; transport.server({})")

    assert done.stdout.strip() == "GrpcioServer"
    assert done.stderr.count("calls go over grpcio") == 1
    assert "ngh2 cannot be loaded" in done.stderr


@pytest.mark.parametrize(("asked", "other"), [("ngh2", "grpc"), ("grpcio", "ngh2")])
def test_only_the_one_in_use_is_loaded(asked: str, other: str) -> None:
    program = SHOW + f"; import sys; print({other!r} in sys.modules)"

    assert show(asked, program).stdout.split()[1] == "False"
