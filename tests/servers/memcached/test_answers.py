"""What memcached answers, however its bytes are cut."""

from __future__ import annotations

import pytest

from pluggable_servers.memcached.answers import LONGEST_LINE, Answer, Answers

#: A miss, two values of which one looks like an answer, and lines alone.
SENT = (
    b"END\r\nVALUE a 0 7\r\nEND\r\n\r\n\r\nVALUE b 0 0 12\r\n\r\nEND\r\n"
    b"STORED\r\nSERVER_ERROR out of memory\r\n"
)
READ: list[Answer] = [
    (b"END", {}),
    (b"END", {b"a": b"END\r\n\r\n", b"b": b""}),
    (b"STORED", {}),
    (b"SERVER_ERROR out of memory", {}),
]


@pytest.mark.parametrize("size", range(1, len(SENT) + 1))
def test_answers_are_the_same_however_they_are_cut(size: int) -> None:
    answers = Answers()
    found = [each for at in range(0, len(SENT), size) for each in answers.feed(SENT[at : at + size])]
    assert found == READ


def test_answer_is_there_with_its_last_byte() -> None:
    answers = Answers()
    assert answers.feed(SENT[:-1]) == READ[:-1]
    assert answers.feed(SENT[-1:]) == READ[-1:]


@pytest.mark.parametrize("sent", [b"VALUE a 0\r\n", b"VALUE a 0 many\r\n", b"VALUE a 0 -1\r\n"])
def test_what_no_memcached_sends_is_refused(sent: bytes) -> None:
    with pytest.raises(ValueError, match="begins no value"):
        Answers().feed(sent)


def test_line_without_an_end_is_refused() -> None:
    answers = Answers()
    answers.feed(b"x" * (LONGEST_LINE - 1))
    with pytest.raises(ValueError, match=f"within {LONGEST_LINE} bytes"):
        answers.feed(b"x")
