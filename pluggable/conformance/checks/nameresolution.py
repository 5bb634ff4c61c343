"""What holds for every name resolver, and for those that are registries."""

from __future__ import annotations

import asyncio
import re
from typing import Final

from ...errors import NotFoundError
from ...nameresolution import Instance, ResolveRequest
from ...remote import RemoteNameResolver
from ..check import InapplicableError, ViolationError, check, expect, refused
from ..target import Target

POLL_SECONDS: Final = 0.1
#: ``host:port``, where only an IPv6 address has colons of its own and stands in brackets.
_ADDRESS: Final = re.compile(r"(\[[0-9A-Fa-f:.%\w]+\]|[^\s:/\[\]]+):(?P<port>[0-9]{1,5})")
_REGISTRY: Final = "NameRegistry"


def resolver(target: Target) -> RemoteNameResolver:
    """Return the resolver."""
    return target.far_end(RemoteNameResolver)


@check("nameresolution")
async def known_application_is_resolved(target: Target) -> None:
    """Resolve gives one address at least, each as host:port (contrib: Resolver.ResolveID)."""
    if not target.profile.application:
        raise InapplicableError("the profile names no application that is known: application = …")
    request = ResolveRequest(id=target.profile.application, namespace="default", port=50002)
    _check_addresses(await resolver(target).resolve(request))


@check("nameresolution")
async def missing_application_is_not_found(target: Target) -> None:
    """
    An id that nobody has is NOT_FOUND.

    A resolver that makes names by a rule, as Kubernetes does, may give one, which then has the id in it.
    """
    id_ = target.name("nobody")
    try:
        found = await resolver(target).resolve(ResolveRequest(id=id_, namespace="default", port=50002))
    except NotFoundError:
        return
    _check_addresses(found)
    expect(
        all(id_ in address for address in found),
        found=f"{', '.join(found)} for {id_}, which nobody is",
        wanted="NOT_FOUND, or a name that is made of the id",
    )


@check("nameresolution", needs=_REGISTRY)
async def registered_instance_is_resolved(target: Target) -> None:
    """An instance that registered is found by its application's id, at the address it gave."""
    instance = await _registered(target)
    found = await resolver(target).resolve(_asking(instance))
    _check_addresses(found)
    wanted = f"{instance.host}:{instance.port}"
    expect(list(found) == [wanted], found=f"the addresses {', '.join(found)}", wanted=wanted)


@check("nameresolution", needs=_REGISTRY)
async def instance_that_registers_again_is_listed_once(target: Target) -> None:
    """A sidecar registers again to say that it is still there; that makes it no second one."""
    instance = await _registered(target)
    await resolver(target).register(instance, ttl_seconds=60)
    found = await resolver(target).resolve(_asking(instance))
    expect(len(found) == 1, found=f"the addresses {', '.join(found)}", wanted="one")


@check("nameresolution", needs=_REGISTRY)
async def deregistered_instance_is_gone(target: Target) -> None:
    """An instance that left is not found any more."""
    instance = await _registered(target)
    await resolver(target).deregister(instance)
    asking = resolver(target).resolve(_asking(instance))
    await refused(asking, NotFoundError, "an instance that left is", "NOT_FOUND")


@check("nameresolution", needs=_REGISTRY)
async def leaving_unlisted_is_no_error(target: Target) -> None:
    """An instance that is not listed, since its time was over, may leave all the same."""
    await resolver(target).deregister(_instance(target))


@check("nameresolution", needs=_REGISTRY)
async def instance_is_gone_after_its_time(target: Target) -> None:
    """An instance that does not register again, since its sidecar died, is not found for ever."""
    instance = _instance(target)
    await resolver(target).register(instance, ttl_seconds=1)
    await resolver(target).resolve(_asking(instance))
    try:
        async with target.within(1 + target.profile.wait_seconds):
            while True:
                await resolver(target).resolve(_asking(instance))
                await asyncio.sleep(POLL_SECONDS)
    except NotFoundError:
        return
    except TimeoutError:
        raise ViolationError("an instance still there long after its time", "NOT_FOUND") from None


def _instance(target: Target) -> Instance:
    return Instance(id=target.name("app"), namespace="default", host="127.0.0.1", port=50002)


async def _registered(target: Target) -> Instance:
    """Register an instance that nobody else is."""
    instance = _instance(target)
    await resolver(target).register(instance, ttl_seconds=60)
    return instance


def _asking(instance: Instance) -> ResolveRequest:
    return ResolveRequest(id=instance.id, namespace=instance.namespace, port=instance.port)


def _check_addresses(found: list[str]) -> None:
    """
    See that addresses can be connected to.

    Raises:
        ViolationError: one is not ``host:port``.
    """
    for address in found:
        parsed = _ADDRESS.fullmatch(address)
        expect(
            parsed is not None and 0 < int(parsed["port"]) < 65536,
            found=f'the address "{address}"',
            wanted="host:port, an IPv6 address in brackets",
        )
