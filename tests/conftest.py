"""Fixtures that every test may use."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def socket_folder() -> Iterator[Path]:
    """A folder whose path leaves room for a socket's name, which one under ``tmp_path`` does not."""
    with tempfile.TemporaryDirectory(prefix="pl-") as folder:
        yield Path(folder)
