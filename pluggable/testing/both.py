"""The far end of a component that is both bindings, as a sidecar sees it: two, over one connection."""

from __future__ import annotations

from ..bindings import Event, InputBinding, InvokeRequest, InvokeResponse, OutputBinding
from ..delivery import Delivery
from ..metadata import Metadata
from ..remote import Connection, RemoteInputBinding, RemoteOutputBinding


class BothBindings(InputBinding, OutputBinding):
    """Sends an Init to either service, so that the component has two objects, as it has with a sidecar."""

    def __init__(self, connection: Connection) -> None:
        self._input = RemoteInputBinding(connection)
        self._output = RemoteOutputBinding(connection)

    async def init(self, metadata: Metadata) -> None:
        await self._output.init(metadata)
        await self._input.init(metadata)
        self.operations: tuple[str, ...] = self._output.operations

    async def read(self, deliver: Delivery[Event]) -> None:
        await self._input.read(deliver)

    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        return await self._output.invoke(request)

    async def ping(self) -> None:
        await self._output.ping()
        await self._input.ping()

    async def close(self) -> None:
        await self._output.close()
        await self._input.close()
