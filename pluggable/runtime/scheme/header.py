"""The three lines that a document begins with: the scheme, the manifest, and the signature of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..errors.crypto import CryptoOperationError
from .filekey import SCHEME, FileKey, signed_lines
from .manifest import Manifest

MOST_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Header:
    """The lines that are to be read."""

    manifest: bytes
    signature: bytes


def written_header(manifest: Manifest, key: FileKey) -> bytes:
    """
    Return the header of a document.

    Raises:
        CryptoOperationError: it would be too long, as with a key's name of many thousand signs.
    """
    lines = manifest.written()
    header = b"%s%s\n" % (signed_lines(lines), key.signature(lines))
    if len(header) > MOST_BYTES:
        raise CryptoOperationError("failed to sign header: header is too long")
    return header


class HeaderReader:
    """Collects the beginning of a document until its header is complete."""

    def __init__(self) -> None:
        self._data = bytearray()

    def take(self, data: bytes) -> tuple[Header, memoryview] | None:
        """
        Return the header and what follows it, once all of it has come.

        Raises:
            CryptoOperationError: this is no document of the scheme.
        """
        before = len(self._data)
        self._data += memoryview(data)[: MOST_BYTES - before]
        self._check_scheme()
        if self._data.count(b"\n") >= 3:
            _, manifest, signature, rest = bytes(self._data).split(b"\n", 3)
            used = len(self._data) - len(rest) - before
            return _header(manifest, signature), memoryview(data)[used:]
        if len(self._data) >= MOST_BYTES:
            self.end()
        return None

    def end(self) -> None:
        """
        Say what is missing of the header, as nothing more of it comes.

        Raises:
            CryptoOperationError: always.
        """
        if b"\n" not in self._data:
            raise _invalid("scheme name not found")
        lines = self._data.split(b"\n")
        raise _invalid("message authentication code not found" if len(lines) > 2 else "manifest not found")

    def _check_scheme(self) -> None:
        line, end, _ = self._data.partition(b"\n")
        if end and line != SCHEME:
            raise _invalid("unsupported scheme" if line else "invalid format")


def _header(manifest: bytes, signature: bytes) -> Header:
    if not manifest or not signature:
        raise _invalid("invalid format")
    return Header(manifest, signature)


def _invalid(reason: str) -> CryptoOperationError:
    return CryptoOperationError(f"invalid header: {reason}")
