"""What users write, for type checkers: the README's programs and one of each kind. Checked, never run."""

# ruff: noqa: ARG002, T201  they show what can be written, and do little with it

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from opentelemetry.trace import TracerProvider

from pluggable import (
    NO_METADATA,
    About,
    Accepted,
    ComponentServer,
    ConfigurationStore,
    Conversation,
    Delivery,
    ETagMismatchError,
    InputBinding,
    LockStore,
    Metadata,
    NameResolver,
    NotFoundError,
    OutputBinding,
    PubSub,
    Rejected,
    SecretStore,
    Size,
    SubtleCrypto,
    Unanswered,
    bindings,
    configuration,
    conversation,
    crypto,
    keyspace,
    lock,
    nameresolution,
    pubsub,
    secretstores,
    serve,
    setting,
    state,
)
from pluggable.logs import CallFields
from pluggable.serving.otel import OpenTelemetry
from pluggable.state import DeleteRequest, GetRequest, SetRequest, Transactional
from pluggable.testing import Faults, Inbox, Sidecar, connected, reading, served, sidecar, subscribed


class Shelf(state.StateStore, state.ETagged):
    async def init(self, metadata: Metadata) -> None:
        self.kept: dict[str, state.GetResponse] = {}
        self.etags = itertools.count(1)

    async def get(self, request: state.GetRequest) -> state.GetResponse | None:
        return self.kept.get(request.key)

    async def set(self, request: state.SetRequest) -> None:
        self.check(request)
        self.kept[request.key] = state.GetResponse(data=request.value, etag=str(next(self.etags)))

    async def delete(self, request: state.DeleteRequest) -> None:
        self.check(request)
        self.kept.pop(request.key, None)

    def check(self, request: state.SetRequest | state.DeleteRequest) -> None:
        request.check(self.kept[request.key].etag if request.key in self.kept else None)


class Board(pubsub.PubSub):
    async def init(self, metadata: Metadata) -> None:
        self.queues: defaultdict[str, asyncio.Queue[pubsub.Message]] = defaultdict(asyncio.Queue)

    async def publish(self, request: pubsub.PublishRequest) -> None:
        self.queues[request.topic].put_nowait(pubsub.Message(data=request.data, topic=request.topic))

    async def subscribe(self, topic: pubsub.Topic, deliver: Delivery[pubsub.Message]) -> None:
        queue = self.queues[topic.name]
        deliver.ready()
        while True:
            await deliver.or_put_back(await queue.get(), queue.put_nowait)


@dataclass(frozen=True)
class CabinetSettings:
    path: str = setting(description="Where the cabinet is.", example="/srv/cabinet")
    key: str = setting(default="", secret=True, description="What opens it.")
    largest: Size = setting(default=Size(4 * 1024**2), description="What fits in.")


class Cabinet(Shelf):
    """A shelf with a door."""

    about = About(settings=CabinetSettings)


@dataclass(frozen=True)
class Settings:
    redis_host: str  # redisHost, in any case; without a default it must be given
    redis_password: str = setting(default="", secret=True)
    max_retries: int = 3
    read_timeout: timedelta = timedelta(seconds=3)


print(Metadata({"redisHost": "localhost:6379", "readTimeout": "500ms"}).parse(Settings))
print(Metadata({"maxRetries": "many"}).parse(Settings))


async def test_stale_etag_is_refused() -> None:
    async with connected(Shelf) as shelf:
        await shelf.set(SetRequest(key="greeting", value=b"hello"))

        with pytest.raises(ETagMismatchError, match="is at 1, not 7"):
            await shelf.set(SetRequest(key="greeting", value=b"goodbye", etag="7"))


async def test_restart_empties_the_shelf() -> None:
    faults = Faults()
    async with connected(Shelf, faults=faults) as shelf:
        await shelf.set(SetRequest(key="greeting", value=b"hello"))
        await faults.restart()

        assert await shelf.get(GetRequest(key="greeting")) is None


class Ledger(Shelf, Transactional):
    """A store with a capability more."""

    async def transact(
        self, operations: Sequence[SetRequest | DeleteRequest], metadata: Mapping[str, str] = NO_METADATA
    ) -> None:
        for operation in operations:
            if isinstance(operation, SetRequest):
                await self.set(operation)
            else:
                await self.delete(operation)


class Broker(PubSub):
    """A broker whose messages come from somewhere."""

    def __init__(self, source: AsyncIterator[bytes]) -> None:
        self.source = source

    async def init(self, metadata: Metadata) -> None:
        self.settings = metadata.parse(Settings)
        retries: int = self.settings.max_retries
        assert retries >= 0

    async def publish(self, request: pubsub.PublishRequest) -> None:
        data: bytes = request.data
        assert data

    async def subscribe(self, topic: pubsub.Topic, deliver: Delivery[pubsub.Message]) -> None:
        async for data in self.source:
            match await deliver(pubsub.Message(data=data, topic=topic.name)):
                case Accepted():
                    continue
                case Rejected(reason):
                    print(reason.upper())
                case Unanswered():
                    return


class Doorbell(InputBinding, OutputBinding):
    """Both bindings in one class."""

    operations = ("create",)

    async def read(self, deliver: Delivery[bindings.Event]) -> None:
        outcome = await deliver(bindings.Event(data=b"ring"))
        if isinstance(outcome, Accepted):
            answer: bytes = outcome.data
            assert answer

    async def invoke(self, request: bindings.InvokeRequest) -> bindings.InvokeResponse:
        return bindings.InvokeResponse(data=request.operation.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultSettings:
    path: str = setting(description="Where the vault is.", example="vault.db")
    key: str = setting(secret=True, aliases=("password",), description="What opens it.")
    largest: Size = setting(default=Size(65536), description="The largest secret.")
    reread: timedelta | None = None


class Vault(SecretStore):
    """A store of secrets."""

    about = About(settings=VaultSettings, title="Vault", url="https://example.org", status="beta")

    async def init(self, metadata: Metadata) -> None:
        found = metadata.parse(VaultSettings)
        room: int = found.largest - len(found.key)
        assert room > 0

    async def get(self, request: secretstores.GetRequest) -> Mapping[str, str]:
        raise NotFoundError(request.key)

    async def bulk_get(self, metadata: Mapping[str, str] = NO_METADATA) -> Mapping[str, Mapping[str, str]]:
        return {}


class Signer(SubtleCrypto):
    """A vault that does nothing but sign."""

    signature_algorithms = ("ES256",)

    async def get_key(self, request: crypto.GetKeyRequest) -> crypto.PublicKey:
        return crypto.PublicKey(name=request.key_name, key="{}", format=crypto.KeyFormat.JWK)

    async def sign(self, request: crypto.SignRequest) -> bytes:
        return request.digest

    async def verify(self, request: crypto.VerifyRequest) -> bool:
        return request.signature == request.digest


class Hosts(NameResolver, nameresolution.Registering):
    """A resolver that is told who is there."""

    def __init__(self) -> None:
        self.here: dict[str, str] = {}

    async def resolve(self, request: nameresolution.ResolveRequest) -> Sequence[str]:
        return [self.here[request.id]]

    async def register(self, instance: nameresolution.Instance, *, ttl_seconds: int | None = None) -> None:
        self.here[instance.id] = f"{instance.host}:{instance.port}"

    async def deregister(self, instance: nameresolution.Instance) -> None:
        self.here.pop(instance.id, None)


class Parrot(Conversation):
    """A model that says what it heard."""

    async def converse(self, request: conversation.ConverseRequest) -> conversation.ConverseResponse:
        heard: str = request.messages[-1].text
        choice = conversation.Choice(content=heard, tool_calls=request.messages[-1].tool_calls)
        return conversation.ConverseResponse(outputs=[conversation.Output(choices=[choice])])


class Panel(ConfigurationStore):
    """A store of settings that change."""

    async def get(self, request: configuration.GetRequest) -> Mapping[str, configuration.Item]:
        return {key: configuration.Item(value="1", version="v1") for key in request.keys}

    async def subscribe(self, request: configuration.SubscribeRequest, notify: configuration.Notify) -> None:
        notify.ready()
        await notify({"changed": configuration.Item(value="2"), "gone": None})


class Locks(LockStore):
    """A store of locks."""

    async def try_lock(self, request: lock.TryLockRequest) -> bool:
        return request.expiry_seconds > 1

    async def unlock(self, request: lock.UnlockRequest) -> lock.UnlockStatus:
        return lock.UnlockStatus.LOCK_DOES_NOT_EXIST


class Drawers(Shelf, keyspace.PrefixDeletable, keyspace.KeysLike):
    """A store that knows its keys."""

    async def delete_with_prefix(self, request: keyspace.DeleteWithPrefixRequest) -> int:
        found = [key for key in self.kept if request.matches(key)]
        for key in found:
            del self.kept[key]
        return len(found)

    async def keys_like(self, request: keyspace.KeysLikeRequest) -> keyspace.KeysLikeResponse:
        return keyspace.KeysLikeResponse(keys=list(filter(request.expression().fullmatch, self.kept)))


def program() -> None:
    """Serve classes, and functions that make an object."""
    serve({"shelf": Shelf, "house": [Doorbell, Vault]}, folder=Path("sockets"), drain_seconds=5.0)


def observed_program(tracers: TracerProvider) -> None:
    """Serve with logging and telemetry of one's own."""
    handler = logging.StreamHandler()
    handler.addFilter(CallFields())
    handler.setFormatter(logging.Formatter("%(component)s %(component_instance)s %(method)s %(message)s"))
    logging.getLogger().addHandler(handler)
    serve({"shelf": Shelf}, telemetry=OpenTelemetry(tracer_provider=tracers))


async def server(source: AsyncIterator[bytes]) -> dict[str, Path]:
    """Serve inside a program of one's own."""
    async with ComponentServer({"mine": lambda: Broker(source)}) as serving:
        return serving.sockets


async def further_stores() -> tuple[ConfigurationStore, LockStore]:
    """The same for the blocks beyond Dapr's contract for components."""
    async with connected(Panel, {"k": "v"}) as panel, connected(Locks) as locks:
        items: Mapping[str, configuration.Item] = await panel.get(configuration.GetRequest(keys=["k"]))
        assert items["k"].version is None
        return panel, locks


async def far_ends() -> tuple[state.StateStore, SecretStore, OutputBinding]:
    """What a test gets has the type of what it serves."""
    async with connected(Shelf) as shelf, connected(Vault) as vault, connected(Doorbell) as doorbell:
        answer: state.GetResponse | None = await shelf.get(state.GetRequest(key="k"))
        assert answer is None
        return shelf, vault, doorbell


async def further_far_ends() -> tuple[SubtleCrypto, NameResolver, Conversation]:
    """So it is with the blocks beyond Dapr's contract."""
    async with connected(Signer) as signer, connected(Hosts) as hosts, connected(Parrot) as parrot:
        algorithms: tuple[str, ...] = signer.signature_algorithms
        addresses: Sequence[str] = await hosts.resolve(nameresolution.ResolveRequest(id="orders"))
        hello = conversation.Message(role=conversation.Role.USER, parts=[conversation.Text("hello")])
        answer = await parrot.converse(conversation.ConverseRequest(messages=[hello], max_tokens=5))
        assert algorithms
        assert addresses
        assert answer.outputs[0].usage is None
        return signer, hosts, parrot


async def faults_on_demand(source: AsyncIterator[bytes]) -> None:
    """What goes wrong, and what is delivered all the same."""
    faults = Faults()
    async with (
        connected(lambda: Broker(source), {"colour": "red"}, faults=faults) as broker,
        subscribed(broker, "orders", answer=Rejected("no")) as inbox,
    ):
        await faults.cut_streams()
        await faults.restart(noticed=False)
        await faults.init_again({"colour": "blue"})
        with faults.slow(0.1), faults.silent():
            inbox.answer = None
        message: pubsub.Message = await inbox.next(seconds=1.0)
        assert message.topic == "orders"
        assert not await inbox.stays_empty(0.1)
        await inbox.stands()


async def events(doorbell: InputBinding) -> bindings.Event:
    """An input binding's events."""
    async with reading(doorbell) as inbox:
        found: Inbox[bindings.Event] = inbox
        return await found.next()


async def sidecars(folder: Path) -> int:
    """A sidecar in a test, over components of the test and over YAML."""
    async with served(Shelf) as address, sidecar({"shelf": Shelf}, properties={"shelf": {"colour": "red"}}):
        assert address.startswith("unix:")
    async with sidecar(
        {"mine": [Shelf, Vault]}, resources=folder, app_port=8080, flags=["--log-level=debug"]
    ) as dapr:
        one: Sidecar = dapr
        print(one.url, one.environment["DAPR_HTTP_PORT"], one.grpc_port, one.log[-1], one.process_id)
        return await one.ended()
