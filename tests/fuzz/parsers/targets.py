"""The parsers between bytes of strangers and us: each is fuzzed by its line in this table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from tests.fuzz.parsers import h2, http1, messages, mutation

#: A file a target; a line a recorded conversation, or what once failed, in hexadecimal.
CORPUS: Final = Path(__file__).parent / "corpus"

#: Takes one input, in the pieces in which it is read; what it raises is a fault, and so is what takes long.
Feed = Callable[[Sequence[bytes]], Awaitable[None]]
#: Makes an input of the corpus.
Mutate = Callable[[Random, Sequence[bytes]], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A parser and what it is fed."""

    open: Callable[[], AbstractAsyncContextManager[Feed]]
    """Sets up what inputs are fed to, once for many; each has a parser of its own."""
    mutate: Mutate = mutation.spoilt
    """Makes the next input; by default it flips, cuts and joins bytes."""


#: By name, which is also that of the file in the corpus.
TARGETS: Final[Mapping[str, Target]] = {
    "h2-server": Target(open=h2.server, mutate=h2.mutate),
    "h2-client": Target(open=h2.client, mutate=h2.mutate),
    "grpc-messages": Target(open=messages.reader),
    "http1-requests": Target(open=http1.requests, mutate=http1.mutate),
    "http1-answers": Target(open=http1.answers, mutate=http1.mutate),
}


def corpus(name: str) -> list[bytes]:
    """Return the committed inputs of a target."""
    lines = (CORPUS / f"{name}.txt").read_text().splitlines()
    return [bytes.fromhex(line) for line in lines if not line.startswith("#")]
