"""Spoilt conversations of HTTP/1.1, for both its readers."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from random import Random

import pytest

from tests.fuzz.parsers import http1
from tests.fuzz.parsers.targets import corpus

SECONDS = float(os.environ.get("FUZZ_SECONDS", "2"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "feed"), [("http1-requests", http1.feed_requests), ("http1-answers", http1.feed_answers)]
)
def test_every_input_is_read_alike_however_it_is_cut(
    name: str, feed: Callable[[bytes, Sequence[bytes]], None]
) -> None:
    inputs = corpus(name)
    random = Random(name + os.environ.get("FUZZ_SEED", ""))
    for data in inputs:
        feed(data, [data[at : at + 1] for at in range(len(data))])
    count, end = 0, time.monotonic() + SECONDS
    while time.monotonic() < end:
        data = http1.mutate(random, inputs)
        cut = http1.pieces(random, data)
        try:
            feed(data, cut)
        except Exception as error:
            raise AssertionError(f"{data.hex()} in pieces of {[len(piece) for piece in cut]}") from error
        count += 1

    assert count > 50
