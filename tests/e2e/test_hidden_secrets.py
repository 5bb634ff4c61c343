"""A sidecar that cannot reach what its components need says so, and shows none of their secrets."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.sidecars import component, sidecar
from tests.servers.guarded import refused
from tests.servers.guarded.backends import IN_URL
from tests.servers.guarded.canaries import RIGHT, shown
from tests.servers.guarded.refused import Properties, Refused

pytestmark = [pytest.mark.slow]

#: Nobody listens there.
NOWHERE: Final = "127.0.0.1:1"
#: By their types: settings with a secret, and what makes others of them.
COMPONENTS: Final[dict[str, tuple[Properties, Refused]]] = {
    "state.redis": ({"redisHost": NOWHERE, "redisPassword": RIGHT}, refused.of_redis),
    "state.postgresql": (
        {"connectionString": f"postgres://shop:{IN_URL}@{NOWHERE}/orders"},
        refused.of_postgresql,
    ),
    "state.mysql": ({"connectionString": f"shop:{RIGHT}@tcp({NOWHERE})/"}, refused.of_mysql),
    "pubsub.rabbitmq": ({"connectionString": f"amqp://shop:{IN_URL}@{NOWHERE}"}, refused.of_rabbitmq),
    "pubsub.mqtt3": ({"url": f"mqtt://shop:{IN_URL}@{NOWHERE}"}, refused.of_mqtt),
    "pubsub.jetstream": ({"natsURL": f"nats://shop:{IN_URL}@{NOWHERE}"}, refused.of_nats),
    "bindings.http": ({"url": f"http://shop:{IN_URL}@{NOWHERE}", "securityToken": RIGHT}, refused.of_http),
    "crypto.dapr.jwks": ({"jwks": f"https://shop:{IN_URL}@{NOWHERE}/keys"}, refused.of_jwks),
}


def written(resources: Path) -> Iterator[str]:
    """Write a Component for each of the settings, none of which the sidecar needs; gives their names."""
    for type_, (right, others) in COMPONENTS.items():
        each = itertools.chain((right,), refused.swapped(right), others(right))
        for number, properties in enumerate(each):
            name = f"{type_.replace('.', '-')}-{number}"
            component(resources, name, type_, "  ignoreErrors: true\n", **properties)
            yield name


async def test_sidecar_shows_no_secret_of_its_components(resources: Path) -> None:
    names = list(written(resources))
    async with sidecar(resources, flags=["--log-level=debug"]) as running:
        listed = await running.call("GET", "/v1.0/metadata")
        asked = [
            await running.call("POST", f"/v1.0/{api}/{name}", b"[]")
            for name in names
            for api in ("state", "publish", "bindings")
        ]

    answers = "\n".join(each.body.decode() for each in (listed, *asked))

    assert [name for name in names if name not in running.log()] == []
    assert [*shown(running.log()), *shown(answers)] == []
