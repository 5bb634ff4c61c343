"""What lives in its own process."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from .case import BAD_ETAG, BROKERS, TRANSACTIONS, Case, Suite, Surroundings, nothing

#: Writes an item into a file of them, or removes it if no value is given.
EDIT: Final = """
import json, os, sys
path, key, *value = sys.argv[1:]
items = json.load(open(path))
items.pop(key, None)
items.update({key: each for each in value})
with open(path + ".new", "w") as file:
    json.dump(items, file)
os.replace(path + ".new", path)
"""


@asynccontextmanager
async def settings(folder: Path) -> AsyncIterator[Surroundings]:
    """A file of settings, and what edits it."""
    path = folder / "settings.json"
    path.write_text("{}")
    edit = (sys.executable, "-c", EDIT, str(path))
    yield Surroundings(
        properties={"itemsFile": str(path)}, write=(*edit, "{key}", "{value}"), remove=(*edit, "{key}")
    )


CASES: Final = (
    Case(
        type="state.in-memory",
        around=nothing,
        suites={"": Suite(operations=TRANSACTIONS, config=BAD_ETAG)},
    ),
    Case(
        type="pubsub.in-memory",
        around=nothing,
        suites={"": Suite(operations=("bulkpublish", "bulksubscribe"), config=BROKERS)},
    ),
    Case(type="configuration.in-memory", around=settings),
    Case(type="lock.in-memory", around=nothing),
)
