"""A component that is started again whenever its source changes: who watches it, and what is watched."""

from __future__ import annotations

from .restarting import Restarting as Restarting
from .watched import Parent as Parent, run_watched as run_watched
