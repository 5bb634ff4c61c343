"""Connections to other sidecars, kept by address."""

from __future__ import annotations

from collections import OrderedDict
from typing import Self

from ...transport import Channel, ChannelState, Limits, channel

#: As many other sidecars are kept connected; who was not called for longest is let go.
MOST_PEERS = 256


class Peers:
    """Channels to other sidecars; ``async with`` closes them."""

    def __init__(self, most_bytes: int) -> None:
        self._limits = Limits(receive_bytes=most_bytes)
        self._channels: OrderedDict[str, Channel] = OrderedDict()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        channels, self._channels = self._channels, OrderedDict()
        for each in channels.values():
            await each.close()

    async def to(self, address: str) -> Channel:
        """Return the channel to an address."""
        found = self._channels.get(address)
        if found is None:
            found = self._channels[address] = channel(address, limits=self._limits)
            if len(self._channels) > MOST_PEERS:
                _, leaving = self._channels.popitem(last=False)
                await leaving.close()
        else:
            self._channels.move_to_end(address)
        return found

    async def leave(self, address: str) -> None:
        """Look no more for who did not answer at an address; unless somebody does by now."""
        found = self._channels.get(address)
        if found is not None and found.state is ChannelState.DOWN:
            del self._channels[address]
            await found.close()
