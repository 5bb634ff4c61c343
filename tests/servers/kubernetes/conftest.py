"""A double of an API server: tests/backends/kubernetes.py says what it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pluggable_servers.kubernetes import access, store
from tests.backends.kubernetes import APIServer


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No pod, and no kubeconfig of whoever runs the tests."""
    for name in (access.HOST, access.PORT, store.NAMESPACE, "KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[APIServer]:
    with APIServer(tmp_path).running() as found:
        yield found
