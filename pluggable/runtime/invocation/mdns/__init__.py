"""Multicast DNS: sidecars on one network find each other, daprd's among them, with nothing configured."""

from __future__ import annotations

from .resolver import MulticastResolver as MulticastResolver
from .services import Announced as Announced
