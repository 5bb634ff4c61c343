"""Algorithms by vectors that others have published."""

from __future__ import annotations

import pytest

from pluggable.errors import InvalidRequestError
from pluggable_servers.crypto import symmetric
from pluggable_servers.crypto.symmetric import ALGORITHMS, Sealed
from pluggable_servers.crypto.xchacha import XChaCha20Poly1305, hchacha20

SUNSCREEN = (
    b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
    b"sunscreen would be it."
)
KERCKHOFFS = (
    b"A cipher system must not be required to be secret, and it must be able to fall into the hands of the "
    b"enemy without inconvenience"
)


def test_hchacha20_is_that_of_the_draft() -> None:
    """draft-irtf-cfrg-xchacha-03, section 2.2.1."""
    nonce = bytes.fromhex("000000090000004a0000000031415927")

    assert hchacha20(bytes(range(32)), nonce) == bytes.fromhex(
        "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc"
    )


def test_xchacha20_poly1305_is_that_of_the_draft() -> None:
    """draft-irtf-cfrg-xchacha-03, appendix A.3.1."""
    key, nonce = bytes(range(0x80, 0xA0)), bytes(range(0x40, 0x58))
    sealed = XChaCha20Poly1305(key).encrypt(nonce, SUNSCREEN, bytes.fromhex("50515253c0c1c2c3c4c5c6c7"))

    assert sealed[:16] == bytes.fromhex("bd6d179d3e83d43b9576579493c0e939")
    assert sealed[-16:] == bytes.fromhex("c0875924c1c7987947deafd8780acf49")


@pytest.mark.parametrize(
    ("algorithm", "tag"),
    [
        ("A128CBC-HS256", "652c3fa36b0a7c5b3219fab3a30bc1c4"),
        ("A192CBC-HS384", "8490ac0e58949bfe51875d733f93ac2075168039ccc733d7"),
        ("A256CBC-HS512", "4dd3b4c088a7f45c216839645b2012bf2e6269a8c56a816dbc1b267761955bc5"),
    ],
)
def test_aes_cbc_hmac_is_that_of_the_standard(algorithm: str, tag: str) -> None:
    """RFC 7518, appendix B."""
    key = bytes(range(ALGORITHMS[algorithm].key_bytes))
    message = Sealed(
        ciphertext=KERCKHOFFS,
        nonce=bytes.fromhex("1af38c2dc2b96ffdd86694092341bc04"),
        associated_data=b"The second principle of Auguste Kerckhoffs",
    )

    assert symmetric.encrypt(algorithm, key, message).tag == bytes.fromhex(tag)


def test_key_wrap_is_that_of_the_standard() -> None:
    """RFC 3394, section 4.6."""
    key, wrapped = bytes(range(32)), bytes.fromhex("00112233445566778899aabbccddeeff") + bytes(range(16))

    assert symmetric.encrypt("A256KW", key, Sealed(ciphertext=wrapped)).ciphertext == bytes.fromhex(
        "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21"
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_wrong_sizes_are_refused(algorithm: str) -> None:
    found = ALGORITHMS[algorithm]
    key, nonce, tag = bytes(found.key_bytes), bytes(found.nonce_bytes), bytes(found.tag_bytes)

    with pytest.raises(InvalidRequestError, match="key type mismatch: 5 bytes, wanted"):
        symmetric.encrypt(algorithm, bytes(5), Sealed(ciphertext=b"", nonce=nonce))
    with pytest.raises(InvalidRequestError, match="invalid nonce: 5 bytes, wanted"):
        symmetric.decrypt(algorithm, key, Sealed(ciphertext=b"", nonce=bytes(5), tag=tag))
    with pytest.raises(InvalidRequestError, match="invalid tag: 5 bytes, wanted"):
        symmetric.decrypt(algorithm, key, Sealed(ciphertext=b"", nonce=nonce, tag=bytes(5)))


@pytest.mark.parametrize("algorithm", ["A128CBC-NOPAD", "A128KW"])
def test_message_of_no_whole_blocks_is_refused(algorithm: str) -> None:
    nonce = bytes(ALGORITHMS[algorithm].nonce_bytes)

    with pytest.raises(InvalidRequestError, match=algorithm):
        symmetric.encrypt(algorithm, bytes(16), Sealed(ciphertext=b"seventeen bytes !", nonce=nonce))
