"""Every check passes an honest component, and fails the one that breaks its rule."""

from __future__ import annotations

import pytest

from pluggable.conformance import Kit, Outcome, Profile, Result
from pluggable.conformance.blocks import BLOCKS
from pluggable_servers.memory.pubsub import InMemoryPubSub
from tests.conformance.broken.further import CONVERSATION, NAMERESOLUTION
from tests.conformance.broken.others import BINDINGS, PUBSUB, SECRETSTORES
from tests.conformance.broken.serving import Broken, serving
from tests.conformance.broken.stores import BROKEN, COMMON
from tests.conformance.broken.vaults import CRYPTO
from tests.conformance.honest import Book, Both, Desk, Echo, PlainStore, QueryableStore, Vault
from tests.conformance.vault import KEYS, KeyVault

#: By the check's id; those for all blocks are proved on state stores.
BREAKERS: dict[str, Broken] = {
    f"{block}/{name}": broken
    for block, found in (
        ("state", COMMON | BROKEN),
        ("pubsub", PUBSUB),
        ("bindings", BINDINGS),
        ("secretstores", SECRETSTORES),
        ("crypto", CRYPTO),
        ("nameresolution", NAMERESOLUTION),
        ("conversation", CONVERSATION),
    )
    for name, broken in found.items()
}
HONEST = {
    "a store that can do all": QueryableStore,
    "a store that can do little": PlainStore,
    "a broker": InMemoryPubSub,
    "bindings": Both,
    "a secret store": Vault,
    "a vault of keys": KeyVault,
    "a resolver that is told": Book,
    "a resolver that is a registry": Desk,
    "a language model": Echo,
}
WAIT_SECONDS = 1.0


def test_every_check_has_a_breaker() -> None:
    checks = {check.id for block in BLOCKS for check in block.checks() if check.name not in COMMON}

    assert checks | {f"state/{name}" for name in COMMON} == BREAKERS.keys()


@pytest.mark.parametrize("id_", BREAKERS)
async def test_broken_component_fails_its_check(id_: str) -> None:
    broken = BREAKERS[id_]
    async with serving(broken) as address:
        profile = Profile(
            address=address,
            operations=broken.operations,
            wait_seconds=WAIT_SECONDS,
            keys=KEYS,
            application="orders",
        )
        async with Kit(profile) as kit:
            check = next(check for check in kit.checks if check.id == id_)
            result = await kit.run(check)

    assert result.outcome is Outcome.FAILED, result
    assert result.text


@pytest.mark.parametrize("name", HONEST)
async def test_honest_component_passes_all_checks(name: str) -> None:
    told: list[Result] = []
    async with serving(Broken(HONEST[name])) as address:
        profile = Profile(
            address=address,
            operations={"create": {"data": "x"}},
            wait_seconds=5,
            keys=KEYS,
            application="orders",
        )
        async with Kit(profile) as kit:
            report = await kit.run_all(told=told.append)

    assert [(result.check.id, result.text) for result in report.failed] == []
    assert report.results == told
