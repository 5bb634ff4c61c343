"""A server that a test starts, stops, kills and starts again on the same port with the same data."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

import pytest

from tests.ports import free_port

#: How long a server is away that stays away: half a minute in `.ci/long absence`, and for the gate as long as
#: something must be tried again more than once.
AWAY_SECONDS: Final = float(os.environ.get("AWAY_SECONDS", "5"))
_ATTEMPTS: Final = 5
_STOP_SECONDS: Final = 30
_POLL_SECONDS: Final = 0.05


class NotStartedError(Exception):
    """The server ended, or did not answer in time."""


class Server(ABC):
    """One server process. Subclasses say how it is prepared, started, and known to be ready."""

    #: How long the server may take until it answers, on a busy machine.
    patience_seconds: float = 60.0
    #: Who runs it, where it refuses root; the folder is theirs.
    user: str | None = None

    def __init__(self, folder: Path, port: int, options: tuple[str, ...]) -> None:
        self.folder = folder
        self.port = port
        self.options = options
        self.process: subprocess.Popen[bytes] | None = None

    @classmethod
    @contextmanager
    def running(cls, *options: str) -> Iterator[Self]:
        """A server that is ready, in a folder that goes away with it; options are for its command."""
        folder = Path(tempfile.mkdtemp(prefix="pl-"))
        server = cls._fresh(folder, options)
        try:
            yield server
        finally:
            server.kill()
            shutil.rmtree(folder, ignore_errors=True)

    @abstractmethod
    def command(self) -> list[str]:
        """Return the words that start it in the foreground."""

    @abstractmethod
    def answers(self) -> bool:
        """Say whether it is ready; whatever is raised means that it is not yet."""

    def prepare(self) -> None:
        """Make files and databases before the first start."""

    def environment(self) -> Mapping[str, str]:
        """Return what the process gets beside our own variables."""
        return {}

    def start(self) -> None:
        """
        Start it and wait until it is ready.

        Raises:
            NotStartedError: it ended, or was not ready in time; what it printed is in the message.
        """
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                cwd=self.folder,
                env={**os.environ, **self.environment()},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=self._user(),
            )
        end = time.monotonic() + self.patience_seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise NotStartedError(f"{self.command()[0]} ended: {self._said()}")
            with contextlib.suppress(Exception):
                if self.answers():
                    return
            time.sleep(_POLL_SECONDS)
        self.kill()
        raise NotStartedError(f"{self.command()[0]} was not ready in time: {self._said()}")

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        if self.process is not None:
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()

    #: What ends it in good order.
    stop_signal: signal.Signals = signal.SIGTERM

    def kill(self) -> None:
        """End it and all that it started, at once."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def restart(self) -> None:
        """Stop it in good order and start it again."""
        self.stop()
        self.start()

    @contextmanager
    def away(self) -> Iterator[None]:
        """The server is not there; it is again afterwards."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """The server holds its connections, and does nothing."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGSTOP)
        try:
            # The signal is on its way; what the server is doing it goes on with until it stands.
            while not _stands(self.process.pid):
                time.sleep(_POLL_SECONDS)
            yield
        finally:
            os.killpg(self.process.pid, signal.SIGCONT)

    @property
    def log(self) -> Path:
        """What it printed."""
        return self.folder / "server.log"

    @classmethod
    def _fresh(cls, folder: Path, options: tuple[str, ...]) -> Self:
        said = ""
        for attempt in range(_ATTEMPTS):
            own = folder / str(attempt)
            own.mkdir()
            server = cls(own, free_port(), options)
            try:
                server.prepare()
                server._give_away()
                server.start()
            except NotStartedError as error:  # Perhaps somebody else took the port in between.
                said = str(error)
            except subprocess.CalledProcessError as error:  # Others set theirs up at the same time.
                said = f"{error}: {error.stdout!r} {error.stderr!r}"
            else:
                return server
        pytest.fail(f"{cls.__name__} did not start: {said}")

    def _user(self) -> str | None:
        return self.user if os.geteuid() == 0 else None

    def _give_away(self) -> None:
        if (name := self._user()) is None:
            return
        owner = pwd.getpwnam(name)
        os.chmod(self.folder.parent, 0o755)
        for path in [self.folder, *self.folder.rglob("*")]:
            os.chown(path, owner.pw_uid, owner.pw_gid, follow_symlinks=False)

    def _said(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]


def _stands(group: int) -> bool:
    """Say whether all threads of all processes of the group are stopped, or ended."""
    states = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.getpgid(int(process.name)) == group:
                stats = [thread.read_text() for thread in process.glob("task/*/stat")]
                states |= {text.rpartition(")")[2].split()[0] for text in stats}
    return states <= {"T", "Z", "X"}
