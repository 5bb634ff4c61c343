from __future__ import annotations

import random

import pytest

from pluggable.runtime.invocation.mdns.messages import (
    AAAA,
    PTR,
    SRV,
    TXT,
    A,
    Message,
    Question,
    Record,
    UnreadableError,
    read,
    same,
)
from pluggable.runtime.invocation.mdns.services import Announced, found, question

RECORDS = (
    Record(name=("app", "local"), kind=PTR, seconds=120, target=("vm:1", "app", "local"), shared=True),
    Record(name=("vm:1", "app", "local"), kind=SRV, seconds=120, target=("vm", "local"), port=50002),
    Record(name=("vm:1", "app", "local"), kind=TXT, seconds=120, texts=(b"app",)),
    Record(name=("vm", "local"), kind=A, seconds=120, address="192.0.2.1"),
    Record(name=("vm", "local"), kind=AAAA, seconds=120, address="2001:db8::1"),
)
#: An answer packed as others pack it: with pointers to names that stand before.
POINTERS = bytes.fromhex(
    "000084000000000100000003"
    "05" + b"myapp".hex() + "05" + b"local".hex() + "00" + "000c0001" + "00000c80" + "0008"
    "05" + b"vm:42".hex() + "c00c"
    "c023" + "00218001" + "00000c80" + "000b" + "00000000c352" + "02" + b"vm".hex() + "c012"
    "c023" + "00108001" + "00000c80" + "0006" + "05" + b"myapp".hex() + "c03d" + "00018001" + "00000c80"
    "0004" + "7f000001"
)


def test_what_is_packed_is_read() -> None:
    message = Message(
        number=7,
        response=True,
        questions=(Question(name=("app", "local"), kind=PTR),),
        records=RECORDS,
    )

    again = read(message.packed(answers=1))

    assert (again.number, again.response, again.questions) == (7, True, message.questions)
    assert [(each.name, each.kind, each.target, each.port, each.texts, each.address) for each in RECORDS] == [
        (each.name, each.kind, each.target, each.port, each.texts, each.address) for each in again.records
    ]


def test_names_that_point_back_are_read() -> None:
    message = read(POINTERS)

    assert dict(found(message, "myapp")) == {"127.0.0.1:50002": True}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 11,
        b"\0\0\0\0\0\1\0\0\0\0\0\0",
        b"\0\0\0\0\0\1\0\0\0\0\0\0\xc0\x0c\0\x0c\0\1",
        b"\0\0\0\0\xff\xff\0\0\0\0\0\0",
        b"\0\0\0\0\0\1\0\0\0\0\0\0" + (b"\x3f" + b"a" * 63) * 5 + b"\0\0\x0c\0\1",
        Message(response=True, records=RECORDS).packed()[:-3],
    ],
    ids=["empty", "short", "no question", "loop", "many", "long name", "cut off"],
)
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableError):
        read(data)


def test_spoilt_messages_are_read_or_refused() -> None:
    dice = random.Random(20)
    for _ in range(5000):
        data = bytearray(POINTERS)
        for _ in range(dice.randint(1, 4)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        try:
            list(found(read(bytes(data[: dice.randint(0, len(data))])), "myapp"))
        except UnreadableError:
            continue


def test_answer_without_its_text_counts_for_nothing() -> None:
    other = tuple(each for each in RECORDS if each.kind != TXT)

    assert not dict(found(Message(response=True, records=other), "app"))
    assert not dict(found(Message(response=True, records=RECORDS), "other"))


def test_goodbye_is_told_from_hello() -> None:
    announced = Announced(app_id="app", host="vm", address="192.0.2.1", port=7)

    assert dict(found(Message(records=announced.records()), "app")) == {"192.0.2.1:7": True}
    assert dict(found(Message(records=announced.records(0)), "app")) == {"192.0.2.1:7": False}


def test_sidecar_is_asked_for_by_its_applications_id_in_any_case() -> None:
    announced = Announced(app_id="App", host="vm", address="::1", port=7)

    assert announced.asked_for(read(question("aPP")).questions)
    assert not announced.asked_for(read(question("other")).questions)
    assert dict(found(Message(records=announced.records()), "App")) == {"[::1]:7": True}
    assert same(("A", "b"), ("a", "B"))
