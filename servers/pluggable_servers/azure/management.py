"""
Queues, topics and subscriptions of Service Bus, made where they are not there.

Facts: components-contrib ``common/component/azure/servicebus/client.go`` and ``metadata.go``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final, Literal

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.servicebus.aio.management import ServiceBusAdministrationClient

from .settings import ServiceBusSettings
from .web import Web

#: The API's version that a daprd asks for, and that all clouds have.
API_VERSION: Final = "2021-05"

Kind = Literal["queue", "topic"]


class Entities:
    """The entities of a namespace, as its administration knows them. Whoever opened it closes it."""

    def __init__(
        self, settings: ServiceBusSettings, client: ServiceBusAdministrationClient, web: Web
    ) -> None:
        self._settings = settings
        self._client = client
        self._web = web

    @classmethod
    async def open(cls, settings: ServiceBusSettings, credential: Any) -> Entities:
        """
        Prepare the client; with a connection string, ``credential`` is not needed.

        Raises:
            ValueError: the connection string is none.
        """
        web = await Web.open()
        try:
            if settings.connection_string:
                client = ServiceBusAdministrationClient.from_connection_string(
                    settings.connection_string, api_version=API_VERSION, **web.options()
                )
            else:
                client = ServiceBusAdministrationClient(
                    settings.namespace_name, credential, api_version=API_VERSION, **web.options()
                )
        except BaseException:
            await web.close()
            raise
        return cls(settings, client, web)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
        await self._web.close()

    async def make(self, kind: Kind, name: str, subscription: str | None = None) -> None:
        """
        Make a queue, or a topic and if named its subscription; what is there stays as it is.

        Raises:
            AzureError: the namespace cannot be asked, or refuses.
        """
        client = self._client
        if kind == "queue":
            await _made(client.get_queue(name), lambda: client.create_queue(name, **self._properties()))
            return
        await _made(client.get_topic(name), lambda: client.create_topic(name))
        if subscription is not None:
            await _made(
                client.get_subscription(name, subscription),
                lambda: client.create_subscription(name, subscription, **self._properties()),
            )

    def _properties(self) -> Mapping[str, Any]:
        """Return what the YAML says of what is made; the rest is the namespace's default."""
        settings = self._settings
        found = {
            "max_delivery_count": settings.max_delivery_count,
            "lock_duration": _seconds(settings.lock_duration_in_sec),
            "default_message_time_to_live": settings.default_message_time_to_live_in_sec,
            "auto_delete_on_idle": _seconds(settings.auto_delete_on_idle_in_sec),
        }
        return {name: value for name, value in found.items() if value is not None}


async def _made(there: Awaitable[Any], make: Any) -> None:
    try:
        await there
    except ResourceNotFoundError:
        with suppress(ResourceExistsError):  # somebody else was faster
            await make()


def _seconds(count: int | None) -> timedelta | None:
    return None if count is None else timedelta(seconds=count)
