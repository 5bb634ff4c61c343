from __future__ import annotations

import pytest

from pluggable import ETagMismatchError, InitError, Metadata, StateStore
from pluggable.remote import list_services
from pluggable.state import DeleteRequest, GetRequest, GetResponse, SetRequest
from pluggable.testing import connected, served


class Store(StateStore):
    """A store that knows one ETag."""

    async def init(self, metadata: Metadata) -> None:
        if metadata.properties.get("word") == "bad":
            raise InitError("the backend refuses")
        self.values: dict[str, bytes] = {}

    async def get(self, request: GetRequest) -> GetResponse | None:
        value = self.values.get(request.key)
        return None if value is None else GetResponse(data=value, etag="1")

    async def set(self, request: SetRequest) -> None:
        if request.etag not in (None, "1"):
            raise ETagMismatchError(f"it is 1, not {request.etag}")
        self.values[request.key] = request.value

    async def delete(self, request: DeleteRequest) -> None:
        self.values.pop(request.key, None)


async def test_served_component_can_be_asked() -> None:
    async with served(Store) as address:
        assert "dapr.proto.components.v1.StateStore" in await list_services(address, 5)


async def test_far_end_behaves_like_the_component() -> None:
    async with connected(Store) as store:
        await store.set(SetRequest(key="k", value=b"v"))

        assert await store.get(GetRequest(key="k")) == GetResponse(data=b"v", etag="1")
        assert await store.get(GetRequest(key="x")) is None
        with pytest.raises(ETagMismatchError, match="it is 1, not 2"):
            await store.set(SetRequest(key="k", value=b"w", etag="2"))


async def test_failed_init_is_raised() -> None:
    with pytest.raises(InitError, match="the backend refuses"):
        async with connected(Store, {"word": "bad"}):
            pass
