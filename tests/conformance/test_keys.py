"""The keys that a profile names, and what their algorithms ask for."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from pluggable.conformance import Key, Kit, Outcome, Profile
from pluggable.conformance.keys import ALGORITHMS, Use
from tests.conformance.broken.serving import Broken, serving
from tests.conformance.vault import KeyVault

PROFILE = """
application = "orders"

[[keys]]
name = "aes"
type = "symmetric"
algorithms = ["A256GCM", "A256KW"]
"""


def test_keys_are_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "profile.toml").write_text(PROFILE)
    profile = Profile.read(tmp_path / "profile.toml", "unix:/a.sock")

    assert profile.keys == (Key(name="aes", type="symmetric", algorithms=("A256GCM", "A256KW")),)
    assert profile.application == "orders"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("symmetric", "secret"), 'key "aes" is of type "secret"; a type is one of private, public, symm'),
        (("A256KW", "ROT13"), 'key "aes" has ROT13; known are A128CBC, '),
        (('type = "symmetric"', ""), "wanted is a table of algorithms, name, type"),
    ],
)
def test_key_that_is_none_is_explained(tmp_path: Path, change: tuple[str, str], fault: str) -> None:
    (tmp_path / "profile.toml").write_text(PROFILE.replace(*change))

    with pytest.raises(ValueError, match=fault):
        Profile.read(tmp_path / "profile.toml", "unix:/a.sock")


def test_algorithms_say_what_they_ask_for() -> None:
    gcm, kw, oaep = ALGORITHMS["A256GCM"], ALGORITHMS["A256KW"], ALGORITHMS["RSA-OAEP-256"]

    assert (gcm.uses, gcm.nonce_bytes, gcm.tagged) == ((Use.ENCRYPT,), 12, True)
    assert (kw.uses, kw.nonce_bytes, kw.tagged) == ((Use.WRAP,), 0, False)
    assert (oaep.uses, oaep.nonce_bytes, oaep.tagged) == ((Use.ENCRYPT, Use.WRAP), 0, False)
    assert ALGORITHMS["ES384"].digest(b"m") == hashlib.sha384(b"m").digest()
    assert ALGORITHMS["EdDSA"].digest(b"m") == b"m"


async def test_what_no_key_is_named_for_is_skipped() -> None:
    keys = (Key(name="aes", type="symmetric", algorithms=("A256KW",)),)
    async with (
        serving(Broken(KeyVault)) as address,
        Kit(Profile(address=address, keys=keys)) as kit,
    ):
        report = await kit.run_all(only="crypto/")
        found = {result.check.name: result for result in report.results}

    assert report.failed == []
    assert found["wrapped-key-is-unwrapped"].outcome is Outcome.PASSED
    assert found["signature-is-verified"].outcome is Outcome.SKIPPED
    assert found["signature-is-verified"].text == (
        "the profile names no key to sign with that this applies to"
    )
