"""
What the YAML of ``state.memcached`` says.

Facts: components-contrib ``state/memcached/memcached.go``: ``timeout`` is a whole number of milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pluggable.metadata import setting

PORT: Final = 11211
DEFAULT_TIMEOUT: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class MemcachedSettings:
    """The properties of ``state.memcached``."""

    hosts: tuple[str, ...] = setting(
        description="The servers, host:port with commas; a key belongs to one of them.",
        example="localhost:11211",
    )
    max_idle_connections: int = setting(
        default=2, description="Without effect here: requests share one connection a server."
    )
    timeout: int = setting(
        default=DEFAULT_TIMEOUT,
        description="How many milliseconds an answer may take; less than 1 is 1000.",
        example="5000",
    )

    def __post_init__(self) -> None:
        if not self.addresses:
            raise ValueError("hosts is empty, wanted host:port, several with commas")

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """The servers with their ports."""
        return [_address(host.strip()) for host in self.hosts if host.strip()]

    @property
    def timeout_seconds(self) -> float:
        """How long an answer may take."""
        return (self.timeout if self.timeout > 0 else DEFAULT_TIMEOUT) / 1000


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        return text.strip("[]"), PORT
    if not port.isdecimal():
        raise ValueError(f'hosts has "{text}", wanted a number after the colon')
    return host.strip("[]"), int(port)
