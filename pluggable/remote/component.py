"""What the far ends of all blocks have in common."""

from __future__ import annotations

from typing import ClassVar

from google.protobuf.message import Message

from .._proto.dapr.proto.components.v1 import common_pb2 as pb
from .._wire import common, names
from ..component import Component
from ..metadata import Metadata
from .connection import Connection


class RemoteComponent(Component):
    """
    A component at the other end of a connection, which belongs to who opened it and is not closed in here.

    What its type can do says nothing of what is there: ``features`` does, after ``init``.
    """

    service: ClassVar[str]

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._features: tuple[str, ...] = ()

    async def init(self, metadata: Metadata) -> None:
        init, kind = self._init_request(metadata)
        path = names.path(self.service, "Init")

        async def greeting() -> None:
            await self._connection.greet(path, init, kind)
            await self._after_init()

        await self._connection.introduce(self.service, greeting)

    async def ping(self) -> None:
        await self._connection.ask(
            names.path(self.service, "Ping"), common.ping_request_pb(), pb.PingResponse
        )

    async def close(self) -> None:
        self._connection.forget(self.service)

    @property
    def features(self) -> tuple[str, ...]:
        return self._features

    def _init_request(self, metadata: Metadata) -> tuple[Message, type[Message]]:
        """Return the Init of this block, and the kind of its answer."""
        raise NotImplementedError

    async def _after_init(self) -> None:
        """Ask for what may be different in the component's new life."""
        answer = await self._connection.greet(
            names.path(self.service, "Features"), common.features_request_pb(), pb.FeaturesResponse
        )
        self._features = common.features_response(answer)
