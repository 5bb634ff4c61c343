"""
Settings as strings in Redis: ``value||version``.

Facts: components-contrib ``configuration/redis/internal/redis_value.go``.
"""

from __future__ import annotations

from typing import Final

from pluggable.configuration import Item

SEPARATOR: Final = "||"


def item_of(stored: bytes | None) -> Item | None:
    """Return the setting that a string is; an empty value is none, and what follows a version has no use."""
    if not stored:
        return None
    value, _, rest = stored.decode(errors="replace").partition(SEPARATOR)
    version = rest.partition(SEPARATOR)[0]
    return Item(value=value, version=version or None) if value else None


def channel_of(key: str, database: int) -> str:
    """Return the channel on which the server tells of changes of a key; ``*`` is that of all."""
    return f"__keyspace@{database}__:{key}"


def key_of(channel: bytes, database: int) -> str | None:
    """Return the key that a channel is of; ``None`` for one that no setting can have."""
    prefix = channel_of("", database).encode()
    if not channel.startswith(prefix):
        return None
    try:
        return channel[len(prefix) :].decode()
    except UnicodeDecodeError:
        return None
