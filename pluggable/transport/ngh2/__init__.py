"""The transport on libnghttp2: gRPC of our own over ``..h2``."""

from __future__ import annotations

from .channel import Ngh2Channel as Ngh2Channel
from .server import Ngh2Server as Ngh2Server
