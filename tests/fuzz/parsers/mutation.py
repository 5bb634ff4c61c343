"""What is made of good inputs: bytes flipped, cut, repeated and joined, and where they are cut to be read."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

#: No input is longer: what grows from one mutation to the next ends here.
LONGEST: Final = 256 * 1024
_NUMBERS: Final = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def spoilt(random: Random, corpus: Sequence[bytes]) -> bytes:
    """Return an input of the corpus after some mishaps."""
    data = bytearray(random.choice(corpus))
    for _ in range(random.randrange(1, 6)):
        mishap(random, data, corpus)
    return bytes(data[:LONGEST])


def mishap(random: Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    """Change the data in one place."""
    at = random.randrange(len(data) + 1)
    match random.randrange(7):
        case 0:
            data[at : at + 1] = bytes((random.randrange(256),))
        case 1 if at < len(data):
            data[at] ^= 1 << random.randrange(8)
        case 2:
            del data[at : at + random.randrange(1, 9)]
        case 3:
            data[at:at] = random.randbytes(random.randrange(1, 9))
        case 4:
            size = random.choice((1, 2, 4))
            data[at : at + size] = (random.choice(_NUMBERS) & (1 << 8 * size) - 1).to_bytes(size, "big")
        case 5:
            del data[at:]
        case _:
            other = random.choice(corpus)
            data[at:at] = other[random.randrange(len(other) + 1) :]


def pieces(random: Random, data: bytes) -> list[bytes]:
    """Return the data as it may be read: mostly at once, or in a few pieces, or byte by byte."""
    chance = random.random()
    if chance < 0.5:
        return [data]
    if chance < 0.55 and len(data) < 4096:
        return [data[at : at + 1] for at in range(len(data))]
    cuts = sorted(random.randrange(len(data) + 1) for _ in range(random.randrange(1, 8)))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
