"""Cryptography over HTTP: documents as bodies, and the subtle operations."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from ....metadata import parse_bool
from ...apart import apart
from ...blocks.crypto import Crypto
from ...errors.crypto import CryptoRequestError
from .request import Request, Response
from .router import Router

if TYPE_CHECKING:
    from ...scheme.documents import Document

BYTES: Final = "application/octet-stream"
KEY_NAME: Final = "dapr-key-name"
ALGORITHM: Final = "dapr-key-wrap-algorithm"
CIPHER: Final = "dapr-data-encryption-cipher"
OMIT_KEY_NAME: Final = "dapr-omit-decryption-key-name"
DECRYPTION_KEY_NAME: Final = "dapr-decryption-key-name"
SUBTLE: Final = ("getkey", "encrypt", "decrypt", "wrapkey", "unwrapkey", "sign", "verify")


class CryptoHandlers:
    """``/v1.0-alpha1/crypto`` and ``/v1.0-alpha1/subtlecrypto``."""

    def __init__(self, block: Crypto) -> None:
        self._block = block

    def add_to(self, router: Router) -> None:
        """Add the paths."""
        router.add("PUT", "/v1.0-alpha1/crypto/{name}/encrypt", self.encrypt)
        router.add("PUT", "/v1.0-alpha1/crypto/{name}/decrypt", self.decrypt)
        for operation in SUBTLE:
            router.add("POST", f"/v1.0-alpha1/subtlecrypto/{{name}}/{operation}", self._subtle(operation))

    async def encrypt(self, request: Request, name: str) -> Response:
        """Answer with the body, encrypted."""
        vault = self._block.vault(name)
        from ...blocks.vault import EncryptOptions  # loaded by now, with the library

        options = EncryptOptions(
            key_name=_header(request, KEY_NAME, needed=True),
            algorithm=_header(request, ALGORITHM, needed=True),
            cipher=_header(request, CIPHER),
            omit_key_name=parse_bool(_header(request, OMIT_KEY_NAME)),
            decryption_key_name=_header(request, DECRYPTION_KEY_NAME),
        )
        return await _through(await vault.encryption(options), request.body)

    async def decrypt(self, request: Request, name: str) -> Response:
        """Answer with the body, decrypted."""
        return await _through(self._block.vault(name).decryption(_header(request, KEY_NAME)), request.body)

    def _subtle(self, operation: str) -> Callable[[Request, str], Awaitable[Response]]:
        async def handle(request: Request, name: str) -> Response:
            from ..subtle import OPERATIONS  # messages that few sidecars use
            from .messages import read, written

            kind, answer = OPERATIONS[operation]
            asked = await read(request.body, kind)
            setattr(asked, "component_name", name)  # noqa: B010  all have it, their common type has not
            return await written(await answer(self._block, asked))

        return handle


async def _through(document: Document, body: bytes) -> Response:
    """Answer with what comes of a body; its length is bounded, and so it is held whole."""
    pieces = await apart(len(body), list, await document.take(body))
    return Response(200, b"".join([*pieces, *document.finish()]), BYTES)


def _header(request: Request, name: str, *, needed: bool = False) -> str:
    """
    Return a header's text, which may be in UTF-8.

    Raises:
        CryptoRequestError: it is missing, and needed.
    """
    value = request.headers.get(name, "")
    if needed and not value:
        raise CryptoRequestError(f"missing header '{name}'")
    return value if value.isascii() else value.encode("latin-1", "replace").decode(errors="replace")
