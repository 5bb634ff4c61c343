"""What a request's header fields say of its call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ..calls import Pairs
from ..h2 import Fields
from ..status import Code, StatusError
from .headers import Sent, metadata_of, size_of
from .messages import ACCEPTED, understood
from .timeouts import timeout_seconds

#: Callers repeat themselves, so what was read is kept: so many lists, none with more fields or bytes.
_KEPT: Final = 256
_KEPT_FIELDS: Final = 24
_KEPT_BYTES: Final = 3072


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A call that can be answered."""

    method: str
    metadata: Mapping[str, str | bytes]
    pairs: Pairs
    """The same, with every value of a repeated name."""
    encoding: bytes


class NoGrpcError(Exception):
    """A request that is none of gRPC's, and is answered by HTTP alone."""

    def __init__(self, status: int) -> None:
        super().__init__(f"answered with HTTP {status}")
        self.status = status


class RefusedError(StatusError):
    """A call that cannot be answered, with what has to be said beside its status."""

    def __init__(self, code: Code, message: str, metadata: Sent | None = None) -> None:
        super().__init__(code, message)
        self.metadata: Sent = metadata or []


class Heads:
    """Reads heads, and knows again those that it has read; a deadline, which is never the same, apart."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._read: dict[Fields, Head] = {}

    def of(self, fields: Fields) -> tuple[Head, float | None]:
        """
        Return what the fields of a request say, and in how many seconds it is to be answered.

        Raises:
            NoGrpcError: it is no call.
            RefusedError: its metadata is too large, that or its deadline cannot be read, or its messages will
                not be.
        """
        for at, (name, value) in enumerate(fields):
            if name == b"grpc-timeout":
                head = self._known(fields[:at] + fields[at + 1 :])
                try:
                    return head, timeout_seconds(value)
                except ValueError as error:
                    raise RefusedError(Code.INTERNAL, str(error)) from error
        return self._known(fields), None

    def _known(self, fields: Fields) -> Head:
        head = self._read.get(fields)
        if head is None:
            size = size_of(fields)
            if size > self._largest:
                raise _too_large(size, self._largest)
            head = _head(fields)
            if len(fields) <= _KEPT_FIELDS and size <= _KEPT_BYTES:
                if len(self._read) >= _KEPT:
                    self._read.clear()
                self._read[fields] = head
        return head


def _too_large(size: int, largest: int) -> RefusedError:
    text = f"the metadata has {size} bytes, with those of the call; at most {largest} are read"
    return RefusedError(Code.RESOURCE_EXHAUSTED, text)


def _head(fields: Fields) -> Head:
    found = dict(fields)
    if found.get(b":method") != b"POST":
        raise NoGrpcError(405)
    if not found.get(b"content-type", b"").startswith(b"application/grpc"):
        raise NoGrpcError(415)
    encoding = found.get(b"grpc-encoding", b"identity")
    if not understood(encoding):
        text = f"messages in {encoding.decode('latin-1')!r} cannot be read; {ACCEPTED.decode()} can"
        raise RefusedError(Code.UNIMPLEMENTED, text, [(b"grpc-accept-encoding", ACCEPTED)])
    try:
        pairs = metadata_of(fields)
        return Head(
            method=found[b":path"].decode("utf-8", "replace"),
            metadata=MappingProxyType(dict(pairs)),
            pairs=pairs,
            encoding=encoding,
        )
    except ValueError as error:
        raise RefusedError(Code.INTERNAL, str(error)) from error
