"""Runs the order desk as a user would: ``pluggable run`` on SQLite, then on another store by YAML alone."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import os
import random
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
    """Return a port for the application, one that the system gives nobody who does not name it."""
    while True:
        port = random.randrange(20_000, 30_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def run(store: str, folder: Path, orders: int | None) -> int:
    """Run the application with its sidecar, on a store of the given kind, in a folder of its own."""
    resources = folder / "resources"
    shutil.copytree(HERE / "components", resources)
    shutil.copy(HERE / "stores" / f"{store}.yaml", resources / "store.yaml")
    shutil.copy(HERE / "secrets.json", folder)
    words = ["run", "--app-id", "orders", "--app-port", str(free_port()), "--resources-path", "resources"]
    words += ["--log-level", "error", "--", "python", "-m", "examples.orders.app"]
    print(f"$ pluggable {' '.join(words)}", flush=True)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path[1:]])}
    if orders is not None:
        environment["ORDERS"] = str(orders)
    command = [sys.executable, "-m", "pluggable.cli.main", *words]
    return subprocess.run(command, check=False, cwd=folder, env=environment).returncode


def show_change(before: str, after: str) -> None:
    """Print what is different in the YAML of two stores."""
    print(f"\nThe same application on state.{after}; what changes is YAML alone:\n")
    old, new = (f"stores/{store}.yaml" for store in (before, after))
    old_lines, new_lines = ((HERE / name).read_text().splitlines(keepends=True) for name in (old, new))
    sys.stdout.writelines(difflib.unified_diff(old_lines, new_lines, old, new, n=1))
    print(flush=True)


def main() -> int:
    """Run the desk on each store and show what changes between them."""
    parser = argparse.ArgumentParser(prog="python -m examples.orders", description=__doc__)
    parser.add_argument("--orders", type=int, help="how many of the file's orders are placed; default: all")
    arguments = parser.parse_args()
    for number, store in enumerate(STORES):
        if number:
            show_change(STORES[number - 1], store)
        with tempfile.TemporaryDirectory(prefix="orders-") as folder:
            if code := run(store, Path(folder), arguments.orders):
                print(f"the order desk failed with exit code {code}")
                return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
