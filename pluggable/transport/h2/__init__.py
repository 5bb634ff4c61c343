"""HTTP/2 without what is sent over it: connections, streams and windows, framed by libnghttp2."""

from __future__ import annotations

from .bounds import Bounds as Bounds
from .connection import Connection as Connection
from .endpoint import Endpoint as Endpoint, named as named
from .listener import Listener as Listener
from .stream import Fields as Fields, Stream as Stream
