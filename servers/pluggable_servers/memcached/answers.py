"""
What a memcached answers, read off the bytes it sends.

Facts: memcached ``doc/protocol.txt``, the text protocol.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

#: The longest line that is waited for; memcached's own have some hundred bytes.
LONGEST_LINE: Final = 64 * 1024

_END: Final = b"\r\n"
#: What begins a value: its key, its flags, its length, and maybe a number of its version.
_VALUE: Final = re.compile(rb"VALUE (\S+) [0-9]+ ([0-9]{1,12})(?: [0-9]+)?").fullmatch

#: The line that ends an answer, and before it the values of a command that gets some, by their keys.
Answer = tuple[bytes, Mapping[bytes, bytes]]


class Answers:
    """Takes the bytes of one connection, however they are cut."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0
        self._wanted = 1
        """With fewer bytes than this there is nothing to be read."""
        self._values: dict[bytes, bytes] = {}

    def feed(self, data: bytes) -> list[Answer]:
        """
        Take what came, and return the answers that are whole with it.

        Raises:
            ValueError: a memcached sends nothing like it.
        """
        self._pieces.append(data)
        self._size += len(data)
        if self._size < self._wanted:
            return []
        read = data if len(self._pieces) == 1 else b"".join(self._pieces)
        found: list[Answer] = []
        at = 0
        while (end := read.find(_END, at)) >= 0:
            if (head := _VALUE(read, at, end)) is not None:
                begin = end + 2
                end = begin + int(head[2])
                if len(read) < end + 2:
                    self._wanted = end + 2 - at
                    break
                self._values[head[1]] = read[begin:end]
            else:
                line = read[at:end]
                if line.startswith(b"VALUE "):
                    raise ValueError(f"{line!r} begins no value")
                found.append((line, self._values))
                self._values = {}
            at = end + 2
        else:
            self._wanted = len(read) - at + 1
            if self._wanted > LONGEST_LINE:
                raise ValueError(f"a line does not end within {LONGEST_LINE} bytes")
        self._pieces = [read[at:]] if at < len(read) else []
        self._size = len(read) - at
        return found
