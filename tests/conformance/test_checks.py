"""Every check passes an honest component, and fails the one that breaks its rule."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pluggable.conformance import Kit, Outcome, Profile, Result
from pluggable.conformance.blocks import BLOCKS
from pluggable_servers.memory.pubsub import InMemoryPubSub
from tests.conformance.broken.further import CONVERSATION, NAMERESOLUTION
from tests.conformance.broken.keyspace import KEYSPACE
from tests.conformance.broken.others import BINDINGS, PUBSUB, SECRETSTORES
from tests.conformance.broken.serving import Broken, serving
from tests.conformance.broken.settings import CONFIGURATION, LOCK
from tests.conformance.broken.stores import BROKEN, COMMON
from tests.conformance.broken.vaults import CRYPTO
from tests.conformance.folder import FolderStore, written_in
from tests.conformance.honest import Book, Both, Desk, Echo, PlainStore, QueryableStore, Vault
from tests.conformance.vault import KEYS, KeyVault
from tests.stores import Locks

#: By the check's id; those for all blocks are proved on state stores.
BREAKERS: dict[str, Broken] = {
    f"{block}/{name}": broken
    for block, found in (
        ("state", COMMON | BROKEN | KEYSPACE),
        ("configuration", CONFIGURATION),
        ("lock", LOCK),
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
    "a configuration store": FolderStore,
    "a lock store": Locks,
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
async def test_broken_component_fails_its_check(id_: str, tmp_path: Path) -> None:
    broken = BREAKERS[id_]
    async with serving(broken) as address:
        profile = Profile(
            address=address,
            operations=broken.operations,
            wait_seconds=WAIT_SECONDS,
            keys=KEYS,
            application="orders",
        )
        async with Kit(written_in(tmp_path, profile)) as kit:
            check = next(check for check in kit.checks if check.id == id_)
            result = await kit.run(check)

    assert result.outcome is Outcome.FAILED, result
    assert result.text


@pytest.mark.parametrize("name", HONEST)
async def test_honest_component_passes_all_checks(name: str, tmp_path: Path) -> None:
    told: list[Result] = []
    async with serving(Broken(HONEST[name])) as address:
        profile = Profile(
            address=address,
            operations={"create": {"data": "x"}},
            wait_seconds=5,
            keys=KEYS,
            application="orders",
        )
        async with Kit(written_in(tmp_path, profile)) as kit:
            report = await kit.run_all(told=told.append)

    assert [(result.check.id, result.text) for result in report.failed] == []
    assert report.results == told


@pytest.mark.parametrize(
    ("words", "outcome", "text"),
    [
        ((), Outcome.SKIPPED, "the profile names no command that writes items"),
        (("sh", "-c", "echo {key} is not for you; exit 3"), Outcome.FAILED, "failed with 3: conformance-"),
        (("/no/such/program", "{key}"), Outcome.FAILED, "cannot be run"),
    ],
    ids=["none", "failing", "missing"],
)
async def test_command_that_writes_nothing_is_told(
    words: tuple[str, ...], outcome: Outcome, text: str, tmp_path: Path
) -> None:
    async with serving(Broken(FolderStore)) as address:
        profile = replace(written_in(tmp_path, Profile(address=address)), write=words)
        async with Kit(profile) as kit:
            result = await kit.run(next(check for check in kit.checks if check.name == "change-is-told"))

    assert result.outcome is outcome
    assert text in result.text
