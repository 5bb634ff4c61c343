"""Cutting data into messages, wherever it was cut before."""

from __future__ import annotations

import gzip
import zlib

import pytest

from pluggable.transport import Code, StatusError
from pluggable.transport.ngh2.messages import Messages, prefix, whole

MESSAGES = [b"", b"a", b"bc" * 10, b"", b"x" * 3000, b"end"]
WIRE = b"".join(prefix(message) + message for message in MESSAGES)


def packed(data: bytes) -> bytes:
    return b"\x01" + len(data).to_bytes(4, "big") + data


def taken(messages: Messages) -> list[bytes]:
    found = []
    while messages.ready:
        found.append(messages.take()[0])
    return found


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6, 7, 1000, 1025, 5000])
def test_messages_come_out_however_they_came(size: int) -> None:
    messages = Messages(None)
    freed = 0
    found = []
    for at in range(0, len(WIRE), size):
        freed += messages.feed(WIRE[at : at + size])
        while messages.ready:
            message, free = messages.take()
            found.append(message)
            freed += free

    assert found == MESSAGES
    assert not messages.incomplete
    assert freed == len(WIRE)


def test_what_waits_is_held() -> None:
    messages = Messages(None)

    assert messages.feed(WIRE) == 0
    assert messages.held == len(WIRE)
    assert messages.take()[1] == 5
    assert messages.held == len(WIRE) - 5
    assert messages.free() == len(WIRE) - 5


def test_message_on_its_way_is_not_held() -> None:
    messages = Messages(None)

    assert messages.feed(prefix(b"x" * 100) + b"x" * 50) == 55
    assert messages.incomplete
    assert messages.feed(b"x" * 50 + prefix(b"abc")) == 0
    assert messages.take() == (b"x" * 100, 55)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (prefix(b"abc") + b"abc", b"abc"),
        (prefix(b""), b""),
        (prefix(b"abc") + b"ab", None),
        (prefix(b"abc") + b"abcd", None),
        (prefix(b"")[:4], None),
        (b"", None),
        (packed(b"abc"), None),
        (prefix(b"x" * 11) + b"x" * 11, None),
    ],
    ids=["whole", "empty", "cut off", "with more", "no prefix", "nothing", "compressed", "too large"],
)
def test_whole_message_is_told_from_others(data: bytes, message: bytes | None) -> None:
    assert whole(data, 10) == message


def test_size_is_refused_before_it_came() -> None:
    with pytest.raises(StatusError, match="has 11 bytes, at most 10 may be received") as caught:
        Messages(10).feed(prefix(b"x" * 11))
    assert caught.value.code is Code.RESOURCE_EXHAUSTED


@pytest.mark.parametrize(("encoding", "pack"), [(b"gzip", gzip.compress), (b"deflate", zlib.compress)])
def test_compressed_message_is_read(encoding: bytes, pack: object) -> None:
    assert callable(pack)
    messages = Messages(1000, encoding)
    messages.feed(packed(pack(b"x" * 1000)) + prefix(b"plain") + b"plain" + packed(pack(b"")))

    assert taken(messages) == [b"x" * 1000, b"plain", b""]


@pytest.mark.parametrize(
    ("encoding", "data", "found"),
    [
        (b"gzip", gzip.compress(b"x" * 1001), "more than 1000 bytes, at most 1000"),
        (b"gzip", gzip.compress(b"x" * 1000)[:-1], "cut off"),
        (b"gzip", b"rubbish", "cannot be decompressed"),
        (b"identity", b"rubbish", "its encoding is identity"),
    ],
    ids=["too large", "cut off", "rubbish", "not said how"],
)
def test_what_cannot_be_unpacked_is_refused(encoding: bytes, data: bytes, found: str) -> None:
    with pytest.raises(StatusError, match=found):
        Messages(1000, encoding).feed(packed(data))


def test_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(b"x" * 50_000_000)

    with pytest.raises(StatusError, match="at most 100000 may be received"):
        Messages(100_000, b"gzip").feed(packed(bomb))


def test_unknown_flag_is_refused() -> None:
    with pytest.raises(StatusError, match="begins with the byte 2"):
        Messages(None).feed(b"\x02\x00\x00\x00\x00")


def test_tiny_pieces_take_little_room() -> None:
    messages = Messages(None)
    messages.feed(prefix(b"x" * 100_001))
    for _ in range(100_000):
        messages.feed(b"x")

    assert len(messages._pieces) == 1
