"""``pluggable-runtime``: the sidecar with daprd's flags."""

from __future__ import annotations

import asyncio
import os
import sys

from .version import DISTRIBUTION, version

USAGE_STATUS = 64


def main() -> int:
    """Run the sidecar until it is told to stop; the exit code is daprd's: 0, or 1 after a fatal error."""
    words = sys.argv[1:]
    if "--version" in words:
        sys.stdout.write(f"{version()}\n")
        return 0
    try:
        import uvloop

        from ..runtime.app import run
        from ..runtime.flags import FlagError, parse, usage
        from ..runtime.logs import setup
    except ModuleNotFoundError as error:
        return _fail(f"{error}; install what the sidecar needs: pip install '{DISTRIBUTION}[runtime]'", 1)
    if {"--help", "-help", "-h"} & set(words):
        sys.stdout.write(f"usage: pluggable-runtime --app-id=NAME [FLAGS]\n\n{usage()}\n")
        return 0
    try:
        config = parse(words, os.environ)
    except FlagError as error:
        return _fail(str(error), USAGE_STATUS)
    setup(config)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run(config))


def _fail(text: str, status: int) -> int:
    sys.stderr.write(f"pluggable-runtime: {text}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
