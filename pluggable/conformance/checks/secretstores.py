"""What holds for every secret store."""

from __future__ import annotations

from ...errors import ComponentError
from ...remote import RemoteSecretStore
from ...secretstores import GetRequest
from ..check import ViolationError, check, expect, same
from ..target import Target


def store(target: Target) -> RemoteSecretStore:
    """Return the store."""
    return target.far_end(RemoteSecretStore)


async def _known(target: Target) -> str:
    """Return the name of a secret that is there."""
    if target.profile.secret:
        return target.profile.secret
    if found := await store(target).bulk_get():
        return next(iter(found))
    raise ViolationError("no secret in a bulk get", "one at least; or name one that is there: secret = …")


@check("secretstores")
async def secret_is_answered(target: Target) -> None:
    """Get answers with a map that is not empty, values being text."""
    name = await _known(target)
    if not await store(target).get(GetRequest(key=name)):
        raise ViolationError(f'an empty map for the secret "{name}"', "its values, by their keys")


@check("secretstores")
async def bulk_get_equals_get(target: Target) -> None:
    """What a bulk get says of a secret is what a get says."""
    name = await _known(target)
    found = await store(target).bulk_get()
    same(found.get(name), await store(target).get(GetRequest(key=name)), f'"{name}" in a bulk get is')


@check("secretstores")
async def missing_secret_has_no_value(target: Target) -> None:
    """
    A secret that is not there is an error, or has no value but an empty one, as an unset variable has.

    The runtime hands an application whatever comes.
    """
    request = GetRequest(key=target.name("missing"))
    try:
        found = await store(target).get(request)
    except ComponentError:
        return
    expect(
        not any(found.values()),
        found=f"{len(found)} values for a secret that is not there",
        wanted="an error, or nothing",
    )


@check("secretstores", lacks="MULTIPLE_KEY_VALUES_PER_SECRET")
async def simple_secret_has_its_own_name(target: Target) -> None:
    """
    A store of simple secrets answers ``{name: value}``.

    ``secretKeyRef`` without a key looks for the secret's own name (dapr: processor/secret).
    """
    name = await _known(target)
    found = await store(target).get(GetRequest(key=name))
    same(list(found), [name], f'the keys of "{name}" are')
