"""``pluggable-runtime``: the sidecar with daprd's flags."""

from __future__ import annotations

import asyncio
import os
import sys
from importlib.util import find_spec

from .version import DISTRIBUTION, version

USAGE_STATUS = 64
#: What the extra ``runtime`` brings; looked for here, since the sidecar imports it in the midst of its start.
NEEDED = ("uvloop", "yaml")


def main() -> int:
    """Run the sidecar until it is told to stop; the exit code is daprd's: 0, or 1 after a fatal error."""
    words = sys.argv[1:]
    if "--version" in words:
        sys.stdout.write(f"{version()}\n")
        return 0
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        what = f"{', '.join(missing)} cannot be imported"
        return _fail(f"{what}; install what the sidecar needs: pip install '{DISTRIBUTION}[runtime]'", 1)
    import uvloop

    from ..runtime.app import run
    from ..runtime.flags import FlagError, parse, usage
    from ..runtime.logs import setup

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
