"""Cryptography with keys that stay where they are: the operations, without a format for documents."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from enum import Enum

from .component import Component
from .errors import UnsupportedError


class KeyFormat(Enum):
    """How a public key is written."""

    JWK = "jwk"
    """A JSON Web Key (RFC 7517), as JSON."""
    PEM = "pem"
    """A SubjectPublicKeyInfo in PEM, which begins with ``-----BEGIN PUBLIC KEY-----``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GetKeyRequest:
    """Ask for the public part of a key."""

    key_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """The public part of a key, in the form that the component has it in; the sidecar makes the other."""

    name: str
    """The key's name, with its version where there is one."""
    key: str
    format: KeyFormat = KeyFormat.JWK


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptRequest:
    """
    Encrypt a small message.

    The nonce has the size that the algorithm wants and is empty if it wants none. ``associated_data`` is what
    is authenticated beside the message, or RSA-OAEP's label.
    """

    plaintext: bytes = field(repr=False)
    algorithm: str
    key_name: str
    nonce: bytes = b""
    associated_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptResponse:
    """
    What came of it.

    A symmetric algorithm that authenticates, such as A256GCM, has its tag beside the ciphertext, not in it;
    of all others the tag is empty.
    """

    ciphertext: bytes
    tag: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecryptRequest:
    """Decrypt a small message, with what it was encrypted with."""

    ciphertext: bytes
    algorithm: str
    key_name: str
    nonce: bytes = b""
    tag: bytes = b""
    associated_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrapKeyRequest:
    """Encrypt a key with another: the bytes of a symmetric key, or a private key in PKCS #8."""

    key: bytes = field(repr=False)
    algorithm: str
    key_name: str
    nonce: bytes = b""
    associated_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrapKeyResponse:
    """What came of it; the tag as for a message."""

    wrapped_key: bytes
    tag: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnwrapKeyRequest:
    """Decrypt a key, with what it was wrapped with."""

    wrapped_key: bytes
    algorithm: str
    key_name: str
    nonce: bytes = b""
    tag: bytes = b""
    associated_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignRequest:
    """Sign a digest, which has the size of the algorithm's hash; for EdDSA it is the message itself."""

    digest: bytes
    algorithm: str
    key_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyRequest:
    """Ask whether a signature, for ECDSA in ASN.1 DER, is that of a digest."""

    digest: bytes
    signature: bytes
    algorithm: str
    key_name: str


class SubtleCrypto(Component):
    """
    A vault of keys. It lists the algorithms of what it can do, and need not be able to do all of it.

    Algorithms are named as in RFC 7518, with Dapr's additions, such as A256CBC and C20P.
    Every method raises NotFoundError for a key that is not there, UnsupportedError for an algorithm that is
    not listed, and InvalidRequestError for what does not fit the key or the algorithm.
    """

    encryption_algorithms: tuple[str, ...] = ()
    """What may be asked for to encrypt and to wrap keys; known after ``init`` at the latest."""
    signature_algorithms: tuple[str, ...] = ()
    """What may be asked for to sign."""

    @abstractmethod
    async def get_key(self, request: GetKeyRequest) -> PublicKey:
        """
        Return the public part of a key.

        Raises:
            NotFoundError: there is no such key, or it is symmetric and has no such part.
        """

    async def encrypt(self, request: EncryptRequest) -> EncryptResponse:
        """Return the message encrypted."""
        raise self._unsupported("encrypts nothing", request.algorithm)

    async def decrypt(self, request: DecryptRequest) -> bytes:
        """
        Return the message.

        Raises:
            InvalidRequestError: it does not authenticate: ciphertext, tag, nonce or associated data differ.
        """
        raise self._unsupported("decrypts nothing", request.algorithm)

    async def wrap_key(self, request: WrapKeyRequest) -> WrapKeyResponse:
        """Return the key encrypted, by ``encrypt`` unless there is another way."""
        response = await self.encrypt(
            EncryptRequest(
                plaintext=request.key,
                algorithm=request.algorithm,
                key_name=request.key_name,
                nonce=request.nonce,
                associated_data=request.associated_data,
            )
        )
        return WrapKeyResponse(wrapped_key=response.ciphertext, tag=response.tag)

    async def unwrap_key(self, request: UnwrapKeyRequest) -> bytes:
        """
        Return the key's bytes, by ``decrypt`` unless there is another way.

        Raises:
            InvalidRequestError: it does not authenticate.
        """
        return await self.decrypt(
            DecryptRequest(
                ciphertext=request.wrapped_key,
                algorithm=request.algorithm,
                key_name=request.key_name,
                nonce=request.nonce,
                tag=request.tag,
                associated_data=request.associated_data,
            )
        )

    async def sign(self, request: SignRequest) -> bytes:
        """Return the signature."""
        raise self._unsupported("signs nothing", request.algorithm)

    async def verify(self, request: VerifyRequest) -> bool:
        """Return whether the signature is the digest's; one that is not, whatever it is, is no error."""
        raise self._unsupported("verifies nothing", request.algorithm)

    def _unsupported(self, what: str, algorithm: str) -> UnsupportedError:
        return UnsupportedError(f"{type(self).__name__} {what}, so {algorithm} cannot be asked of it")
