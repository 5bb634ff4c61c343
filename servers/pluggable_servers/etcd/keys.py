"""
Keys by a pattern: etcd lists those that begin with its text before the first wildcard.

A page goes on behind the last key of the one before, which its token names.
"""

from __future__ import annotations

import re
from typing import Final

from pluggable.errors import InvalidRequestError
from pluggable.keyspace import KeysLikeRequest, KeysLikeResponse

from ._proto import etcd_pb2 as pb
from .client import Client

#: How many keys are fetched at once.
_BATCH: Final = 1000
#: What a token begins with, as a key may be empty.
_BEHIND: Final = ">"
_LITERAL: Final = re.compile(r"((?:[^\\%_]|\\.)*)", re.DOTALL)


async def keys_like(etcd: Client, prefix: bytes, request: KeysLikeRequest) -> KeysLikeResponse:
    """
    Return a page of the keys behind the prefix.

    Raises:
        InvalidRequestError: the token is none of a page of this pattern.
    """
    first = prefix + _literal(request.pattern).encode()
    start = _after(first, prefix, request.token)
    matches = request.expression().fullmatch
    found: list[str] = []
    while True:
        asked = pb.RangeRequest(key=start, range_end=_end(first), limit=_BATCH, keys_only=True)
        answer = await etcd.range(asked)
        for each in answer.kvs:
            key = each.key[len(prefix) :].decode(errors="replace")
            if not matches(key):
                continue
            if len(found) == request.page_size:
                return KeysLikeResponse(keys=found, token=f"{_BEHIND}{found[-1]}")
            found.append(key)
        if not answer.more:
            return KeysLikeResponse(keys=found)
        start = answer.kvs[-1].key + b"\0"


def _literal(pattern: str) -> str:
    """Return the text that a pattern begins with."""
    text = _LITERAL.match(pattern)
    return re.sub(r"\\(.)", r"\1", text[1] if text else "", flags=re.DOTALL)


def _after(first: bytes, prefix: bytes, token: str | None) -> bytes:
    if not token:
        return first
    last = prefix + token.removeprefix(_BEHIND).encode()
    if not token.startswith(_BEHIND) or not last.startswith(first):
        raise InvalidRequestError(f'"{token}" is no token for the pattern, wanted the one of the page before')
    return last + b"\0"


def _end(first: bytes) -> bytes:
    """Return what comes behind all that begins so; no text has the byte 0xff, which would have no next."""
    return first[:-1] + bytes([first[-1] + 1])
