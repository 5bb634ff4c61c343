"""
Values as daprd keeps them in etcd: bare in version 1, in an envelope with their life in version 2.

Facts: components-contrib ``state/etcd/schema.go``.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from datetime import UTC, datetime
from typing import Final

from google.protobuf.message import DecodeError

from pluggable.errors import ComponentError
from pluggable.metadata import NO_METADATA
from pluggable.state import GetResponse

from .. import ttl
from ._proto import etcd_pb2 as pb

_NANOS: Final = 1_000_000_000
#: The last time that has a date, which an answer can show.
_LAST: Final = datetime(9999, 12, 31, tzinfo=UTC).timestamp()


class Layout(ABC):
    """How a value is kept."""

    @abstractmethod
    def encoded(self, data: bytes, seconds: int | None) -> bytes:
        """Return what to keep for a value that lives so long, ``None`` for ever."""

    @abstractmethod
    def decoded(self, key: str, found: pb.KeyValue) -> GetResponse | ComponentError:
        """Return what was kept, or why it cannot be told."""


class First(Layout):
    """Version 1: the value, and nothing beside it."""

    def encoded(self, data: bytes, seconds: int | None) -> bytes:
        return data

    def decoded(self, key: str, found: pb.KeyValue) -> GetResponse | ComponentError:
        return GetResponse(data=found.value, etag=str(found.mod_revision))


class Second(Layout):
    """Version 2: an envelope that tells when the value was written, and how long it lives."""

    def encoded(self, data: bytes, seconds: int | None) -> bytes:
        now, nanos = divmod(time.time_ns(), _NANOS)
        value = pb.Value(data=data, ts=pb.Seconds(seconds=now, nanos=nanos))
        if seconds is not None:
            value.ttl.seconds = seconds
        return value.SerializeToString()

    def decoded(self, key: str, found: pb.KeyValue) -> GetResponse | ComponentError:
        try:
            value = pb.Value.FromString(found.value)
        except DecodeError:
            return ComponentError(
                f'"{key}" has no value of version 2 in etcd; what version 1 wrote is read with version: v1'
            )
        # daprd writes a life of 0 where there is no end.
        end = value.ts.seconds + value.ttl.seconds
        lives = value.ttl.seconds > 0 and end < _LAST
        shown = ttl.shown(datetime.fromtimestamp(end, UTC)) if lives else NO_METADATA
        return GetResponse(data=value.data, etag=str(found.mod_revision), metadata=shown)
