"""``pluggable-runtime``: the sidecar with daprd's flags."""

from __future__ import annotations

import asyncio
import os
import sys

from .version import version


def main() -> int:
    """Run the sidecar until it is told to stop; the exit code is daprd's: 0, or 1 after a fatal error."""
    words = sys.argv[1:]
    if "--version" in words:
        sys.stdout.write(f"{version()}\n")
        return 0
    import uvloop

    from ..runtime.app import run
    from ..runtime.flags import FlagError, parse
    from ..runtime.logs import setup

    try:
        config = parse(words, os.environ)
    except FlagError as error:
        sys.stderr.write(f"pluggable-runtime: {error}\n")
        return 64
    setup(config)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run(config))


if __name__ == "__main__":
    sys.exit(main())
