"""The store that is measured: what the Go SDK's component does, on our SDK."""

from __future__ import annotations

from pluggable import StateStore, state


class Store(StateStore):
    """Keeps values in a dict."""

    def __init__(self) -> None:
        self._values: dict[str, bytes] = {}

    async def get(self, request: state.GetRequest) -> state.GetResponse | None:
        value = self._values.get(request.key)
        return None if value is None else state.GetResponse(data=value)

    async def set(self, request: state.SetRequest) -> None:
        self._values[request.key] = request.value

    async def delete(self, request: state.DeleteRequest) -> None:
        self._values.pop(request.key, None)
