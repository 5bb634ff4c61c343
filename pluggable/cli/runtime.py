"""``pluggable-runtime``: the sidecar with daprd's flags."""

from __future__ import annotations

import os
import signal
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..runtime.children.forkserver import ForkServer  # imported when it is needed, as all the rest

USAGE_STATUS = 64
#: What the extra ``runtime`` brings; looked for here, since the sidecar imports it in the midst of its start.
NEEDED = ("uvloop", "yaml")


def main() -> int:
    """Run the sidecar until it is told to stop; the exit code is daprd's: 0, or 1 after a fatal error."""
    words = sys.argv[1:]
    if {"--version", "--help", "-help", "-h"} & set(words):
        return _tell(words)
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        from .version import DISTRIBUTION

        what = f"{', '.join(missing)} cannot be imported"
        return _fail(f"{what}; install what the sidecar needs: pip install '{DISTRIBUTION}[runtime]'", 1)
    from ..runtime.children.forkserver import ForkServer, may_fork

    # First of all: while it imports what components need, so does this process for itself.
    server = ForkServer() if may_fork() else None
    try:
        return _run(words, server)
    finally:
        if server is not None:
            server.close()


def _run(words: list[str], server: ForkServer | None) -> int:
    from ..runtime.flags import FlagError, parse
    from ..runtime.reserving import Reservation

    try:
        config = parse(words, os.environ)
    except FlagError as error:
        return _fail(str(error), USAGE_STATUS)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    reservation = Reservation(config)  # before all the rest is even imported

    import asyncio

    import uvloop

    from ..runtime.app import run
    from ..runtime.logs import setup

    setup(config)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run(config, server, reservation))


def _leave(*_: object) -> None:
    """Leave at once, and well: nothing has begun that would have to be ended."""
    os._exit(0)


def _tell(words: list[str]) -> int:
    """Answer what is asked of the program itself."""
    if "--version" in words:
        from .version import version

        sys.stdout.write(f"{version()}\n")
        return 0
    from ..runtime.flags import usage

    sys.stdout.write(f"usage: pluggable-runtime --app-id=NAME [FLAGS]\n\n{usage()}\n")
    return 0


def _fail(text: str, status: int) -> int:
    sys.stderr.write(f"pluggable-runtime: {text}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
