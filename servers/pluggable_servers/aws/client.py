"""The clients of a component's services, one set of credentials for them all."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from typing import Any, Final, Self, TypeVar

from aiobotocore.config import AioConfig
from aiobotocore.credentials import (
    AioAssumeRoleCredentialFetcher,
    AioCredentials,
    AioDeferredRefreshableCredentials,
)
from aiobotocore.session import AioSession, get_session

from pluggable.errors import DeniedError, InitError

from .errors import FAILURES, error_of
from .settings import AWSSettings

T = TypeVar("T")
R = TypeVar("R")

#: How long looking for credentials may take, a machine's metadata service included.
OPEN_SECONDS: Final = 15.0
_CONNECT_SECONDS: Final = 5.0
#: Longer than a queue is waited at, which is 20 s at most.
_ANSWER_SECONDS: Final = 60.0
#: Connections to one service; who comes when all are in use waits for one.
_CONNECTIONS: Final = 256
#: A call is sent so many times, as AWS's client in Go does.
_ATTEMPTS: Final = 3
_NO_REGION: Final = "no region is known; set region under spec.metadata, or AWS_REGION"
_NO_CREDENTIALS: Final = (
    "no credentials were found; set accessKey and secretKey under spec.metadata, or give the process some"
)


class AWS:
    """Opened by ``open``; whoever opened it closes it."""

    def __init__(
        self,
        clients: Mapping[str, Any],
        endpoint: str,
        region: str,
        name: str,
        found: AioCredentials | None,
        stack: AsyncExitStack,
    ) -> None:
        self.region = region
        self.name = name
        self._clients = clients
        self._endpoint = endpoint
        self._found = found
        self._stack = stack

    @classmethod
    async def open(
        cls,
        settings: AWSSettings,
        *services: str,
        name: str = "",
        endpoint: str | None = None,
        verify: bool | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Self:
        """
        Find credentials and make the clients; nothing is sent to the services yet.

        Args:
            settings: Who asks, and where.
            services: What AWS calls them, such as ``sqs``.
            name: The component's, for what it logs.
            endpoint: Where the services are, if not where the settings say.
            verify: Whether the certificates of the services are looked at, if not as usual.
            options: Further ones of the clients.

        Raises:
            InitError: there are no credentials, or no region.
        """
        endpoint = endpoint or settings.endpoint or None
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(OPEN_SECONDS):
                    session, region, found = await _session(settings)
                    clients = {
                        service: await stack.enter_async_context(
                            session.create_client(
                                service,
                                region_name=region,
                                endpoint_url=endpoint,
                                verify=verify,
                                config=_config(options or {}),
                            )
                        )
                        for service in services
                    }
            except TimeoutError as error:
                raise InitError(f"{_NO_CREDENTIALS} (looked for {OPEN_SECONDS:g} s)") from error
            except (*FAILURES, ValueError) as error:
                raise InitError(f"aws: {error}") from error
            return cls(clients, endpoint or "", region, name, found, stack.pop_all())

    async def close(self) -> None:
        """Close the connections."""
        await self._stack.aclose()

    async def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """
        Return what a service answers.

        Raises:
            ComponentError: it refused, or did not answer.
        """
        try:
            return await self._once(service, operation, parameters)
        except DeniedError:
            if not await self._exchanged():
                raise
        return await self._once(service, operation, parameters)

    async def answers(self, service: str, operation: str, **parameters: Any) -> None:
        """
        See that a service answers, and be it that this caller may not ask that.

        Raises:
            ComponentError: it does not.
        """
        try:
            await self.call(service, operation, **parameters)
        except DeniedError:
            return

    def client(self, service: str) -> Any:
        """Return the client of a service, for what is no plain call."""
        return self._clients[service]

    def where(self, service: str) -> str:
        """Return the service and its endpoint as they stand in messages."""
        return f"aws {service} {self._endpoint or self.region}"

    async def _once(self, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = await getattr(self._clients[service], operation)(**parameters)
        except FAILURES as error:
            raise error_of(error, self.where(service)) from error
        return answer

    async def _exchanged(self) -> bool:
        """Look again for keys that were found in the environment; say whether they are others now."""
        if self._found is None:
            return False
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                fresh = await get_session().get_credentials()
        except (*FAILURES, TimeoutError):
            return False
        if fresh is None or fresh.access_key == self._found.access_key:
            return False
        # The clients have this very object.
        self._found.access_key, self._found.secret_key = fresh.access_key, fresh.secret_key
        self._found.token = fresh.token
        return True


async def limited(items: Iterable[T], work: Callable[[T], Awaitable[R]], limit: int) -> list[R]:
    """Return what the work makes of each, in order, so many at a time; the work raises nothing."""
    room = asyncio.Semaphore(limit)

    async def one(item: T) -> R:
        async with room:
            return await work(item)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(item)) for item in items]
    return [task.result() for task in tasks]


def _config(options: Mapping[str, Any]) -> AioConfig:
    return AioConfig(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_ANSWER_SECONDS,
        max_pool_connections=_CONNECTIONS,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        warm_up_loader_caches=True,
        **options,
    )


async def _session(settings: AWSSettings) -> tuple[AioSession, str, AioCredentials | None]:
    """Return a session that has credentials, the region, and those credentials if they may be exchanged."""
    session = get_session()
    # AWS_REGION is what AWS's client in Go reads; Python's reads AWS_DEFAULT_REGION.
    region = settings.region or os.environ.get("AWS_REGION") or session.get_config_variable("region")
    if not region:
        raise InitError(_NO_REGION)
    if settings.access_key:
        session.set_credentials(settings.access_key, settings.secret_key, settings.session_token or None)
        return session, region, None
    source = await session.get_credentials()
    if source is None:
        raise InitError(_NO_CREDENTIALS)
    if settings.assume_role_arn:
        session._credentials = _role(session, settings, region, source)
    # Those of another class are renewed by themselves.
    return session, region, source if type(source) is AioCredentials else None


def _role(session: AioSession, settings: AWSSettings, region: str, source: Any) -> Any:
    """Return the credentials of a role, fetched when they are first needed and again before they expire."""

    def client(service: str, **credentials: Any) -> Any:
        return session.create_client(
            service,
            region_name=region,
            endpoint_url=settings.endpoint or None,
            config=_config({}),
            **credentials,
        )

    named = settings.assume_role_session_name
    fetcher = AioAssumeRoleCredentialFetcher(
        client_creator=client,
        source_credentials=source,
        role_arn=settings.assume_role_arn,
        extra_args={"RoleSessionName": named} if named else {},
    )
    return AioDeferredRefreshableCredentials(method="assume-role", refresh_using=fetcher.fetch_credentials)
