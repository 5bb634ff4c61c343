"""Publishes records, and waits until the brokers have them."""

from __future__ import annotations

import asyncio
from typing import Any, Final, Self

from aiokafka import AIOKafkaProducer

from pluggable.errors import InitError, InvalidRequestError, UnavailableError

from .connection import address_of, client_options, trouble_with
from .errors import FAILURES, error_of
from .records import Outgoing, partition_of, see_name
from .settings import KafkaSettings

#: Publishing is given up after so many seconds, though a broker's answer might be waited for longer.
LONGEST: Final = 10.0
_CLOSE_SECONDS: Final = 5.0
#: No value, where there is no key either: the client takes no None for both before it has serialised them.
_NOTHING: Final = object()
_ACKS: Final[dict[str, int | str]] = {"all": "all", "local": 1, "none": 0}


class Publisher:
    """Opened by ``open``. Concurrent records share requests; those of one partition keep their order."""

    def __init__(self, producer: AIOKafkaProducer, address: str) -> None:
        self._producer = producer
        self._address = address

    @classmethod
    async def open(cls, settings: KafkaSettings) -> Self:
        """
        Connect to the cluster.

        Raises:
            InitError: no broker answers, or none takes the credentials.
        """
        address = address_of(settings)
        options = await client_options(settings)
        options["request_timeout_ms"] = min(options["request_timeout_ms"], int(LONGEST * 1000))
        try:
            producer = AIOKafkaProducer(
                **options,
                acks=_ACKS[settings.producer_required_acks],
                compression_type=None if settings.compression == "none" else settings.compression,
                max_request_size=settings.max_message_bytes,
                partitioner=partition_of,
                value_serializer=_serialised,
            )
        except RuntimeError as error:
            raise InitError(f"compression {settings.compression}: {error}; install cramjam") from error
        try:
            await producer.start()
        except FAILURES as error:
            await producer.stop()
            reason = await trouble_with(settings.brokers, options.get("ssl_context"))
            raise InitError(f"{error_of(error, address)}{f'; {reason}' if reason else ''}") from error
        except BaseException:
            await producer.stop()
            raise
        return cls(producer, address)

    async def close(self) -> None:
        """Disconnect; what is under way has a few seconds."""
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._producer.stop()
        except TimeoutError:
            await self._producer.client.close()

    async def ping(self) -> None:
        """
        See that a broker answers.

        Raises:
            ComponentError: none does.
        """
        try:
            known = await self._producer.client.force_metadata_update()
        except FAILURES as error:
            raise error_of(error, self._address) from error
        if not known:
            raise UnavailableError(f"kafka {self._address}: no broker answers")

    async def partitions(self, topic: str) -> set[int]:
        """
        Return the partitions of a topic; a broker that makes topics by itself makes it.

        Raises:
            InvalidRequestError: no topic can have this name.
            Exception: one of ``errors.FAILURES``, as it came.
        """
        see_name(topic)
        known: set[int] = await self._producer.partitions_for(topic)
        return known

    async def send(self, topic: str, record: Outgoing) -> asyncio.Future[Any]:
        """
        Put a record to those that go out next, and return what is done when the brokers have it.

        Raises:
            ComponentError: it cannot be put there; of what happens later, ``settled`` tells.
        """
        see_name(topic)
        try:
            if record.partition is not None:
                await self._see_partition(topic, record.partition)
            sent: asyncio.Future[Any] = await self._producer.send(
                topic,
                value=_NOTHING if record.value is None else record.value,
                key=record.key,
                partition=record.partition,
                headers=list(record.headers),
            )
        except FAILURES as error:
            raise error_of(error, self._address) from error
        return sent

    async def settled(self, sent: asyncio.Future[Any]) -> None:
        """
        Wait until the brokers have what was sent.

        Raises:
            ComponentError: they have not.
        """
        try:
            await sent
        except FAILURES as error:
            raise error_of(error, self._address) from error

    async def _see_partition(self, topic: str, partition: int) -> None:
        known = await self.partitions(topic)
        if partition not in known:
            raise InvalidRequestError(
                f'partitionNumber is {partition}, and topic "{topic}" has {len(known)} partitions from 0'
            )


def _serialised(value: object) -> object:
    return None if value is _NOTHING else value
