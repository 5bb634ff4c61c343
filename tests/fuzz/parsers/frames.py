"""HTTP/2's frames as bytes: cutting a conversation into them, and mishaps that only such a peer can have."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

from tests.fuzz.parsers.mutation import LONGEST, mishap

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_HEAD: Final = 9
#: Every kind that is known, and some that nobody knows.
_KINDS: Final = (*range(13), 16, 0x20, 0xFF)
_STREAMS: Final = (0, 1, 2, 3, 5, 7, 9, 2**31 - 1)
_CODES: Final = (0, 1, 5, 7, 8, 11, 2**32 - 1)
_SETTINGS: Final = tuple(range(1, 10))
_VALUES: Final = (0, 1, 100, 16_383, 16_384, 65_535, 2**24 - 1, 2**24, 2**31 - 1, 2**31, 2**32 - 1)


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Return a frame."""
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def split(data: bytes) -> tuple[bytes, list[bytes]]:
    """Return the preface, if there is one, and the frames; what is left over is the last of them."""
    preface = PREFACE if data.startswith(PREFACE) else b""
    found = []
    at = len(preface)
    while at < len(data):
        end = at + _HEAD + int.from_bytes(data[at : at + 3], "big")
        found.append(data[at:end])
        at = end
    return preface, found


def mutate(random: Random, corpus: Sequence[bytes]) -> bytes:
    """Return a conversation in which frames are lost, doubled, swapped, spoilt, or of somebody else."""
    preface, sent = split(random.choice(corpus))
    for _ in range(random.randrange(1, 6)):
        _mishap(random, sent, corpus)
    data = (preface + b"".join(sent))[:LONGEST]
    if random.random() < 0.1:
        rough = bytearray(data)
        mishap(random, rough, corpus)
        data = bytes(rough[:LONGEST])
    return data


def _mishap(random: Random, sent: list[bytes], corpus: Sequence[bytes]) -> None:
    at = random.randrange(len(sent) + 1)
    match random.randrange(8):
        case 0:
            del sent[at : at + 1]
        case 1 if at < len(sent):
            sent[at:at] = [sent[at]] * random.choice((1, 1, 2, 100))
        case 2 if at < len(sent):
            other = random.randrange(len(sent))
            sent[at], sent[other] = sent[other], sent[at]
        case 3 if at < len(sent):
            sent[at] = _spoilt_head(random, sent[at])
        case 4 if at < len(sent):
            payload = bytearray(sent[at][_HEAD:])
            mishap(random, payload, [each[_HEAD:] for each in sent])
            sent[at] = len(payload).to_bytes(3, "big") + sent[at][3:_HEAD] + bytes(payload)
        case 5:
            _, others = split(random.choice(corpus))
            start = random.randrange(len(others) + 1)
            sent[at:at] = others[start : start + random.randrange(1, 5)]
        case 6:
            del sent[at:]
        case _:
            sent[at:at] = [made(random)] * random.choice((1, 1, 1, 3, 300))


def _spoilt_head(random: Random, data: bytes) -> bytes:
    """Change what a frame says that it is: its kind, flags or stream, or its length, which is a lie then."""
    size, kind, flags, stream = data[:3], data[3:4], data[4:5], data[5:_HEAD]
    match random.randrange(4):
        case 0:
            size = random.choice((0, 1, 8, 16_384, 16_385, 2**24 - 1)).to_bytes(3, "big")
        case 1:
            kind = bytes((random.choice(_KINDS),))
        case 2:
            flags = bytes((random.randrange(256),))
        case _:
            stream = random.choice(_STREAMS).to_bytes(4, "big")
    return size + kind + flags + stream + data[_HEAD:]


def made(random: Random) -> bytes:
    """Return a frame that is right in itself, and perhaps not here and now."""
    stream = random.choice(_STREAMS)
    match random.randrange(8):
        case 0:
            return frame(3, 0, stream, random.choice(_CODES).to_bytes(4, "big"))
        case 1:
            some = random.sample(_SETTINGS, random.randrange(1, 4))
            values = (each.to_bytes(2, "big") + random.choice(_VALUES).to_bytes(4, "big") for each in some)
            return frame(4, 0, 0, b"".join(values))
        case 2:
            return frame(4, 1, 0)
        case 3:
            return frame(6, random.randrange(2), 0, random.randbytes(8))
        case 4:
            last, code = random.choice(_STREAMS), random.choice(_CODES)
            return frame(7, 0, 0, last.to_bytes(4, "big") + code.to_bytes(4, "big") + random.randbytes(3))
        case 5:
            return frame(8, 0, stream, random.choice(_VALUES).to_bytes(4, "big"))
        case 6:
            return frame(0, random.randrange(2), stream, random.randbytes(random.choice((0, 5, 16_384))))
        case _:
            size = random.choice((0, 3, 30))
            return frame(random.choice(_KINDS), random.randrange(256), stream, random.randbytes(size))
