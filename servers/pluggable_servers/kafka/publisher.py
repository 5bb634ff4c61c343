"""Publishes records, and waits until the brokers have them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final, Self

from aiokafka import AIOKafkaProducer, errors as of

from pluggable.errors import ComponentError, InitError, InvalidRequestError, LimitExceededError

from .connection import address_of, client_options, trouble_with
from .errors import FAILURES, error_of
from .lanes import Lanes, Sent
from .records import Outgoing, partition_of, see_name
from .settings import KafkaSettings

#: Publishing is given up after so many seconds, though a broker's answer might be waited for longer.
LONGEST: Final = 10.0
_CLOSE_SECONDS: Final = 5.0
#: What was seen of the brokers holds for so many seconds.
_LOOK_EVERY: Final = 1.0
#: So many bytes wait to go to a partition together, as the client has it by default.
_BATCH: Final = 16384
#: What tells that there is no connection, and not why.
_NO_CONNECTION: Final = (of.NodeNotReadyError, of.KafkaConnectionError)
_ACKS: Final[dict[str, int | str]] = {"all": "all", "local": 1, "none": 0}


class Publisher:
    """Opened by ``open``. Concurrent records share requests; those of one partition keep their order."""

    def __init__(
        self, producer: AIOKafkaProducer, settings: KafkaSettings, options: Mapping[str, Any], patience: float
    ) -> None:
        self._producer = producer
        self._settings = settings
        self._options = options
        self._address = address_of(settings)
        self._largest = settings.max_message_bytes
        self._lanes = Lanes(producer, patience)
        self._looking = asyncio.Lock()
        self._trouble = ""
        self._looked = -_LOOK_EVERY

    @classmethod
    async def open(cls, settings: KafkaSettings) -> Self:
        """
        Connect to the cluster.

        Raises:
            InitError: no broker answers, or none takes the credentials.
        """
        address = address_of(settings)
        options = await client_options(settings)
        patience = min(settings.read_timeout.total_seconds(), LONGEST)
        options["request_timeout_ms"] = max(1, int(patience * 1000))
        try:
            producer = AIOKafkaProducer(
                **options,
                acks=_ACKS[settings.producer_required_acks],
                compression_type=None if settings.compression == "none" else settings.compression,
                max_batch_size=min(_BATCH, settings.max_message_bytes),
            )
        except RuntimeError as error:
            raise InitError(f"compression {settings.compression}: {error}; install cramjam") from error
        try:
            await producer.start()
        except FAILURES as error:
            await producer.stop()
            reason = await trouble_with(settings.brokers, options)
            raise InitError(str(error_of(error, address, reason))) from error
        except BaseException:
            await producer.stop()
            raise
        return cls(producer, settings, options, patience)

    async def close(self) -> None:
        """Disconnect; what is under way has a few seconds."""
        end = asyncio.get_running_loop().time() + _CLOSE_SECONDS
        await self._lanes.close(end)
        try:
            async with asyncio.timeout_at(end):
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
            raise await self._failed(error) from error
        if not known:
            raise await self._failed(of.KafkaConnectionError("no broker answers"))

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

    async def send(self, topic: str, record: Outgoing) -> Sent:
        """
        Put a record to those that go out next, and return what is done when the brokers have it.

        Raises:
            ComponentError: it cannot be put there; of what happens later, ``settled`` tells.
        """
        if record.size > self._largest:
            raise LimitExceededError(
                f"kafka {self._address}: a message of {record.size} bytes with its headers, "
                f"and maxMessageBytes is {self._largest}"
            )
        cluster = self._producer.client.cluster
        try:
            known = cluster.partitions_for_topic(topic) or await self.partitions(topic)
        except of.UnknownTopicOrPartitionError as error:
            await self.ping()  # where no broker answers, none has said that the topic is unknown
            raise error_of(error, self._address) from error
        except FAILURES as error:
            raise await self._failed(error) from error
        return self._lanes.put(topic, self._partition(topic, known, record), record)

    async def settled(self, sent: Sent) -> None:
        """
        Wait until the brokers have what was sent.

        Raises:
            ComponentError: they have not.
        """
        if (error := await sent) is not None:
            raise await self._failed(error) from error

    async def _failed(self, error: Exception) -> ComponentError:
        """Return the component's error for one of ``FAILURES``; for want of a connection, with the reason."""
        reason = await self._reason() if isinstance(error, _NO_CONNECTION) else ""
        return error_of(error, self._address, reason)

    async def _reason(self) -> str:
        """Return why a broker cannot be used, if that is so; many who ask at once share the look."""
        loop = asyncio.get_running_loop()
        async with self._looking:
            if loop.time() - self._looked >= _LOOK_EVERY:
                self._trouble = await trouble_with(self._settings.brokers, self._options)
                self._looked = loop.time()
            return self._trouble

    def _partition(self, topic: str, known: set[int], record: Outgoing) -> int:
        if record.partition is not None:
            if record.partition not in known:
                raise InvalidRequestError(
                    f"partitionNumber is {record.partition}, "
                    f'and topic "{topic}" has {len(known)} partitions from 0'
                )
            return record.partition
        if len(known) == 1:
            return next(iter(known))
        cluster = self._producer.client.cluster
        available = cluster.available_partitions_for_topic(topic) if record.key is None else ()
        return partition_of(record.key, [*known], [*available])
