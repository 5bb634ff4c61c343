"""etcd: a cluster of one, which keeps its data over a restart."""

from __future__ import annotations

import os
import subprocess
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from tests.ports import free_port
from tests.programs import needed

from .server import Server


class Etcd(Server):
    """A member that is a cluster by itself."""

    def __init__(self, folder: Path, port: int, options: tuple[str, ...]) -> None:
        super().__init__(folder, port, options)
        self._peers = f"http://127.0.0.1:{free_port()}"
        self._metrics = f"http://127.0.0.1:{free_port()}"

    def command(self) -> list[str]:
        url = f"{self.scheme}://127.0.0.1:{self.port}"
        return [
            *(needed("etcd"), "--name", "one", "--data-dir", str(self.folder / "data")),
            *("--listen-client-urls", url, "--advertise-client-urls", url),
            *("--listen-peer-urls", self._peers, "--initial-advertise-peer-urls", self._peers),
            *("--initial-cluster", f"one={self._peers}", "--logger", "zap"),
            *self.options,
        ]  # fmt: skip

    #: How it is spoken to.
    scheme = "http"

    def environment(self) -> Mapping[str, str]:
        return {"ETCD_UNSUPPORTED_ARCH": os.uname().machine}

    def answers(self) -> bool:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=1) as answer:
            return b"true" in answer.read()

    @property
    def endpoint(self) -> str:
        """Where it is."""
        return f"127.0.0.1:{self.port}"

    def ctl(self, *words: str, stdin: bytes | None = None) -> bytes:
        """Return what etcd's own client says."""
        command = [needed("etcdctl"), f"--endpoints={self.endpoint}", *words]
        environment = {**os.environ, "ETCDCTL_API": "3"}
        ran = subprocess.run(command, input=stdin, capture_output=True, env=environment, check=False)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def value(self, key: str) -> bytes:
        """Return what is at a key, bare; empty where nothing is."""
        return self.ctl("get", "--print-value-only", key)[:-1]
