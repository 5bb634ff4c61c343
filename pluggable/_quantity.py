"""Sizes as Kubernetes writes them: ``512Mi``, ``100k``, ``4194304``."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

_QUANTITY: Final = re.compile(
    r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))(?:([KMGTPE]i|[numkMGTPE]?)|[eE]([+-]?[0-9]{1,3}))"
)
_SCALE: Final = {
    "": Decimal(1),
    **{f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", start=1)},
    **{letter: Decimal(1000) ** power for power, letter in enumerate("kMGTPE", start=1)},
    **{letter: Decimal(1000) ** -power for power, letter in enumerate("mun", start=1)},
}
_LARGEST: Final = 2**63 - 1


def parse_quantity(text: str) -> int:
    """
    Return a size in bytes as Kubernetes writes it: ``512Mi``, ``100k``, ``1.5Gi``, ``1e6``.

    Raises:
        ValueError: the text is none, or no whole number of bytes.
    """
    found = _QUANTITY.fullmatch(text.strip())
    if found is None:
        raise ValueError(f'"{text}" is no size such as 512Mi, 100k or 4194304')
    number, suffix, exponent = found.groups()
    size = Decimal(number) * (Decimal(10) ** int(exponent) if exponent else _SCALE[suffix or ""])
    if size != int(size) or abs(size) > _LARGEST:
        raise ValueError(f'"{text}" is no whole number of bytes below 8Ei')
    return int(size)
