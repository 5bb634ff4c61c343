"""Components in a catalog for the tests of the blocks."""

from __future__ import annotations

import pytest

from tests.runtime.blocks.inmemory import Components


@pytest.fixture
def components() -> Components:
    return Components()
