"""Inputs that nobody should send: made from a message's descriptor, from the corpus, or from nothing."""

from __future__ import annotations

import random
import string
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from pluggable._wire import names
from pluggable.transport import Pairs

#: A file a method; a line an input in hexadecimal. What once failed is added here.
CORPUS: Final = Path(__file__).parent / "corpus"
DEEPEST: Final = 4
_NUMBERS: Final = (0, 1, -1, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63), 1000)
_TEXTS: Final = (
    "",
    "k",
    "etag",
    "bad-etag",
    "\x00",
    "a||b",
    "%_\\",
    "-1",
    "ttlInSeconds",
    "1e999",
    "ü" * 300,
)
_UNSIGNED: Final = {FieldDescriptor.CPPTYPE_UINT32: 2**32 - 1, FieldDescriptor.CPPTYPE_UINT64: 2**64 - 1}


def corpus(service: str, method: str) -> list[bytes]:
    """Return the committed inputs of a method."""
    path = CORPUS / f"{service.rpartition('.')[2]}.{method}.txt"
    return [bytes.fromhex(line) for line in path.read_text().splitlines() if not line.startswith("#")]


class Inputs:
    """What one method is sent; the same for the same seed."""

    def __init__(self, kind: Descriptor, corpus: Sequence[bytes], seed: str) -> None:
        self.random = random.Random(seed)
        self._kind = kind
        self._corpus = corpus

    def request(self) -> bytes:
        """Return one request: a message, a spoilt one, or noise."""
        match self.random.randrange(10):
            case 0 | 1 | 2:
                return self.message()
            case 3:
                return self.random.randbytes(self.random.randrange(64))
            case 4:
                return self._nested(self.random.randrange(1, 200))
            case 5:
                return self.random.choice(self._corpus)
            case _:
                return self._spoilt(bytearray(self.random.choice(self._corpus)))

    def message(self) -> bytes:
        """Return a message of the right kind, with strange contents."""
        return self._message(self._kind, 0).SerializeToString()

    def metadata(self) -> Pairs:
        """Return headers, mostly those of a sidecar."""
        chance = self.random.random()
        if chance < 0.7:
            return [(names.INSTANCE_HEADER, "orders")]
        pairs: list[tuple[str, str | bytes]] = []
        if chance < 0.9:
            pairs.append((names.INSTANCE_HEADER, self._header()))
        for _ in range(self.random.randrange(4)):
            if self.random.random() < 0.3:
                pairs.append(("x-noise-bin", self.random.randbytes(self.random.randrange(40))))
            else:
                pairs.append(
                    (self.random.choice((names.CLIENT_HEADER, "traceparent", "x-noise")), self._header())
                )
        return pairs

    def _header(self) -> str:
        return "".join(self.random.choices(string.printable[:94], k=self.random.randrange(60)))

    def _message(self, kind: Descriptor, depth: int) -> Message:
        message = GetMessageClass(kind)()
        for field in kind.fields:
            if self.random.random() < 0.35 or (depth >= DEEPEST and field.message_type is not None):
                continue
            self._fill(message, field, depth)
        return message

    def _fill(self, message: Any, field: FieldDescriptor, depth: int) -> None:
        entry = field.message_type
        if entry is not None and entry.GetOptions().map_entry:
            value = entry.fields_by_name["value"]
            for _ in range(self.random.randrange(3)):
                target = getattr(message, field.name)
                if value.message_type is None:
                    target[self._text()] = self._scalar(value)
                else:
                    target[self._text()].CopyFrom(self._message(value.message_type, depth + 1))
        elif field.is_repeated:
            for _ in range(self.random.randrange(4)):
                if entry is None:
                    getattr(message, field.name).append(self._scalar(field))
                else:
                    getattr(message, field.name).add().CopyFrom(self._message(entry, depth + 1))
        elif entry is not None:
            getattr(message, field.name).CopyFrom(self._message(entry, depth + 1))
        else:
            setattr(message, field.name, self._scalar(field))

    def _scalar(self, field: FieldDescriptor) -> Any:
        kind = field.cpp_type
        if kind == FieldDescriptor.CPPTYPE_STRING:
            return self._text() if field.type == FieldDescriptor.TYPE_STRING else self.random.randbytes(9)
        if kind == FieldDescriptor.CPPTYPE_BOOL:
            return self.random.random() < 0.5
        if kind in (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT):
            return self.random.choice((0.0, -1.5, float("inf"), float("nan")))
        if kind in _UNSIGNED:
            return self.random.choice((0, 1, _UNSIGNED[kind]))
        if kind == FieldDescriptor.CPPTYPE_ENUM:
            return self.random.choice((0, 1, 2, 2**31 - 1, -1))
        number = self.random.choice(_NUMBERS)
        return number if kind == FieldDescriptor.CPPTYPE_INT64 else max(-(2**31), min(2**31 - 1, number))

    def _text(self) -> str:
        return self.random.choice(_TEXTS)

    def _nested(self, depth: int) -> bytes:
        """Return the first field as a message in a message in a message …; protobuf refuses the deepest."""
        data = b""
        for _ in range(depth):
            size = len(data)
            length = bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])
            data = b"\x0a" + length + data
        return data

    def _spoilt(self, data: bytearray) -> bytes:
        for _ in range(self.random.randrange(1, 5)):
            place = self.random.randrange(len(data) + 1)
            match self.random.randrange(5):
                case 0:
                    data[place : place + 1] = bytes([self.random.randrange(256)])
                case 1:
                    del data[place : place + self.random.randrange(1, 8)]
                case 2:
                    data[place:place] = self.random.randbytes(self.random.randrange(1, 8))
                case 3:
                    del data[place:]
                case _:
                    data[place:place] = self.random.choice(self._corpus)
        return bytes(data)
