"""MariaDB, which stands in for MySQL: its SQL is the same for what is used here, its JSON type is text."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.programs import needed

from .server import Server

#: Where Debian puts the server, which may not be on the path of everybody.
_DEBIAN: Final = "/usr/sbin"
USER: Final = "dapr"
PASSWORD: Final = "hush"


class MariaDB(Server):
    """A MariaDB server, with one user who may do everything."""

    user = "mysql"

    def prepare(self) -> None:
        self.data.mkdir()
        (self.folder / "tmp").mkdir()
        self._give_away()
        subprocess.run(
            [
                *(needed("mariadb-install-db"), "--no-defaults", f"--datadir={self.data}"),
                *("--auth-root-authentication-method=normal", "--skip-test-db"),
                *((f"--user={name}",) if (name := self._user()) else ()),
            ],
            cwd=self.folder,
            env={**os.environ, **self.environment()},
            check=True,
            capture_output=True,
        )
        self.init_file.write_text(
            f"CREATE USER IF NOT EXISTS {USER}@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';\n"
            f"GRANT ALL ON *.* TO {USER}@'127.0.0.1' WITH GRANT OPTION;\n"
        )

    def command(self) -> list[str]:
        return [
            *(
                shutil.which("mariadbd", path=f"{_DEBIAN}:/usr/local/sbin") or needed("mariadbd"),
                "--no-defaults",
            ),
            *(f"--datadir={self.data}", f"--socket={self.folder / 's'}", f"--port={self.port}"),
            *(
                "--bind-address=127.0.0.1",
                f"--init-file={self.init_file}",
                f"--pid-file={self.folder / 'pid'}",
            ),
            *("--innodb-buffer-pool-size=32M", "--skip-name-resolve", *self.options),
        ]

    def environment(self) -> Mapping[str, str]:
        # Servers whose temporary tables lie in one folder take each other's for their own, and crash.
        return {"TMPDIR": str(self.folder / "tmp")}

    def answers(self) -> bool:
        return self.sql("SELECT 1") == "1"

    def sql(self, statement: str, database: str = "") -> str:
        """Return what the client prints for a statement: a row a line, columns with tabs between."""
        return subprocess.run(
            [
                *(needed("mariadb"), "--no-defaults", "-h", "127.0.0.1", "-P", str(self.port), "-u", USER),
                *(f"-p{PASSWORD}", "-N", "-B", "--default-character-set=utf8mb4", "-e", statement),
                *((database,) if database else ()),
            ],
            check=True,
            capture_output=True,
            text=True,
            timeout=30,
        ).stdout.strip()

    def dsn(self, database: str = "") -> str:
        """Return a connection string as Go's driver has them."""
        return f"{USER}:{PASSWORD}@tcp(127.0.0.1:{self.port})/{database}"

    @property
    def data(self) -> Path:
        """The folder of the databases."""
        return self.folder / "data"

    @property
    def init_file(self) -> Path:
        """What the server runs at each start."""
        return self.folder / "init.sql"
