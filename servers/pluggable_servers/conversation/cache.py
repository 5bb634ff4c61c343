"""Answers kept for a while, by what was asked."""

from __future__ import annotations

import hashlib
import json
import time
from collections import OrderedDict
from typing import Any, Final

from pluggable.conversation import ConverseResponse

#: As many answers are kept; the oldest go first.
MOST_ANSWERS: Final = 1000


class AnswerCache:
    """Keeps answers in memory: the same question gets the same answer until its time is over."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._kept: OrderedDict[bytes, tuple[float, ConverseResponse]] = OrderedDict()

    def get(self, body: dict[str, Any]) -> ConverseResponse | None:
        """Return the answer to a question, if it is there and still good."""
        until, answer = self._kept.get(_digest(body), (0.0, None))
        return answer if time.monotonic() < until else None

    def put(self, body: dict[str, Any], answer: ConverseResponse) -> None:
        """Keep the answer to a question."""
        digest = _digest(body)
        self._kept[digest] = (time.monotonic() + self._seconds, answer)
        self._kept.move_to_end(digest)
        while len(self._kept) > MOST_ANSWERS:
            self._kept.popitem(last=False)


def _digest(body: dict[str, Any]) -> bytes:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).digest()
