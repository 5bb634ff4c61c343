"""What is hidden of a secret: itself, what is secret inside of it, and how it may be quoted."""

from __future__ import annotations

import base64
import gc
import json
from urllib.parse import quote

import pytest

from pluggable._secrets import HIDDEN, Known, Secrets

SECRET = 'p+ss/"wörd"='


@pytest.mark.parametrize(
    "look",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        json.dumps(SECRET)[1:-1],
        repr(SECRET.encode())[2:-1],
        SECRET.encode().hex(),
    ],
)
def test_secret_is_hidden_however_it_is_written(look: str) -> None:
    assert Secrets.among([SECRET]).hidden_in(f"a {look} b") == f"a {HIDDEN} b"


@pytest.mark.parametrize("user", ["", "u", "us", "use"])
def test_secret_is_hidden_amid_base64(user: str) -> None:
    header = base64.b64encode(f"{user}:{SECRET}:{user}".encode()).decode()

    said = Secrets.among([SECRET]).hidden_in(header)

    assert HIDDEN in said
    assert len(said) < len(HIDDEN) + 14


@pytest.mark.parametrize(
    "value",
    [
        "amqp://shop:hush%2Fhush@localhost:5672/orders",
        "nats://shop:hush%2Fhush@one:4222,nats://two:4222",
        "nats://one:4222, nats://shop:hush%2Fhush@two:4222",
        "postgres://shop:hush/hush@localhost/orders",
        "shop:hush/hush@tcp(localhost:3306)/orders?tls=true",
        "host=localhost password=hush/hush user=shop",
        "host=localhost password='hush/hush' user=shop",
        "Endpoint=sb://localhost;SharedAccessKeyName=hash;SharedAccessKey=hush/hush;EntityPath=a",
        '{"keys": [{"kty": "oct", "k": "hush/hush"}]}',
        "-----BEGIN PRIVATE KEY-----\nhush/hush\nhush/hush/hush/hush\n-----END PRIVATE KEY-----\n",
    ],
)
def test_secret_inside_a_value_is_hidden(value: str) -> None:
    said = Secrets.among([value]).hidden_in("shop at localhost said hush/hush/hush/hush, not hash")

    assert said.startswith("shop at localhost said (not shown)")
    assert said.endswith(", not hash")


def test_password_that_is_the_users_name_stays() -> None:
    assert Secrets.among(["amqp://guest:guest@localhost"]).hidden_in("for guest") == "for guest"


def test_what_is_short_stays() -> None:
    assert Secrets.among(["abc", "amqp://u:pw@h"]).hidden_in("abc pw") == "abc pw"


def test_secret_is_known_as_long_as_somebody_keeps_it() -> None:
    known = Known()
    kept, given_up = Secrets.among(["hush-hush"]), Secrets.among(["mum's the word"])
    known.add(kept)
    known.add(given_up)
    assert known.hidden_in("hush-hush, mum's the word") == f"{HIDDEN}, {HIDDEN}"

    del given_up
    gc.collect()

    assert known.hidden_in("hush-hush, mum's the word") == f"{HIDDEN}, mum's the word"
