"""
Checks of what a component on a socket promises, in whatever language it is written.

A library (``async with Kit(profile) as kit``), pytest items (``--pluggable-socket``) and a command
(``pluggable conformance``). Only what every component has is relied on: Dapr's protocol, and reflection.
"""

from __future__ import annotations

from .check import Check as Check, ViolationError as ViolationError, check as check
from .keys import Key as Key
from .kit import Kit as Kit
from .profile import Profile as Profile
from .report import Outcome as Outcome, Report as Report, Result as Result
