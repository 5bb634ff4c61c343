"""Where components' sockets are, whom to trust there, and what a socket may be called."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from .errors import ComponentError

#: Variables that name the folder, the first that is set counts: daprd's own, the injector's, the Go SDK's.
FOLDER_VARIABLES: Final = (
    "DAPR_COMPONENTS_SOCKETS_FOLDER",
    "DAPR_COMPONENT_SOCKETS_FOLDER",
    "DAPR_COMPONENT_SOCKET_FOLDER",
)
DEFAULT_FOLDER: Final = Path("/tmp/dapr-components-sockets")
SUFFIX: Final = ".sock"
#: The longest path a socket can be bound to, without the closing zero byte.
PATH_BYTES: Final = 107 if sys.platform == "linux" else 103

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class SocketError(ComponentError):
    """A socket or its folder is not as it must be; the text names it and says what to do."""


@dataclass(frozen=True, slots=True)
class SocketsFolder:
    """The shared folder. An ``explicit`` one was named by somebody, as in a pod, and is accepted as it is."""

    path: Path
    explicit: bool

    @classmethod
    def find(
        cls,
        named: Path | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        default: Path = DEFAULT_FOLDER,
    ) -> Self:
        """Return the folder named, else the one that the environment names, else the default."""
        if named is None:
            settings = os.environ if environ is None else environ
            named = next((Path(settings[name]) for name in FOLDER_VARIABLES if settings.get(name)), None)
        return cls(default, explicit=False) if named is None else cls(named.absolute(), explicit=True)

    @property
    def socket_mode(self) -> int:
        """The mode of sockets: only in an explicit folder may other users, as a pod's daprd, connect."""
        return 0o666 if self.explicit else 0o600

    def make(self) -> None:
        """
        Create the folder if it is missing, the default one for its owner alone, and check it.

        Raises:
            SocketError: it cannot be made, or is another user's.
        """
        try:
            if self.explicit:
                self.path.mkdir(parents=True, exist_ok=True)
            else:
                self.path.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise SocketError(f"folder {self.path} cannot be made: {error.strerror or error}") from error
        self.check()

    def check(self) -> None:
        """
        See that nobody else could have put sockets into the folder; one that is missing passes.

        Raises:
            SocketError: it is no folder, or the default one is another user's.
        """
        try:
            about = self.path.stat() if self.explicit else self.path.lstat()
        except FileNotFoundError:
            return
        except OSError as error:
            raise SocketError(f"folder {self.path} cannot be read: {error.strerror or error}") from error
        if not stat.S_ISDIR(about.st_mode):
            raise SocketError(
                f"{self.path} is not a folder; remove it, or name another in ${FOLDER_VARIABLES[0]}"
            )
        if not self.explicit:
            self._check_owner(self.path, about)

    def check_socket(self, path: Path) -> None:
        """
        See that a socket in the folder may be connected to.

        Raises:
            SocketError: the folder is the default one and the socket is another user's.
        """
        if not self.explicit:
            try:
                self._check_owner(path, path.lstat())
            except OSError as error:
                raise SocketError(f"socket {path} cannot be looked at: {error.strerror or error}") from error

    def _check_owner(self, path: Path, about: os.stat_result) -> None:
        if about.st_uid not in (os.geteuid(), 0):
            raise SocketError(
                f"{path} belongs to user {about.st_uid}, wanted is user {os.geteuid()} or root; "
                f"remove it, or name a folder you trust in ${FOLDER_VARIABLES[0]}"
            )

    def socket(self, name: str) -> Path:
        """
        Return the path of the socket with this name.

        Raises:
            SocketError: no socket can be called so, or its path is too long.
        """
        if not _NAME.fullmatch(name):
            raise SocketError(
                f'"{name}" is no name for a socket; it becomes the component\'s type, '
                "so letters, digits, dots, hyphens and underscores make it up, a letter or digit first"
            )
        path = self.path / f"{name}{SUFFIX}"
        check_length(path)
        return path


def sockets_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Return where components' sockets are by the environment, or by default."""
    return SocketsFolder.find(environ=environ).path


def check_length(path: Path) -> None:
    """
    See that a socket can have this path.

    Raises:
        SocketError: it is longer than the system takes.
    """
    if (length := len(os.fsencode(path))) > PATH_BYTES:
        raise SocketError(
            f"socket path {path} has {length} bytes, "
            f"at most {PATH_BYTES} are possible; choose a shorter folder or name"
        )
