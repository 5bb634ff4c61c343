"""A vault that keeps all rules, with real keys and real algorithms."""

from __future__ import annotations

import base64
import functools
import json
import secrets
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, keywrap, padding as blocks, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

from pluggable import SubtleCrypto
from pluggable.conformance import Key
from pluggable.crypto import (
    DecryptRequest,
    EncryptRequest,
    EncryptResponse,
    GetKeyRequest,
    KeyFormat,
    PublicKey,
    SignRequest,
    VerifyRequest,
)
from pluggable.errors import InvalidRequestError, NotFoundError, UnsupportedError

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
AEADS: Mapping[str, type[AESGCM] | type[ChaCha20Poly1305]] = {"A256GCM": AESGCM, "C20P": ChaCha20Poly1305}
OAEPS: Mapping[str, hashes.HashAlgorithm] = {"RSA-OAEP": hashes.SHA1(), "RSA-OAEP-256": hashes.SHA256()}
TAG_BYTES = 16

KEYS = (
    Key(
        name="rsa",
        type="private",
        algorithms=("RSA-OAEP", "RSA-OAEP-256", "PS256", "RS256"),
    ),
    Key(name="ec", type="private", algorithms=("ES256",)),
    Key(name="ed", type="private", algorithms=("EdDSA",)),
    Key(name="other", type="public", algorithms=("RSA-OAEP-256",)),
    Key(name="aes", type="symmetric", algorithms=("A256GCM", "A256CBC", "C20P", "A256KW")),
)


@functools.cache
def private_keys() -> Mapping[str, Private]:
    """The private keys by name, made once: RSA takes its time."""
    return {
        "rsa": rsa.generate_private_key(public_exponent=65537, key_size=2048),
        "ec": ec.generate_private_key(ec.SECP256R1()),
        "ed": ed25519.Ed25519PrivateKey.generate(),
    }


class KeyVault(SubtleCrypto):
    """Keys in memory; errors of the library become those of the block."""

    encryption_algorithms = (*AEADS, "A256CBC", "A256KW", *OAEPS)
    signature_algorithms = ("ES256", "PS256", "RS256", "EdDSA")

    def __init__(self) -> None:
        self.secrets = {"aes": secrets.token_bytes(32)}

    async def get_key(self, request: GetKeyRequest) -> PublicKey:
        key = private_keys().get("rsa" if request.key_name == "other" else request.key_name)
        match key:
            case rsa.RSAPrivateKey():
                numbers = key.public_key().public_numbers()
                members = {"kty": "RSA", "n": base64_of(numbers.n), "e": base64_of(numbers.e)}
            case ec.EllipticCurvePrivateKey():
                point = key.public_key().public_numbers()
                members = {"kty": "EC", "crv": "P-256", "x": base64_of(point.x), "y": base64_of(point.y)}
            case ed25519.Ed25519PrivateKey():
                return PublicKey(name=request.key_name, key=pem_of(key), format=KeyFormat.PEM)
            case None:
                raise NotFoundError(f'there is no public part of a key "{request.key_name}"')
        return PublicKey(name=request.key_name, key=json.dumps(members))

    async def encrypt(self, request: EncryptRequest) -> EncryptResponse:
        try:
            if request.algorithm in OAEPS:
                key = self._rsa(request.key_name).public_key()
                return EncryptResponse(ciphertext=key.encrypt(request.plaintext, oaep(request)))
            secret = self._secret(request.key_name)
            if aead := AEADS.get(request.algorithm):
                sealed = aead(secret).encrypt(request.nonce, request.plaintext, request.associated_data)
                return EncryptResponse(ciphertext=sealed[:-TAG_BYTES], tag=sealed[-TAG_BYTES:])
            match request.algorithm:
                case "A256KW":
                    return EncryptResponse(ciphertext=keywrap.aes_key_wrap(secret, request.plaintext))
                case "A256CBC":
                    padder = blocks.PKCS7(128).padder()
                    padded = padder.update(request.plaintext) + padder.finalize()
                    cipher = Cipher(algorithms.AES(secret), modes.CBC(request.nonce)).encryptor()
                    return EncryptResponse(ciphertext=cipher.update(padded) + cipher.finalize())
        except ValueError as error:
            raise InvalidRequestError(f"{request.algorithm}: {error}") from error
        raise unsupported(request.algorithm)

    async def decrypt(self, request: DecryptRequest) -> bytes:
        try:
            if request.algorithm in OAEPS:
                return self._rsa(request.key_name).decrypt(request.ciphertext, oaep(request))
            secret = self._secret(request.key_name)
            if aead := AEADS.get(request.algorithm):
                sealed = request.ciphertext + request.tag
                return aead(secret).decrypt(request.nonce, sealed, request.associated_data)
            match request.algorithm:
                case "A256KW":
                    return keywrap.aes_key_unwrap(secret, request.ciphertext)
                case "A256CBC":
                    cipher = Cipher(algorithms.AES(secret), modes.CBC(request.nonce)).decryptor()
                    padded = cipher.update(request.ciphertext) + cipher.finalize()
                    unpadder = blocks.PKCS7(128).unpadder()
                    return unpadder.update(padded) + unpadder.finalize()
        except (ValueError, InvalidTag, keywrap.InvalidUnwrap) as error:
            raise InvalidRequestError(f"{request.algorithm}: it does not authenticate") from error
        raise unsupported(request.algorithm)

    async def sign(self, request: SignRequest) -> bytes:
        key = self._private(request.key_name)
        try:
            match request.algorithm, key:
                case "ES256", ec.EllipticCurvePrivateKey():
                    return key.sign(request.digest, ec.ECDSA(Prehashed(hashes.SHA256())))
                case "PS256" | "RS256", rsa.RSAPrivateKey():
                    return key.sign(
                        request.digest, rsa_padding(request.algorithm), Prehashed(hashes.SHA256())
                    )
                case "EdDSA", ed25519.Ed25519PrivateKey():
                    return key.sign(request.digest)
        except ValueError as error:
            raise InvalidRequestError(f"{request.algorithm}: {error}") from error
        raise unsupported(request.algorithm)

    async def verify(self, request: VerifyRequest) -> bool:
        key, sha256 = self._private(request.key_name), Prehashed(hashes.SHA256())
        try:
            match request.algorithm, key:
                case "ES256", ec.EllipticCurvePrivateKey():
                    key.public_key().verify(request.signature, request.digest, ec.ECDSA(sha256))
                case "PS256" | "RS256", rsa.RSAPrivateKey():
                    pad = rsa_padding(request.algorithm)
                    key.public_key().verify(request.signature, request.digest, pad, sha256)
                case "EdDSA", ed25519.Ed25519PrivateKey():
                    key.public_key().verify(request.signature, request.digest)
                case _:
                    raise unsupported(request.algorithm)
        except InvalidSignature:
            return False
        except ValueError as error:
            raise InvalidRequestError(f"{request.algorithm}: {error}") from error
        return True

    def _private(self, name: str) -> Private:
        if name not in private_keys():
            raise NotFoundError(f'there is no key "{name}" to sign with')
        return private_keys()[name]

    def _rsa(self, name: str) -> rsa.RSAPrivateKey:
        key = private_keys().get("rsa" if name == "other" else name)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise NotFoundError(f'there is no RSA key "{name}"')
        return key

    def _secret(self, name: str) -> bytes:
        if name not in self.secrets:
            raise NotFoundError(f'there is no symmetric key "{name}"')
        return self.secrets[name]


def oaep(request: EncryptRequest | DecryptRequest) -> padding.OAEP:
    """The padding of an algorithm; the associated data is its label."""
    found = OAEPS[request.algorithm]
    return padding.OAEP(padding.MGF1(found), found, request.associated_data or None)


def rsa_padding(algorithm: str) -> padding.PSS | padding.PKCS1v15:
    """The padding that is signed with."""
    return padding.PSS(padding.MGF1(hashes.SHA256()), 32) if algorithm == "PS256" else padding.PKCS1v15()


def base64_of(number: int) -> str:
    """A number as a JSON Web Key has it."""
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def pem_of(key: Private) -> str:
    """The public part in PEM."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def unsupported(algorithm: str) -> UnsupportedError:
    """What is raised for an algorithm that is not listed, or not for this key."""
    return UnsupportedError(f'"{algorithm}" is not offered')
