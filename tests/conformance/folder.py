"""A configuration store whose items are the files of a folder, as mounted from a ConfigMap."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from pluggable import ConfigurationStore, Metadata
from pluggable.configuration import GetRequest, Item, Notify, SubscribeRequest
from pluggable.conformance import Profile

#: How often it is looked for changes.
LOOK_SECONDS = 0.01

#: A key's file is put in place as a whole, so that nobody reads half of it.
WRITE = ("sh", "-c", 'printf %s "$2" > "$0/.$1" && mv "$0/.$1" "$0/$1"', "{folder}", "{key}", "{value}")
REMOVE = ("rm", "{folder}/{key}")


def written_in(folder: Path, profile: Profile) -> Profile:
    """Return a profile for a store of this folder, with the commands that write there."""
    write, remove = (
        tuple(word.replace("{folder}", str(folder)) for word in words) for words in (WRITE, REMOVE)
    )
    return replace(profile, properties={"folder": str(folder)}, write=write, remove=remove)


class FolderStore(ConfigurationStore):
    """Keys are names of files, values their text, versions their times."""

    async def init(self, metadata: Metadata) -> None:
        self.folder = Path(metadata.properties["folder"])

    async def get(self, request: GetRequest) -> dict[str, Item]:
        return self.read(request.keys)

    async def subscribe(self, request: SubscribeRequest, notify: Notify) -> None:
        known = self.read(request.keys)
        notify.ready()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            found = self.read(request.keys)
            changes: dict[str, Item | None] = dict.fromkeys(known.keys() - found.keys())
            changes |= {key: item for key, item in found.items() if known.get(key) != item}
            if changes:
                await notify(changes)
            known = found

    def read(self, keys: Sequence[str]) -> dict[str, Item]:
        """Return the items there are now, of these keys or all."""
        found = {}
        for path in self.folder.iterdir():
            if not path.name.startswith(".") and (not keys or path.name in keys):
                # The text and the time of one file, though another takes its place meanwhile, or none.
                with suppress(FileNotFoundError), path.open() as file:
                    found[path.name] = Item(
                        value=file.read(), version=str(os.fstat(file.fileno()).st_mtime_ns)
                    )
        return found
