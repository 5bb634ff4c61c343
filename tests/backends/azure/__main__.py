"""Runs the double until it is ended."""

from __future__ import annotations

import argparse
from pathlib import Path

from proton.reactor import Container

from .broker import Broker
from .entities import Namespace


def main() -> None:
    """Serve what the options say."""
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--key", required=True)
    options.add_argument("--journal", type=Path, required=True)
    options.add_argument("--lock-seconds", type=float, default=30.0)
    options.add_argument("--max-deliveries", type=int, default=10)
    options.add_argument("--quota", type=int, default=0, help="bytes that an entity holds; 0 for no limit")
    chosen = options.parse_args()
    namespace = Namespace(
        chosen.journal,
        lock_seconds=chosen.lock_seconds,
        max_deliveries=chosen.max_deliveries,
        quota=chosen.quota,
    )
    Container(Broker(chosen.port, namespace, chosen.key)).run()


if __name__ == "__main__":
    main()
