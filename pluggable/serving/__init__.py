"""Components on sockets, for a daprd or a sidecar of ours to find."""

from __future__ import annotations

from .running import serve as serve
from .server import ComponentServer as ComponentServer
