"""What a component is put through the checks with."""

from __future__ import annotations

import tomllib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, Self

from ..metadata import NO_METADATA, Metadata
from .keys import Key

#: How long a subscription is given to stand, if the profile does not say.
SETTLE_SECONDS: Final = 0.3

#: Whom ``{uuid}`` tells apart: an instance of this process from all others.
_PROCESS: Final = uuid.uuid4()


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Where a component is, how it is initialised, and what cannot be learnt by asking it."""

    address: str
    """``unix:/path/to.sock``."""
    instance: str = "conformance"
    """The component's name, as in its YAML."""
    properties: Mapping[str, str] = NO_METADATA
    """What stands under ``spec.metadata``; ``{uuid}`` is another in each instance, as by a sidecar."""
    blocks: tuple[str, ...] = ()
    """``state``, ``pubsub``, ``crypto`` …; none says all that are served."""
    wait_seconds: float = 10.0
    """How long a message, an event or an expiry is waited for."""
    settle_seconds: float = SETTLE_SECONDS
    """How long a broker's subscription may take until it stands, if headers do not say so; 0.3 s at least."""
    topic: str = "conformance"
    """What the topics of the checks begin with."""
    write: tuple[str, ...] = ()
    """For a configuration store: a command that writes an item, ``{key}`` and ``{value}`` in its words."""
    remove: tuple[str, ...] = ()
    """The same for one that removes an item: ``["redis-cli", "del", "{key}"]``."""
    operations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """For an output binding: operations to invoke, each with ``data`` and ``metadata``."""
    secret: str = ""
    """A secret that is there; if not given, one of those that a bulk get returns."""
    keys: tuple[Key, ...] = ()
    """For a vault of keys: those it has; in a file each is a table of ``name``, ``type``, ``algorithms``."""
    application: str = ""
    """For a name resolver: the id of an application that it knows."""

    def metadata(self, instance: str = "") -> Metadata:
        """Return what an instance is initialised with; without a name it is the profile's own."""
        name = instance or self.instance
        own = str(uuid.uuid5(_PROCESS, name))
        return Metadata({key: value.replace("{uuid}", own) for key, value in self.properties.items()}, name)

    @classmethod
    def read(cls, path: Path, address: str) -> Self:
        """
        Return a profile from a file in TOML, whose names are those of the fields.

        Raises:
            ValueError: the file is no TOML, or has a name that no field has, or a key that is none.
        """
        try:
            given = tomllib.loads(path.read_text())
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{path} is no TOML: {error}") from error
        known = {each.name for each in fields(cls)} - {"address"}
        if unknown := sorted(given.keys() - known):
            raise ValueError(f"{path} has {', '.join(unknown)}; known are {', '.join(sorted(known))}")
        for name in ("blocks", "write", "remove"):
            given[name] = tuple(given.get(name, ()))
        given["properties"] = {name: str(value) for name, value in given.get("properties", {}).items()}
        given["keys"] = tuple(Key.read(each) for each in given.get("keys", ()))
        return replace(cls(address=address), **given)

    @classmethod
    def given(cls, socket: Path, *, file: str | Path | None = None, words: Sequence[str] = ()) -> Self:
        """
        Return what a command line says: a socket, perhaps a file, and properties as ``name=value``.

        Raises:
            ValueError: a property has no value, or the file is not as it must be.
            OSError: the file cannot be read.
        """
        address = f"unix:{socket.absolute()}"
        profile = cls.read(Path(file), address) if file else cls(address=address)
        properties = dict(profile.properties)
        for word in words:
            name, equals, value = word.partition("=")
            if not equals:
                raise ValueError(f'the property "{word}" has no value; wanted NAME=VALUE')
            properties[name] = value
        return replace(profile, properties=properties)
