"""Tokens that stand in the YAML, or in a file that somebody else replaces."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from pluggable.errors import InitError

logger = logging.getLogger(__name__)


class Token:
    """A token, read from its file whenever it is used: the next request has the one put there since."""

    def __init__(self, text: str = "", path: Path | None = None) -> None:
        self._text = text.strip()
        self._path = path

    async def open(self) -> None:
        """
        Read the file for the first time, if there is one.

        Raises:
            InitError: it cannot be read, or is empty.
        """
        if self._path is None:
            return
        try:
            self._text = await asyncio.to_thread(_read, self._path)
        except (OSError, ValueError) as error:
            raise InitError(f"the token cannot be read from {self._path}: {_reason(error)}") from None

    async def current(self) -> str:
        """Return the token as it is now; while the file cannot be read, the one before."""
        if self._path is not None:
            try:
                self._text = await asyncio.to_thread(_read, self._path)
            except (OSError, ValueError) as error:
                logger.warning("the token in %s stays as it was: %s", self._path, _reason(error))
        return self._text


def _read(path: Path) -> str:
    text = path.read_text(encoding="ascii").strip()
    if not text:
        raise ValueError("it is empty")
    if not text.isprintable():
        raise ValueError("it is more than one line")
    return text


def _reason(error: OSError | ValueError) -> str:
    """Return what is wrong, without the file's content."""
    if isinstance(error, UnicodeError):
        return "it is no text"
    return (isinstance(error, OSError) and error.strerror) or str(error)
