"""PostgreSQL, in a cluster of its own that is for one test run; durable, as nothing is switched off."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path
from typing import Final

from tests.programs import needed

from .server import Server

#: Where Debian puts the programs, which are not on the path.
_DEBIAN: Final = "/usr/lib/postgresql"
SUPERUSER: Final = "postgres"


class PostgreSQL(Server):
    """A PostgreSQL server that trusts everybody who connects, unless its `pg_hba.conf` is written anew."""

    user = "postgres"
    #: A fast shutdown: sessions are cut, what was committed stays.
    stop_signal = signal.SIGINT

    def prepare(self) -> None:
        self._give_away()
        subprocess.run(
            [
                *(program("initdb"), "-D", str(self.data), "-U", SUPERUSER, "-A", "trust"),
                *("-E", "UTF8", "--locale=C.UTF-8", "--no-sync"),
            ],
            cwd=self.folder,
            check=True,
            capture_output=True,
            user=self._user(),
        )

    def command(self) -> list[str]:
        return [
            *(program("postgres"), "-D", str(self.data), "-p", str(self.port)),
            *("-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self.folder}"),
            *("-c", "shared_buffers=32MB", *self.options),
        ]

    def answers(self) -> bool:
        return self.sql("SELECT 1") == "1"

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Return what psql prints for a statement: a row a line, columns with ``|`` between."""
        return subprocess.run(
            [
                *(program("psql"), "-h", "127.0.0.1", "-p", str(self.port), "-U", SUPERUSER),
                *("-d", database, "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", statement),
            ],
            check=True,
            capture_output=True,
            text=True,
            timeout=30,
        ).stdout.strip()

    def url(self, database: str = "postgres") -> str:
        """Return a connection string of the superuser."""
        return f"postgresql://{SUPERUSER}@127.0.0.1:{self.port}/{database}"

    @property
    def data(self) -> Path:
        """The cluster's folder."""
        return self.folder / "data"


def program(name: str) -> str:
    """Return one of PostgreSQL's programs, of the newest version there is."""
    if found := shutil.which(name):
        return found
    versions = sorted(Path(_DEBIAN).glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    return str(versions[-1]) if versions else needed(name)


def table(name: str, channel: str) -> str:
    """Return the statements that make a table of settings and its trigger, as Dapr documents them."""
    return f"""
    CREATE TABLE {name} (
        key varchar NOT NULL, value varchar NOT NULL, version varchar NOT NULL, metadata json
    );
    CREATE FUNCTION tell_of_{name}() RETURNS trigger AS $$
        DECLARE data json;
        BEGIN
            IF TG_OP = 'DELETE' THEN data = row_to_json(OLD); ELSE data = row_to_json(NEW); END IF;
            PERFORM pg_notify('{channel}',
                json_build_object('table', TG_TABLE_NAME, 'action', TG_OP, 'data', data)::text);
            RETURN NULL;
        END;
    $$ LANGUAGE plpgsql;
    CREATE TRIGGER told AFTER INSERT OR UPDATE OR DELETE ON {name}
        FOR EACH ROW EXECUTE PROCEDURE tell_of_{name}();
    """
