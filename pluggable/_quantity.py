"""Sizes as Kubernetes writes them, ``512Mi``, ``100k``, ``4194304``, and as people do: ``4MB``."""

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
#: Units that a size is written in, from the largest.
_WRITTEN: Final = tuple(f"{letter}i" for letter in "EPTGMK") + tuple("EPTGMk")
#: What Kubernetes has no word for; ``4MB`` is 4M, ``64KiB`` is 64Ki.
_IN_BYTES: Final = re.compile(r"(.*[0-9.])([kKMGTPE]?i?)B")


class Size(int):
    """
    A number of bytes. In metadata it is what Kubernetes takes for one, ``64Ki`` or ``4M``, or ``4MB``.

    ``str`` gives it as it may be written there: ``100Mi``.
    """

    def __str__(self) -> str:
        for unit in _WRITTEN if self else ():
            count, rest = divmod(int(self), int(_SCALE[unit]))
            if not rest:
                return f"{count}{unit}"
        return int.__repr__(self)

    def __repr__(self) -> str:
        return f"Size({int(self)})"


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


def parse_size(text: str) -> Size:
    """
    Return a size as ``parse_quantity`` does, where the unit may also end in ``B``: ``4MB``, ``64KiB``.

    Raises:
        ValueError: the text is none, or no whole number of bytes.
    """
    if found := _IN_BYTES.fullmatch(text.strip()):
        unit = "k" if found[2] == "K" else found[2]
        text = found[1] + unit
    return Size(parse_quantity(text))
