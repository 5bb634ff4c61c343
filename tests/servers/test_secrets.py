"""Nothing that a bundled component prints, answers or shows of itself has a secret of its settings in it."""

from __future__ import annotations

import base64
import itertools
import signal
import traceback
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest

from pluggable import Metadata
from pluggable.cli.serve import named
from pluggable.conformance.blocks import BLOCKS
from pluggable.describing import describe
from pluggable.errors import MetadataError
from pluggable.remote import Connection, RemoteComponent, list_services
from tests.cli.commands import pluggable
from tests.conformance.cases import CASES
from tests.conformance.cases.case import Case
from tests.servers.guarded import backends, refused
from tests.servers.guarded.asking import ask, told
from tests.servers.guarded.backends import Guarded
from tests.servers.guarded.canaries import RIGHT, WRONG, disguises, shown
from tests.servers.guarded.refused import Properties, Refused

#: By the end of the module that has the cases of a backend.
BACKENDS: Final[dict[str, tuple[Guarded, Refused | None]]] = {
    "redis": (backends.of_redis, refused.of_redis),
    "postgresql": (backends.of_postgresql, refused.of_postgresql),
    "mysql": (backends.of_mysql, refused.of_mysql),
    "rabbitmq": (backends.of_rabbitmq, refused.of_rabbitmq),
    "mqtt": (backends.of_mqtt, refused.of_mqtt),
    "nats": (backends.of_nats, refused.of_nats),
    "kafka": (backends.of_kafka, refused.of_kafka),
    "aws": (backends.of_aws, refused.of_aws),
    "azure": (backends.of_azure, refused.of_azure),
    "keyvault": (backends.of_keyvault, refused.of_keyvault),
    "etcd": (backends.as_it_is, refused.of_etcd),
    "vault": (backends.of_vault, None),
    "smtp": (backends.of_smtp, None),
    "http": (backends.of_http, refused.of_http),
    "openai": (backends.of_openai, None),
    "crypto": (backends.of_jwks, refused.of_jwks),
}
#: How long the component may take to start or to initialise, on a busy machine.
_PATIENCE: Final = 90.0
_LOOKS: Final = [look for secret in (RIGHT, WRONG) for look in disguises(secret).values()]


def secrets_of(type_: str) -> set[str]:
    """Return the names of the settings that are secret."""
    return {each.name for each in describe(*named(type_)).properties or () if each.secret}


def backend_of(case: Case) -> str:
    """Return whose case it is."""
    module = case.around.__module__.rpartition(".")[2]
    return case.type.rpartition(".")[2] if module == "web" else module


def params() -> Iterator[Any]:
    for type_, case in CASES.items():
        if secrets_of(type_):
            yield pytest.param(case, id=type_, marks=pytest.mark.xdist_group(backend_of(case)))


def variants(case: Case, right: Properties) -> list[Properties]:
    """Return settings with secrets that are refused, if anybody looks at them."""
    _, further = BACKENDS[backend_of(case)]
    return [*refused.swapped(right), *(further(right) if further else ())]


def is_secret(text: str) -> bool:
    return any(look in text for look in _LOOKS)


def test_every_component_with_secrets_has_a_guarded_backend() -> None:
    assert {backend_of(case) for type_, case in CASES.items() if secrets_of(type_)} == {*BACKENDS}


@pytest.mark.parametrize("secret", [RIGHT, WRONG])
def test_secret_would_be_seen(secret: str) -> None:
    login = base64.b64encode(f"shop:{secret}\n".encode()).decode()
    lines = [f"a {secret}.", f"amqp://shop:{quote(secret, safe='')}@h", f"Basic {login}", "nothing"]

    assert [said.rpartition(": ")[2] for said in shown("\n".join(lines))] == lines[:3]


@pytest.mark.slow
@pytest.mark.parametrize("case", [*params()])
async def test_no_secret_is_shown(case: Case, tmp_path: Path, socket_folder: Path) -> None:
    guard, _ = BACKENDS[backend_of(case)]
    words = ("serve", f"{case.type.partition('.')[0]}.mine={case.type}", "--log-level", "debug")
    async with AsyncExitStack() as backend:
        around = await backend.enter_async_context(guard(case, tmp_path))
        right = around.properties
        wrong = variants(case, right)
        async with pluggable(*words, cwd=socket_folder, environment=around.environment) as serving:
            await serving.said("serving", seconds=_PATIENCE)
            async with calling(socket_folder / "sockets" / "mine.sock") as caller:
                answers = [await caller.refused(each, around.operations) for each in wrong]
                welcome = await caller.introduced("right", right)
                answers.append(await caller.asked(around.operations))
                await backend.aclose()
                answers.append(await caller.asked(around.operations))
            await serving.ended(signal.SIGTERM)

    reprs = [looks(case.type, each) for each in (right, *wrong)]
    printed = [*shown(serving.log()), *shown("\n".join(answers)), *shown("\n".join(reprs))]

    assert printed == []
    assert welcome == ""
    assert secrets_of(case.type) <= {
        name for each in (right, *wrong) for name, value in each.items() if is_secret(value)
    }


class Caller:
    """Talks to the component as a sidecar does, under one name after the other."""

    def __init__(self, address: str, kinds: list[type[RemoteComponent]], stack: AsyncExitStack) -> None:
        self._address = address
        self._kinds = kinds
        self._stack = stack
        self._numbers = itertools.count()
        self._current: list[RemoteComponent] = []

    async def introduced(self, name: str, properties: Properties) -> str:
        """Initialise an instance, to be asked from now on, and return what it failed with, if it did."""
        opened = Connection(self._address, instance=name, client="", init_timeout=_PATIENCE)
        connection = await self._stack.enter_async_context(opened)
        self._current = [kind(connection) for kind in self._kinds]
        metadata = Metadata(dict(properties), name)
        return "".join([await told(each.init(metadata), _PATIENCE) for each in self._current])

    async def asked(self, operations: Mapping[str, Mapping[str, Any]]) -> str:
        """Ask for this and that, and return what failed."""
        return "".join([await ask(each, operations) for each in self._current])

    async def refused(self, properties: Properties, operations: Mapping[str, Mapping[str, Any]]) -> str:
        """Initialise an instance, ask it if that does, and return what failed."""
        said = await self.introduced(f"wrong{next(self._numbers)}", properties)
        return said or await self.asked(operations)


@asynccontextmanager
async def calling(path: Path) -> AsyncIterator[Caller]:
    """A caller of the component on a socket."""
    services = await list_services(f"unix:{path}", _PATIENCE)
    kinds = [kind for block in BLOCKS for name, kind in block.far_ends.items() if name in services]
    async with AsyncExitStack() as stack:
        yield Caller(f"unix:{path}", kinds, stack)


def looks(type_: str, properties: Properties) -> str:
    """Return what the settings look like when they are shown, or why they are none, with the traceback."""
    settings = named(type_)[1].about.settings
    assert settings is not None
    try:
        return repr(Metadata(properties).parse(settings))
    except MetadataError as error:
        return "".join(traceback.format_exception(error))
