"""Deadlines as they travel in ``grpc-timeout``: at most eight digits and a unit."""

from __future__ import annotations

import re
from typing import Final

_FORM: Final = re.compile(rb"(\d{1,8})([HMSmun])")
_UNITS: Final = {b"H": 3600.0, b"M": 60.0, b"S": 1.0, b"m": 1e-3, b"u": 1e-6, b"n": 1e-9}
_LARGEST: Final = 99_999_999


def timeout_field(seconds: float) -> bytes:
    """Return a timeout in the finest unit that it fits, microseconds at best; never shorter than it is."""
    for unit, per_second in ((b"u", 1_000_000), (b"m", 1_000), (b"S", 1)):
        count = -int(-max(seconds, 0.0) * per_second // 1)
        if count <= _LARGEST:
            return b"%d%b" % (count, unit)
    return b"%dH" % min(-int(-seconds // 3600), _LARGEST)


def timeout_seconds(value: bytes) -> float:
    """
    Return the seconds that a timeout says.

    Raises:
        ValueError: it is none.
    """
    found = _FORM.fullmatch(value)
    if found is None:
        text = value[:40].decode("latin-1")
        raise ValueError(f"grpc-timeout is {text!r}; up to eight digits and one of H M S m u n are wanted")
    return int(found[1]) * _UNITS[found[2]]
