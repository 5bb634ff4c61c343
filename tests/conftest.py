"""Fixtures that every test may use."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.programs import needed

#: Modules may have to be fetched first.
BUILD_SECONDS = 600


@pytest.fixture
def socket_folder() -> Iterator[Path]:
    """A folder whose path leaves room for a socket's name, which one under ``tmp_path`` does not."""
    with tempfile.TemporaryDirectory(prefix="pl-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def go_component(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A component built with the Go SDK; its socket is ``gomem.sock``."""
    return _go_built(".", tmp_path_factory.mktemp("go") / "gomem")


@pytest.fixture(scope="session")
def go_etags(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A component built with the Go SDK that claims ETags; its socket is ``goetags.sock``."""
    return _go_built("./etags", tmp_path_factory.mktemp("go") / "goetags")


def _go_built(package: str, binary: Path) -> Path:
    built = subprocess.run(
        [needed("go"), "build", "-o", binary, package],
        cwd=Path(__file__).parent / "e2e" / "gocomponent",
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return binary
