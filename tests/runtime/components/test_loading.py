"""Components come to life, are replaced and go, as the resources say."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pluggable import (
    InputBinding,
    Metadata,
    MetadataError,
    OutputBinding,
    SecretStore,
    bindings,
    component as served,
    secretstores,
)
from pluggable.delivery import Delivery
from pluggable.errors import UnavailableError
from pluggable.metadata import NO_METADATA
from pluggable.remote import list_services
from pluggable.runtime.children.supervisor import Supervisor
from pluggable.runtime.components.catalog import Catalog
from pluggable.runtime.components.discovery import Discovery
from pluggable.runtime.components.loading import INITS_AT_ONCE, ComponentFailedError, Components
from pluggable.runtime.components.places import Places
from pluggable.runtime.components.registry import Registry
from pluggable.runtime.config import RuntimeConfig
from pluggable.runtime.resources import Changes, Component, MetadataItem, Origin, Resources
from pluggable.serving import ComponentServer
from pluggable.sockets import SocketsFolder
from pluggable.state import GetRequest, SetRequest
from pluggable_servers.memory.state import InMemoryStateStore
from tests.e2e.packages import package


class Vault(SecretStore):
    """Knows one secret."""

    async def init(self, metadata: Metadata) -> None:
        if metadata.properties.get("broken"):
            raise MetadataError(["broken: found true, wanted nothing"])

    async def get(self, request: secretstores.GetRequest) -> Mapping[str, str]:
        return {request.key: f"the {request.key}"}

    async def bulk_get(self, metadata: Mapping[str, str] = NO_METADATA) -> Mapping[str, Mapping[str, str]]:
        return {"told": metadata}


class Choosy(InMemoryStateStore):
    """Wants to be told a password."""

    def __init__(self, told: dict[str, str]) -> None:
        super().__init__()
        self._told = told

    async def init(self, metadata: Metadata) -> None:
        if "password" not in metadata.properties:
            raise MetadataError(["password is missing"])
        self._told[metadata.name] = metadata.properties["password"]
        await super().init(metadata)


class Crowd:
    """Who is being initialised side by side, until all may go on."""

    def __init__(self) -> None:
        self.size = 0
        self.full = asyncio.Event()
        self.may_go = asyncio.Event()


class Crowded(InMemoryStateStore):
    """Is one of a crowd."""

    def __init__(self, crowd: Crowd) -> None:
        super().__init__()
        self._crowd = crowd

    async def init(self, metadata: Metadata) -> None:
        self._crowd.size += 1
        if self._crowd.size == INITS_AT_ONCE:
            self._crowd.full.set()
        await self._crowd.may_go.wait()
        await super().init(metadata)


class Both(InputBinding, OutputBinding):
    """A binding in both directions."""

    operations = ("create",)

    async def init(self, metadata: Metadata) -> None:
        pass

    async def read(self, deliver: Delivery[bindings.Event]) -> None:
        deliver.ready()
        await asyncio.get_running_loop().create_future()

    async def invoke(self, request: bindings.InvokeRequest) -> bindings.InvokeResponse:
        return bindings.InvokeResponse(data=request.data)


#: What is served to the components of a test, and the block that it is of.
BLOCKS = {
    "store": "state",
    "vault": "secretstores",
    "choosy": "state",
    "both": "bindings",
    "crowded": "state",
}


class House:
    """The components of one sidecar, and strangers to fill them."""

    def __init__(self, folder: Path, supervisor: Supervisor, wait_seconds: float | None) -> None:
        self.folder = folder
        self.catalog = Catalog()
        self.told: dict[str, str] = {}
        self.crowd = Crowd()
        self.discovery = Discovery(SocketsFolder(folder, explicit=True), lambda: self.places.changed())
        self.places = Places(Registry(), supervisor, self.discovery)
        config = RuntimeConfig(app_id="a", components_wait_seconds=wait_seconds)
        self.components = Components(config, self.catalog, self.places)
        self.loads = asyncio.Event()
        self.catalog.watch(self.loads.set)

    @asynccontextmanager
    async def serve(self, *names: str) -> AsyncIterator[None]:
        """Serve strangers, and wait until they are found; the name says what each is."""
        offered: dict[str, list[Callable[[], served.Component]]] = {
            "store": [InMemoryStateStore],
            "vault": [Vault],
            "choosy": [lambda: Choosy(self.told)],
            "both": [Both],
            "crowded": [lambda: Crowded(self.crowd)],
        }
        async with ComponentServer({name: offered[name] for name in names}, folder=self.folder):
            for name in names:
                await self.places.wait(component("any", f"{BLOCKS[name]}.{name}"))
            yield

    async def add(self, *components: Component) -> None:
        await self.components.apply(Changes(added=Resources(components=components)))

    async def loaded(self, name: str) -> None:
        """Wait until the component is in the catalog."""
        while all(each.spec.name != name for each in self.catalog.all()):
            await self.loads.wait()
            self.loads.clear()


@pytest.fixture
def wait_seconds() -> float | None:
    """How long a type that nobody serves is waited for."""
    return 10


@pytest.fixture
async def house(socket_folder: Path, wait_seconds: float | None) -> AsyncIterator[House]:
    async with asyncio.timeout(20), Supervisor() as supervisor:
        house = House(socket_folder, supervisor, wait_seconds)
        house.discovery.look()
        watching = asyncio.create_task(house.discovery.watch())
        yield house
        await house.components.close()
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


def component(name: str, type_: str, ignore_errors: bool = False, **properties: str) -> Component:
    return Component(
        name=name,
        type=type_,
        metadata=tuple(MetadataItem(name=key, value=value) for key, value in properties.items()),
        ignore_errors=ignore_errors,
        origin=Origin("parts.yaml", 2, 7),
    )


def with_secret(name: str, store: str, type_: str = "state.choosy", ignore_errors: bool = False) -> Component:
    item = MetadataItem(name="password", secret_name="word", secret_key="word")
    found = component(name, type_, ignore_errors)
    return replace(found, metadata=(item,), secret_store=store)


async def test_crowd_is_initialised_in_turns(house: House) -> None:
    names = [f"c{number}" for number in range(3 * INITS_AT_ONCE)]
    async with house.serve("crowded"):
        adding = asyncio.create_task(house.add(*(component(name, "state.crowded") for name in names)))
        await house.crowd.full.wait()
        await list_services(f"unix:{house.folder}/crowded.sock", timeout=5)  # more would have come by now
        side_by_side = house.crowd.size
        house.crowd.may_go.set()
        await adding

    assert side_by_side == INITS_AT_ONCE
    assert set(house.catalog.state) == set(names)


async def test_component_is_listed_when_it_answers(house: House) -> None:
    async with house.serve("store"):
        await house.add(component("orders", "state.store"))

        store = house.catalog.state["orders"].component
        await store.set(SetRequest(key="k", value=b"v"))
        found = await store.get(GetRequest(key="k"))
        assert found is not None
        assert found.data == b"v"
        await house.components.close()


async def test_removed_component_is_unlisted(house: House) -> None:
    async with house.serve("store"):
        spec = component("orders", "state.store")
        await house.add(spec)
        await house.components.apply(Changes(removed=Resources(components=(spec,))))

        assert not house.catalog.all()


async def test_changed_component_is_another(house: House) -> None:
    async with house.serve("choosy"):
        await house.add(component("orders", "state.choosy", password="old"))
        before = house.catalog.state["orders"]
        changed = component("orders", "state.choosy", password="new")
        await house.components.apply(Changes(changed=Resources(components=(changed,))))

        assert house.told == {"orders": "new"}
        assert house.catalog.state["orders"].component is not before.component
        await house.components.close()


async def test_instances_of_one_socket_are_apart(house: House) -> None:
    async with house.serve("store"):
        await house.add(component("one", "state.store"), component("two", "state.store"))

        await house.catalog.state["one"].component.set(SetRequest(key="k", value=b"v"))
        assert await house.catalog.state["two"].component.get(GetRequest(key="k")) is None
        await house.components.close()


@pytest.mark.parametrize(
    ("direction", "inputs", "outputs"),
    [("", 1, 1), ("input", 1, 0), ("output", 0, 1), ("input, output", 1, 1)],
)
async def test_binding_is_listed_by_direction(
    house: House, direction: str, inputs: int, outputs: int
) -> None:
    async with house.serve("both"):
        await house.add(component("door", "bindings.both", direction=direction))

        assert (len(house.catalog.inputs), len(house.catalog.outputs)) == (inputs, outputs)
        await house.components.close()


async def test_failing_init_names_the_place(house: House, caplog: pytest.LogCaptureFixture) -> None:
    async with house.serve("choosy"):
        with pytest.raises(ComponentFailedError) as raised:
            await house.add(component("orders", "state.choosy"))

    said = str(raised.value)
    assert said.startswith(
        "process component orders error: [INIT_COMPONENT_FAILURE]: initialization error occurred for "
        "orders (state.choosy/v1): "
    )
    assert "password is missing" in said
    assert said.endswith("[parts.yaml, document 2, line 7]")
    assert f"Error processing component, daprd will exit gracefully: {said}" in caplog.text
    assert not house.catalog.all()


@pytest.mark.parametrize(
    ("property_", "value", "fault"),
    [
        ("primaryEncryptionKey", "00" * 16, "primaryEncryptionKey is not a secretKeyRef"),
        ("keyPrefix", "a||B", r"input key/keyPrefix 'a\|\|b' can't contain '\|\|'"),
    ],
)
async def test_store_that_cannot_be_kept_as_asked_is_refused(
    house: House, property_: str, value: str, fault: str
) -> None:
    async with house.serve("store"):
        asked: dict[str, Any] = {property_: value}
        with pytest.raises(ComponentFailedError, match=rf"\[INIT_COMPONENT_FAILURE\].*{fault}"):
            await house.add(component("orders", "state.store", **asked))


async def test_all_failures_are_told_together(house: House) -> None:
    async with house.serve("choosy"):
        with pytest.raises(ComponentFailedError) as raised:
            await house.add(component("one", "state.choosy"), component("two", "state.choosy"))

    assert "process component one error" in str(raised.value)
    assert "process component two error" in str(raised.value)


async def test_failure_may_be_ignored(house: House, caplog: pytest.LogCaptureFixture) -> None:
    async with house.serve("choosy", "store"):
        await house.add(component("one", "state.choosy", ignore_errors=True), component("two", "state.store"))

        assert list(house.catalog.state) == ["two"]
        await house.components.close()
    assert "Ignoring error processing component: process component one error: " in caplog.text


async def test_unknown_block_fails_at_once(house: House) -> None:
    with pytest.raises(
        ComponentFailedError, match=r"process component a error: incorrect type stat\.redis: "
    ):
        await house.add(component("a", "stat.redis"))


async def test_calls_say_why_a_child_was_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    code = f"""
        from pathlib import Path
        from pluggable_servers.memory.state import InMemoryStateStore as Store
        if Path({os.fspath(tmp_path)!r}, "worn").exists():
            raise SystemExit("worn out")
    """
    registry = Registry(package(tmp_path, "brittle", code, {"state.brittle": "Store"}))
    async with asyncio.timeout(20), Supervisor(backoff_seconds=(0.01,)) as supervisor:
        catalog, discovery = Catalog(), Discovery(SocketsFolder(tmp_path, explicit=True), lambda: None)
        places = Places(registry, supervisor, discovery)
        components = Components(RuntimeConfig(app_id="a"), catalog, places)
        spec = component("orders", "state.brittle")
        await components.apply(Changes(added=Resources(components=(spec,))))
        child = supervisor.running()[0]
        given_up = asyncio.Event()
        child.told_when_failed.add(lambda _: given_up.set())
        (tmp_path / "worn").touch()
        assert child.process is not None
        child.process.kill()
        await given_up.wait()

        with pytest.raises(
            UnavailableError, match=r'"orders" .* is down: component process brittle .*worn out'
        ):
            await catalog.state["orders"].component.get(GetRequest(key="k"))
        await components.close()


class TestPending:
    """A type that nobody serves yet."""

    async def test_stranger_is_waited_for(self, house: House, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.WARNING)
        adding = asyncio.create_task(house.add(component("orders", "state.store")))
        async with house.serve("store"):
            await adding

            assert "orders" in house.catalog.state
            await house.components.close()
        assert "component orders (state.store/v1) is pending for up to 10 s: nobody serves" in caplog.text

    @pytest.mark.parametrize("wait_seconds", [0.1])
    async def test_waiting_ends_with_the_reason(self, house: House) -> None:
        with pytest.raises(ComponentFailedError) as raised:
            await house.add(component("orders", "state.store"))

        assert f"nobody serves type state.store; no socket in {house.folder} serves" in str(raised.value)
        assert "[parts.yaml, document 2, line 7]" in str(raised.value)

    @pytest.mark.parametrize("wait_seconds", [None])
    async def test_init_timeout_bounds_the_waiting(self, house: House) -> None:
        with pytest.raises(ComponentFailedError, match="nobody serves"):
            await house.add(replace(component("orders", "state.store"), init_timeout_seconds=0.1))

    @pytest.mark.parametrize("wait_seconds", [0.1])
    async def test_ignored_one_loads_when_it_appears(
        self, house: House, caplog: pytest.LogCaptureFixture
    ) -> None:
        await house.add(component("orders", "state.store", ignore_errors=True))
        assert "orders" not in house.catalog.state
        assert "component orders (state.store/v1) stays pending" in caplog.text

        async with house.serve("store"):
            await house.loaded("orders")
            await house.components.close()

    async def test_failure_of_another_ends_the_waiting(self, house: House) -> None:
        async with house.serve("choosy"), asyncio.timeout(5):
            with pytest.raises(ComponentFailedError, match="process component one error"):
                await house.add(component("two", "state.nobodys"), component("one", "state.choosy"))


class TestSecrets:
    """Metadata that comes from a secret store."""

    async def test_store_may_come_later_in_the_files(self, house: House) -> None:
        async with house.serve("vault", "choosy"):
            await house.add(with_secret("orders", "vault"), component("vault", "secretstores.vault"))

            assert house.told == {"orders": "the word"}
            await house.components.close()

    async def test_pending_store_is_waited_for(self, house: House) -> None:
        async with house.serve("choosy"):
            adding = asyncio.create_task(
                house.add(with_secret("orders", "vault"), component("vault", "secretstores.vault"))
            )
            async with house.serve("vault"):
                await adding

                assert house.told == {"orders": "the word"}
                await house.components.close()

    @pytest.mark.parametrize("wait_seconds", [0.1])
    async def test_ignored_store_may_appear_at_any_time(self, house: House) -> None:
        async with house.serve("choosy"):
            await house.add(
                with_secret("orders", "vault", ignore_errors=True),
                component("vault", "secretstores.vault", ignore_errors=True),
            )
            async with house.serve("vault"):
                await house.loaded("orders")
                await house.components.close()

    @pytest.mark.parametrize("wait_seconds", [0.1])
    async def test_store_that_nobody_serves_is_named(self, house: House) -> None:
        async with house.serve("choosy"):
            with pytest.raises(ComponentFailedError, match="since nobody serves that yet"):
                await house.add(
                    with_secret("orders", "vault"),
                    component("vault", "secretstores.vault", ignore_errors=True),
                )

    async def test_store_that_failed_is_named(self, house: House) -> None:
        async with house.serve("vault", "choosy"):
            with pytest.raises(ComponentFailedError) as raised:
                await house.add(
                    with_secret("orders", "vault"), component("vault", "secretstores.vault", broken="true")
                )

        assert 'needs secrets from the secret store "vault", which is not loaded, since that failed' in (
            str(raised.value)
        )

    async def test_store_that_is_not_configured_is_named(self, house: House) -> None:
        async with house.serve("choosy"):
            with pytest.raises(ComponentFailedError, match="no secret store of that name is configured"):
                await house.add(with_secret("orders", "vault"))

    async def test_stores_that_wait_for_each_other_fail(self, house: House) -> None:
        async with house.serve("vault"):
            with pytest.raises(ComponentFailedError, match=r"each other: (one → two → one|two → one → two)"):
                await house.add(
                    with_secret("one", "two", "secretstores.vault"),
                    with_secret("two", "one", "secretstores.vault"),
                )
