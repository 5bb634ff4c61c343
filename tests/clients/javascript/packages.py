"""Dapr's JavaScript client, installed once for this machine."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from tests.programs import needed

VERSION = "3.18.0"
INSTALLING_SECONDS = 300


def modules() -> Path:
    """Return the folder of the installed modules; they are fetched if they are not there yet."""
    cache = Path(tempfile.gettempdir()) / f"pluggable-dapr-js-{VERSION}-{os.getuid()}"
    if not cache.exists():
        with tempfile.TemporaryDirectory(prefix="pluggable-dapr-js-") as folder:
            _install(Path(folder))
            try:
                Path(folder).rename(cache)
            except OSError:  # another test was faster
                assert cache.exists()
            Path(folder).mkdir(exist_ok=True)
    assert cache.stat().st_uid == os.getuid(), f"{cache} is somebody else's"
    return cache / "node_modules"


def _install(folder: Path) -> None:
    """Fetch what the client needs; none of it runs a script of its own."""
    command = (
        needed("npm"),
        "install",
        "--prefix",
        str(folder),
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
    )
    done = subprocess.run(
        [*command, f"@dapr/dapr@{VERSION}"],
        capture_output=True,
        text=True,
        timeout=INSTALLING_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
