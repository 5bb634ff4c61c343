"""
How metadata becomes a record's key, partition and headers, and back.

Facts: components-contrib ``common/component/kafka/{producer,consumer,partitioner}.go``, sarama
``partitioner.go``: the partition of a key is neither that of Kafka's own client nor librdkafka's.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import quote_plus

from pluggable.errors import InvalidRequestError, UnsupportedError

#: What a key may be called in metadata; the first found counts.
KEYS: Final = ("partitionKey", "__key")
PARTITION: Final = "partitionNumber"
SCHEMA: Final = "valueschematype"
#: What stands for no value at all, in both directions.
NULL: Final = b"null"
_NAME: Final = re.compile(r"[a-zA-Z0-9._-]{1,249}")
_LARGEST: Final = 2**31 - 1
#: A batch begins with 61 bytes, and 21 more at most are around a record's key and value.
_AROUND: Final = 82


class Record(Protocol):
    """What this module reads of a record received."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int:
        """Milliseconds since 1970."""

    @property
    def key(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A record to publish."""

    value: bytes | None
    key: bytes | None = None
    partition: int | None = None
    headers: tuple[tuple[str, bytes], ...] = ()

    @property
    def size(self) -> int:
        """How many bytes it has as the only one of its batch, or hardly less."""
        size = _AROUND + len(self.value or b"") + len(self.key or b"")
        for name, value in self.headers:
            size += len(name) + len(value)
        return size


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How a component maps metadata to headers."""

    excluded: re.Pattern[str] | None = None
    escaped: bool = False

    def outgoing(self, data: bytes, metadata: Mapping[str, str]) -> Outgoing:
        """
        Return the record for data with metadata, every pair of which is a header too.

        Raises:
            InvalidRequestError: ``partitionNumber`` is none.
            UnsupportedError: a schema is asked for.
        """
        value = None if data == NULL else data
        if not metadata:
            return Outgoing(value=value)
        refuse_schema(metadata)
        key = next((metadata[name] for name in KEYS if name in metadata), None)
        number = metadata.get(PARTITION)
        return Outgoing(
            value=value,
            key=None if key is None else key.encode(),
            partition=None if number is None else _partition(number),
            headers=tuple(
                (name, value.encode()) for name, value in metadata.items() if not self._left_out(name)
            ),
        )

    def metadata(self, record: Record) -> dict[str, str]:
        """Return what a record received says of itself; a header of an equal name counts more."""
        found = {
            "__offset": str(record.offset),
            "__topic": record.topic,
            "__timestamp": str(record.timestamp),
            "__partition": str(record.partition),
        }
        if record.key is not None:
            found["__key"] = self._text(record.key)
        for name, value in record.headers:
            if not self._left_out(name):
                found[name] = self._text(value or b"")
        return found

    def _left_out(self, name: str) -> bool:
        return self.excluded is not None and self.excluded.search(name) is not None

    def _text(self, value: bytes) -> str:
        # Escaped like Go's url.QueryEscape: a space is +, and only letters, digits and -_.~ stay.
        return quote_plus(value) if self.escaped else value.decode(errors="replace")


def refuse_schema(metadata: Mapping[str, str]) -> None:
    """
    Refuse metadata that asks for values under a schema.

    Raises:
        UnsupportedError: it does.
    """
    for name, value in metadata.items():
        if name.lower() == SCHEMA and value.lower() not in ("", "none"):
            raise UnsupportedError(
                f'valueSchemaType is "{value}"; values under a schema are not supported here'
            )


def see_name(topic: str) -> None:
    """
    Refuse what no topic can be called; a client that once asked for it would ask for it for ever.

    Raises:
        InvalidRequestError: it is such a name.
    """
    if not _NAME.fullmatch(topic) or topic in (".", ".."):
        raise InvalidRequestError(
            f'"{topic}" is no name for a topic of Kafka, wanted 1 to 249 letters, digits, dots, _ and -'
        )


def partition_of(key: bytes | None, partitions: Sequence[int], available: Sequence[int]) -> int:
    """Return the partition where daprd puts a key; without a key any that takes messages now."""
    if key is None:
        return random.choice(available or partitions)
    hashed = fnv1a(key)
    signed = hashed - 2**32 if hashed >= 2**31 else hashed
    # The remainder of a negative number is negative in Go, and its sign is dropped.
    return sorted(partitions)[abs(signed) % len(partitions)]


def fnv1a(data: Iterable[int]) -> int:
    """Return the 32-bit FNV-1a hash."""
    hashed = 0x811C9DC5
    for byte in data:
        hashed = ((hashed ^ byte) * 0x01000193) & 0xFFFFFFFF
    return hashed


def _partition(text: str) -> int:
    if not re.fullmatch(r"\+?[0-9]+", text) or int(text) > _LARGEST:
        raise InvalidRequestError(f'partitionNumber is "{text}", wanted a number from 0')
    return int(text)
