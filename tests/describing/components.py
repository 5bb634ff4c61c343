"""Components as authors write them, to be described."""

# ruff: noqa: ARG002  they do nothing with what they are given

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Literal

from pluggable import About, Delivery, InputBinding, OutputBinding, Size, StateStore, setting
from pluggable.about import Authentication
from pluggable.bindings import Event, InvokeRequest, InvokeResponse
from pluggable.state import DeleteRequest, ETagged, GetRequest, GetResponse, SetRequest, Transactional


class Order(Enum):
    OLDEST = "oldest first"
    NEWEST = "newest first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One field of each kind, with what is awkward in a table or in YAML."""

    path: str = setting(
        description="Where it is; | is no separator.", example="C:\\a|b: #1", aliases=("dir",)
    )
    token: str = setting(secret=True, description="What lets it in.")
    second_token: str = setting(default="changeme", secret=True)
    retries: int = setting(default=3, description='How often,\nand "how" long.')
    ratio: float = 0.1
    tls: bool = setting(default=True, name="enableTLS")
    timeout: timedelta = setting(default=timedelta(minutes=1, seconds=30), unit="ms")  # noqa: RUF009  frozen
    largest: Size = setting(default=Size(4 * 1024**2))  # noqa: RUF009  frozen
    mode: Literal["", "fast", "yes"] = ""
    order: Order = Order.NEWEST
    hosts: tuple[str, ...] = ("a:1", "b:2")
    limit: int | None = None
    wait: timedelta | None = None
    label: str = setting(default="", example="null")
    made: tuple[str, ...] = field(default_factory=lambda: ("x",))
    read: str = field(default="", init=False)


class Store(StateStore, ETagged, Transactional):
    """
    Keeps things, in ``order``
    and for good.

    This is for its authors.
    """

    about = About(
        settings=Settings,
        title="Keeper",
        url="https://example.org/keeper",
        status="beta",
        authentication=(
            Authentication(title="Token", description="With two.", properties=("token", "secondToken")),
        ),
    )

    async def get(self, request: GetRequest) -> GetResponse | None:
        return None

    async def set(self, request: SetRequest) -> None: ...

    async def delete(self, request: DeleteRequest) -> None: ...

    async def transact(self, operations: object, metadata: Mapping[str, str] | None = None) -> None: ...


class Silent(OutputBinding, InputBinding):
    about = About(operations={"create": "Rings."})
    operations = ("create", "delete")

    async def read(self, deliver: Delivery[Event]) -> None: ...

    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        return InvokeResponse()


class Untold(InputBinding):
    async def read(self, deliver: Delivery[Event]) -> None: ...
