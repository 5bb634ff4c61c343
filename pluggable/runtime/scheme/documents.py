"""Documents on their way through: each takes bytes as they come, and gives what can be given of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Iterator
from itertools import chain

from .filekey import FileKey
from .header import Header, HeaderReader, written_header
from .manifest import Manifest
from .segments import SEGMENT_BYTES, TAG_BYTES, Segments

#: Finds a document's key, by its header.
Unlock = Callable[[Header], Awaitable[FileKey]]


class Document(ABC):
    """One document; its work is done while what it returns is iterated over, which may be in a thread."""

    @abstractmethod
    async def take(self, data: bytes) -> Iterable[bytes]:
        """
        Return what comes of the next bytes.

        Raises:
            CryptoOperationError: they cannot be what should be there, now or while they are iterated over.
        """

    @abstractmethod
    def finish(self) -> Iterator[bytes]:
        """
        Return what comes of the last bytes, there being no more.

        Raises:
            CryptoOperationError: something is missing.
        """


class Encryption(Document):
    """Gives the header, then the segments encrypted."""

    def __init__(self, manifest: Manifest, key: FileKey) -> None:
        self._header = [written_header(manifest, key)]
        self._segments = Segments(SEGMENT_BYTES, key.encrypt)

    async def take(self, data: bytes) -> Iterable[bytes]:
        return chain(self._beginning(), self._segments.take(data))

    def finish(self) -> Iterator[bytes]:
        return chain(self._beginning(), self._segments.finish())

    def _beginning(self) -> list[bytes]:
        header, self._header = self._header, []
        return header


class Decryption(Document):
    """Reads the header, has the key found, and gives the segments decrypted; each has been authenticated."""

    def __init__(self, unlock: Unlock) -> None:
        self._unlock = unlock
        self._reader = HeaderReader()
        self._segments: Segments | None = None

    async def take(self, data: bytes) -> Iterable[bytes]:
        if self._segments is None:
            found = self._reader.take(data)
            if found is None:
                return ()
            header, rest = found
            key = await self._unlock(header)
            self._segments = Segments(SEGMENT_BYTES + TAG_BYTES, key.decrypt)
            return self._segments.take(rest)
        return self._segments.take(data)

    def finish(self) -> Iterator[bytes]:
        if self._segments is None:
            self._reader.end()
            raise AssertionError("a header that is not complete has an end")
        return self._segments.finish()
