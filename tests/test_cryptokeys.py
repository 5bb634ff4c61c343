"""Keys in every form that they are written in."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519

from pluggable import cryptokeys
from tests.servers.vaults import materials, members

SECRET = bytes(range(48))
#: RFC 8037, appendix A.
ED25519 = {
    "kty": "OKP",
    "crv": "Ed25519",
    "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}


@pytest.mark.parametrize(
    "written",
    [
        SECRET[:-1],
        base64.b64encode(SECRET),
        base64.b64encode(SECRET) + b"\n",
        base64.b64encode(SECRET[:-1]) + b"\r\n",
        base64.encodebytes(SECRET * 2),
        base64.urlsafe_b64encode(b"\xff\xfe\xfd" * 8),
        b"not!in?base64",
        b"{a key of 16 by}",
        json.dumps(members(SECRET)).encode(),
    ],
)
def test_symmetric_key_is_read(written: bytes) -> None:
    known = {
        base64.b64encode(SECRET): SECRET,
        base64.b64encode(SECRET) + b"\n": SECRET,
        base64.b64encode(SECRET[:-1]) + b"\r\n": SECRET[:-1],
        base64.encodebytes(SECRET * 2): SECRET * 2,
        base64.urlsafe_b64encode(b"\xff\xfe\xfd" * 8): b"\xff\xfe\xfd" * 8,
        json.dumps(members(SECRET)).encode(): SECRET,
    }

    assert cryptokeys.read_key(written) == known.get(written, written)


@pytest.mark.parametrize(
    "name", ["rsa.pem", "rsa-public.pem", "p256.json", "p384.json", "p521.json", "ed.json"]
)
def test_pair_is_the_same_in_every_form(name: str) -> None:
    key = materials()[name]
    read = cryptokeys.key_of(members(key))
    public = cryptokeys.public_part(key)

    assert cryptokeys.serialized(read) == cryptokeys.serialized(key)
    assert cryptokeys.read_pem(cryptokeys.pem_of(public).encode()) == public
    assert cryptokeys.key_of(cryptokeys.members_of(public)) == public


def test_rsa_key_without_its_primes_is_read() -> None:
    told = {name: value for name, value in members(materials()["rsa.pem"]).items() if name not in {"p", "q"}}
    found = cryptokeys.key_of(told)

    assert isinstance(found, rsa.RSAPrivateKey)
    assert cryptokeys.public_part(found) == cryptokeys.public_part(materials()["rsa.pem"])


def test_ed25519_key_of_the_standard_is_read() -> None:
    found = cryptokeys.key_of(ED25519)

    assert isinstance(found, ed25519.Ed25519PrivateKey)
    assert cryptokeys.members_of(found.public_key()) == {
        name: value for name, value in ED25519.items() if name != "d"
    }


def test_x25519_key_is_read() -> None:
    key = x25519.X25519PrivateKey.generate()
    told = cryptokeys.members_of(key.public_key())
    private = base64.urlsafe_b64encode(key.private_bytes_raw()).decode()

    assert cryptokeys.key_of(told) == key.public_key()
    assert cryptokeys.public_part(cryptokeys.key_of({**told, "d": private})) == key.public_key()


@pytest.mark.parametrize(
    "form", [serialization.PrivateFormat.TraditionalOpenSSL, serialization.PrivateFormat.PKCS8]
)
def test_private_key_in_pem_is_read(form: serialization.PrivateFormat) -> None:
    for key in (materials()["rsa.pem"], materials()["p256.json"]):
        assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
        written = key.private_bytes(
            serialization.Encoding.PEM,
            form,
            serialization.NoEncryption(),
        )
        assert cryptokeys.serialized(cryptokeys.read_key(written)) == cryptokeys.serialized(key)


def test_key_of_a_certificate_is_read() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "shop")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )

    assert cryptokeys.read_key(certificate.public_bytes(serialization.Encoding.PEM)) == key.public_key()


def encrypted() -> bytes:
    key = ed25519.Ed25519PrivateKey.generate()
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"password"),
    )


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (lambda: b"", "the key is empty"),
        (lambda: b"-----BEGIN NOTHING-----", "there is no key in PEM that can be read"),
        (encrypted, "the key in PEM is encrypted, and there is no password for it"),
        (lambda: b"{no JSON at all, this", "the key is no JSON object"),
        (lambda: b'{"kty": "RSA", "n": "AQAB"}', 'the member "e" is missing'),
        (lambda: b'{"kty": "oct", "k": "\xc3\xa4\xc3\xb6"}', 'the member "k" is not in base64url'),
        (lambda: b'{"kty": "OKP", "crv": "Ed448", "x": "AA"}', 'crv is "Ed448", wanted Ed25519 or X25519'),
        (lambda: b'{"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ"}', "."),
        (lambda: b'{"kty": "OKP", "crv": "Ed25519", "x": "AQ"}', "."),
        (lambda: b'{"kty": "RSA", "n": "AQ", "e": "AQ"}', "."),
    ],
)
def test_what_is_no_key_is_refused(written: Callable[[], bytes], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        cryptokeys.read_key(written())


def test_symmetric_key_has_no_public_part() -> None:
    with pytest.raises(ValueError, match="the key is symmetric, and has no public part"):
        cryptokeys.public_part(SECRET)
