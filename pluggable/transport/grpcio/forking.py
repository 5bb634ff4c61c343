"""
Forks of a process that has gRPC in it.

A child that was just forked runs Python for a moment, be it to execute another program. Should that be the
moment in which garbage is collected, and gRPC's objects are among it, these wait for their threads, which no
child has: it spins for ever, and whoever waits for it too.
"""

from __future__ import annotations

import gc
import os


class _Collection:
    """Garbage of before a fork is collected in the parent alone."""

    def __init__(self) -> None:
        self._collects = True

    def hold(self) -> None:
        self._collects = gc.isenabled()
        gc.disable()

    def go_on(self) -> None:
        if self._collects:
            gc.enable()

    def begin_anew(self) -> None:
        gc.freeze()
        self.go_on()


def register() -> None:
    """Have it so for all forks of this process from now on."""
    collection = _Collection()
    os.register_at_fork(
        before=collection.hold, after_in_parent=collection.go_on, after_in_child=collection.begin_anew
    )
