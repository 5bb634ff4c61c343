"""
Fixtures for tests: a component over a real socket, what goes wrong there, what it delivers, and a sidecar.

A component's test reads the same for the class itself and for what a sidecar sees of it. Each fixture is an
``async with``, and leaves nothing behind.
"""

from __future__ import annotations

from .faults import Faults as Faults
from .inbox import Inbox as Inbox, reading as reading, subscribed as subscribed
from .serving import connected as connected, served as served
from .sidecar import Sidecar as Sidecar, SidecarError as SidecarError, sidecar as sidecar
