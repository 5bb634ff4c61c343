"""Addresses: how they are read, and what it takes to bind them."""

from __future__ import annotations

import re

import pytest

from pluggable.transport.addresses import bound, host_and_port


@pytest.mark.parametrize(
    ("address", "found"),
    [("localhost:80", ("localhost", 80)), ("[::1]:0", ("::1", 0)), ("0.0.0.0:1", ("0.0.0.0", 1))],
)
def test_port_is_split_off(address: str, found: tuple[str, int]) -> None:
    assert host_and_port(address) == found


@pytest.mark.parametrize("address", ["", "localhost", "localhost:", "localhost:http", "localhost:70000"])
def test_address_without_port_is_refused(address: str) -> None:
    with pytest.raises(OSError, match=re.escape('neither "unix:/absolute/path" nor "host:port"')):
        host_and_port(address)


async def test_port_is_one_for_all_addresses_of_a_host() -> None:
    sockets = await bound(":0")

    try:
        assert len({listening.getsockname()[1] for listening in sockets}) == 1
    finally:
        for listening in sockets:
            listening.close()
