"""Fixtures that every test may use."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# Peers of our transport are on gRPC in many a test, and a fork must not wait for their threads.
import pluggable.transport.grpcio  # noqa: F401
from tests.programs import go_built

#: A module all of whose tests are slow says so at its top.
_SLOW_AS_A_WHOLE = re.compile(rb"^pytestmark = .*\bmark\.slow\b", re.MULTILINE)
GO_COMPONENT = Path(__file__).parent / "e2e" / "gocomponent"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave modules unread of which nothing would be run: each worker would import what they need."""
    if config.option.markexpr != "not slow" or collection_path.suffix != ".py":
        return None
    return True if _SLOW_AS_A_WHOLE.search(collection_path.read_bytes()) else None


@pytest.fixture
def socket_folder() -> Iterator[Path]:
    """A folder whose path leaves room for a socket's name, which one under ``tmp_path`` does not."""
    with tempfile.TemporaryDirectory(prefix="pl-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def go_component(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A component built with the Go SDK; its socket is ``gomem.sock``."""
    return go_built(GO_COMPONENT, ".", tmp_path_factory.mktemp("go") / "gomem")


@pytest.fixture(scope="session")
def go_etags(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A component built with the Go SDK that claims ETags; its socket is ``goetags.sock``."""
    return go_built(GO_COMPONENT, "./etags", tmp_path_factory.mktemp("go") / "goetags")
