"""Files and variables of this machine."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from .case import Case, Suite, Surroundings

#: Those that upstream's suite for secret stores asks for.
SECRETS: Final = {"conftestsecret": "abcd", "secondsecret": "efgh"}
FILE: Final = {"output": {"fileName": "conformance.txt"}}


@asynccontextmanager
async def variables(_folder: Path) -> AsyncIterator[Surroundings]:
    """Secrets in the environment."""
    yield Surroundings(environment=SECRETS)


@asynccontextmanager
async def secrets(folder: Path) -> AsyncIterator[Surroundings]:
    """Secrets in a file."""
    path = folder / "secrets.json"
    path.write_text(json.dumps(SECRETS))
    yield Surroundings(properties={"secretsFile": str(path)})


@asynccontextmanager
async def files(folder: Path) -> AsyncIterator[Surroundings]:
    """A folder for files."""
    root = folder / "files"
    yield Surroundings(
        properties={"rootPath": str(root)},
        operations={"create": {"data": "x", "metadata": {"fileName": "a.txt"}}},
    )


CASES: Final = (
    Case(type="secretstores.local.env", around=variables, suites={"": Suite()}),
    Case(type="secretstores.local.file", around=secrets, suites={"": Suite()}),
    Case(
        type="bindings.localstorage",
        around=files,
        suites={
            "": Suite(operations=("operations", "create", "get"), config=FILE),
            # Listing, fileName would be a folder's.
            "listing": Suite(operations=("operations", "create", "list")),
            # With get, deleting would be asked for what is gone, without error.
            "deleting": Suite(operations=("operations", "create", "delete"), config=FILE),
        },
    ),
)
