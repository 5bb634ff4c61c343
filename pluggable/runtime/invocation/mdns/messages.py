"""Messages of DNS as multicast DNS uses them: questions, and records of the few kinds that name a service."""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass
from typing import Final

A: Final = 1
PTR: Final = 12
TXT: Final = 16
AAAA: Final = 28
SRV: Final = 33
ANY: Final = 255
#: Who asks wants to be answered directly, and who answers says all that there is: the same bit of a class.
_TOP_BIT: Final = 0x8000
_INTERNET: Final = 1
_RESPONSE: Final = 0x8400

_HEAD: Final = struct.Struct(">6H")
_QUESTION: Final = struct.Struct(">HH")
_RECORD: Final = struct.Struct(">HHIH")
_SRV: Final = struct.Struct(">HHH")
#: Bounds of what is read: labels, a name, and entries of one message.
_NAME_BYTES: Final = 255
_LABEL_BYTES: Final = 63
MOST_ENTRIES: Final = 256

#: A name, label by label. Labels may hold anything, dots too.
Name = tuple[str, ...]


class UnreadableError(ValueError):
    """This is no message, or one that goes over a bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: records of a kind under a name."""

    name: Name
    kind: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One fact; of the fields below ``seconds`` those count that its kind has."""

    name: Name
    kind: int
    seconds: int
    """How long it holds; 0: no longer."""
    target: Name = ()
    """Of PTR and SRV."""
    port: int = 0
    texts: tuple[bytes, ...] = ()
    address: str = ""
    shared: bool = False
    """Others may say more of the same name and kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A question or an answer."""

    number: int = 0
    response: bool = False
    questions: tuple[Question, ...] = ()
    records: tuple[Record, ...] = ()
    """Answers first, and what was sent beside them."""

    def packed(self, answers: int | None = None) -> bytes:
        """Return it as bytes; so many of the records answer, all unless said."""
        counted = len(self.records) if answers is None else answers
        head = _HEAD.pack(
            self.number,
            _RESPONSE if self.response else 0,
            len(self.questions),
            counted,
            0,
            len(self.records) - counted,
        )
        questions = [_name(each.name) + _QUESTION.pack(each.kind, _INTERNET) for each in self.questions]
        return b"".join([head, *questions, *map(_packed, self.records)])


def read(data: bytes) -> Message:
    """
    Return the message; records of other kinds are left out.

    Raises:
        UnreadableError: it is none.
    """
    try:
        number, flags, questions, *counts = _HEAD.unpack_from(data)
        if questions + sum(counts) > MOST_ENTRIES:
            raise UnreadableError(f"it has more than {MOST_ENTRIES} entries")
        at, asked, found = _HEAD.size, [], []
        for _ in range(questions):
            name, at = _read_name(data, at)
            kind, _ = _QUESTION.unpack_from(data, at)
            at += _QUESTION.size
            asked.append(Question(name=name, kind=kind))
        for _ in range(sum(counts)):
            record, at = _read_record(data, at)
            if record is not None:
                found.append(record)
    except (struct.error, IndexError) as error:
        raise UnreadableError(f"it is cut off: {error}") from error
    return Message(number=number, response=bool(flags >> 15), questions=tuple(asked), records=tuple(found))


def _packed(record: Record) -> bytes:
    match record.kind:
        case _ if record.kind == PTR:
            data = _name(record.target)
        case _ if record.kind == SRV:
            data = _SRV.pack(0, 0, record.port) + _name(record.target)
        case _ if record.kind == TXT:
            data = b"".join(bytes((len(text),)) + text for text in record.texts) or b"\0"
        case _:
            data = ipaddress.ip_address(record.address).packed
    kind = _INTERNET | (0 if record.shared else _TOP_BIT)
    return _name(record.name) + _RECORD.pack(record.kind, kind, record.seconds, len(data)) + data


def _name(name: Name) -> bytes:
    labels = [label.encode()[:_LABEL_BYTES] for label in name]
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\0"


def _read_record(data: bytes, at: int) -> tuple[Record | None, int]:
    name, at = _read_name(data, at)
    kind, _, seconds, size = _RECORD.unpack_from(data, at)
    at += _RECORD.size
    end = at + size
    if end > len(data):
        raise UnreadableError("a record is cut off")
    match kind:
        case _ if kind == PTR:
            target, _ = _read_name(data, at)
            return Record(name=name, kind=kind, seconds=seconds, target=target), end
        case _ if kind == SRV:
            _, _, port = _SRV.unpack_from(data, at)
            target, _ = _read_name(data, at + _SRV.size)
            return Record(name=name, kind=kind, seconds=seconds, target=target, port=port), end
        case _ if kind == TXT:
            return Record(name=name, kind=kind, seconds=seconds, texts=_texts(data[at:end])), end
        case _ if (kind == A and size == 4) or (kind == AAAA and size == 16):
            address = str(ipaddress.ip_address(data[at:end]))
            return Record(name=name, kind=kind, seconds=seconds, address=address), end
    return None, end


def _texts(data: bytes) -> tuple[bytes, ...]:
    found, at = [], 0
    while at < len(data):
        end = at + 1 + data[at]
        found.append(data[at + 1 : end])
        at = end
    return tuple(found)


def _read_name(data: bytes, at: int) -> tuple[Name, int]:
    """Read a name, parts of which may stand before it, and return it with the place behind it."""
    labels: list[str] = []
    behind, size, before = 0, 0, at
    while length := data[at]:
        if length >> 6 == 3:
            behind = behind or at + 2
            at = (length & 0x3F) << 8 | data[at + 1]
            if at >= before:
                raise UnreadableError("a name goes on behind itself")
            before = at
            continue
        if length > _LABEL_BYTES or (size := size + length + 1) > _NAME_BYTES:
            raise UnreadableError("a name is too long")
        label = data[at + 1 : at + 1 + length]
        if len(label) < length:
            raise UnreadableError("a name is cut off")
        labels.append(label.decode("utf-8", "replace"))
        at += 1 + length
    return tuple(labels), behind or at + 1


def same(one: Name, other: Name) -> bool:
    """Whether two names are one, in whichever case they are written."""
    return len(one) == len(other) and all(a.lower() == b.lower() for a, b in zip(one, other, strict=True))
