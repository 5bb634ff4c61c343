"""What a user may do with files, by their modes: as whom a daprd runs, and what is in its way."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

READ: Final = 4
WRITE: Final = 2
SEARCH: Final = 1

_WORDS: Final = {READ: "read", WRITE: "write to", SEARCH: "pass through"}


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user with the groups it is in. Root may do everything."""

    uid: int
    gids: frozenset[int] = frozenset()

    @classmethod
    def here(cls) -> Self:
        """Return who runs this."""
        return cls(uid=os.geteuid(), gids=frozenset({os.getegid(), *os.getgroups()}))

    @classmethod
    def parse(cls, text: str) -> Self:
        """
        Return the user that ``UID`` or ``UID:GID,GID…`` names; its group has its own number unless told.

        Raises:
            ValueError: the text is neither.
        """
        uid, _, gids = text.partition(":")
        numbers = [uid, *(gids.split(",") if gids else [uid])]
        if not all(number.isascii() and number.isdecimal() for number in numbers) or text.endswith(":"):
            raise ValueError(f'"{text}" is no user, wanted UID, or UID:GID,GID as numbers')
        return cls(uid=int(uid), gids=frozenset(map(int, numbers[1:])))

    @property
    def is_here(self) -> bool:
        """Whether this is who runs this, so that trying tells more than modes do."""
        return self.uid == os.geteuid()

    def __str__(self) -> str:
        return f"{self.uid}:{','.join(map(str, sorted(self.gids)))}" if self.gids else str(self.uid)

    def may(self, wanted: int, about: os.stat_result) -> bool:
        """Whether a file's mode gives the user this right; lists of further rights are not looked at."""
        if self.uid == 0:
            return True
        shift = 6 if about.st_uid == self.uid else 3 if about.st_gid in self.gids else 0
        return about.st_mode >> shift & wanted == wanted

    def obstacle(self, path: Path, *rights: int) -> str:
        """Return what keeps the user from a path, a folder on the way or itself; or an empty text."""
        if self.is_here and os.access(path, sum(rights)):
            return ""  # lists of further rights may give more than modes do
        for folder in reversed(path.resolve().parents):
            if found := self._denied(folder, SEARCH):
                return found
        return next((found for right in rights if (found := self._denied(path, right))), "")

    def _denied(self, path: Path, right: int) -> str:
        try:
            about = path.stat()
        except OSError as error:
            return f"{path} cannot be looked at: {error.strerror or error}"
        if self.may(right, about):
            return ""
        owner = f"of {about.st_uid}:{about.st_gid}"
        return (
            f"user {self.uid} cannot {_WORDS[right]} {path}, {owner}, mode {stat.S_IMODE(about.st_mode):04o}"
        )


#: Who daprd is in its own image (dapr/dapr ``docker/Dockerfile``).
IMAGE_USER: Final = User(uid=65532, gids=frozenset({65532}))
