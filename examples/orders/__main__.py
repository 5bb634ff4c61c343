"""Runs the order desk as a user would: ``pluggable run`` on SQLite, then on another store by YAML alone."""

from __future__ import annotations

import difflib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
STORES = ("sqlite", "in-memory")


def free_port() -> int:
    """Return a port for the application."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        return int(holder.getsockname()[1])


def run(store: str, folder: Path) -> int:
    """Run the application with its sidecar, on a store of the given kind, in a folder of its own."""
    resources = folder / "resources"
    shutil.copytree(HERE / "components", resources)
    shutil.copy(HERE / "stores" / f"{store}.yaml", resources / "store.yaml")
    shutil.copy(HERE / "secrets.json", folder)
    words = ["run", "--app-id", "orders", "--app-port", str(free_port()), "--resources-path", "resources"]
    words += ["--log-level", "warn", "--", "python", "-m", "examples.orders.app"]
    print(f"$ pluggable {' '.join(words)}", flush=True)
    here = Path(sys.executable).parent
    paths = {"PATH": f"{here}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "pluggable.cli.main", *words],
        check=False,
        cwd=folder,
        env={**os.environ, **paths},
    ).returncode


def main() -> int:
    """Run the desk on each store and show what changes between them."""
    for number, store in enumerate(STORES):
        if number:
            show_change(STORES[number - 1], store)
        with tempfile.TemporaryDirectory(prefix="orders-") as folder:
            if code := run(store, Path(folder)):
                print(f"the order desk failed with exit code {code}")
                return code
    return 0


def show_change(before: str, after: str) -> None:
    """Print what is different in the YAML of two stores."""
    print(f"\nThe same application on state.{after}; what changes is YAML alone:")
    files = [HERE / "stores" / f"{store}.yaml" for store in (before, after)]
    sys.stdout.writelines(
        difflib.unified_diff(*(file.read_text().splitlines(keepends=True) for file in files), n=1)
    )
    print(flush=True)


if __name__ == "__main__":
    sys.exit(main())
