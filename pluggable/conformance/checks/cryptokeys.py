"""What a vault shows of its keys, and how it wraps others."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from ...crypto import GetKeyRequest, KeyFormat, PublicKey, UnwrapKeyRequest, WrapKeyRequest, WrapKeyResponse
from ...errors import ComponentError
from ..check import ViolationError, check, expect, refused, same
from ..keys import Use
from ..target import Target
from .vaults import Case, cases, changed, keys, vault

#: What each type of public key has (RFC 7518), and what none of them may have.
PUBLIC_MEMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "RSA": ("n", "e"),
    "EC": ("crv", "x", "y"),
    "OKP": ("crv", "x"),
}
PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "k"})


@check("crypto")
async def public_key_is_answered(target: Target) -> None:
    """GetKey gives the public part of a key: a JSON Web Key with its members, or one in PEM."""
    for key in keys(target, "public", "private"):
        found = await vault(target).get_key(GetKeyRequest(key_name=key.name))
        expect(bool(found.name), found=f'key "{key.name}" without a name in the answer', wanted="its name")
        if found.format is KeyFormat.PEM:
            expect(
                "-----BEGIN PUBLIC KEY-----" in found.key,
                found=f'key "{key.name}" as {found.key[:40]}',
                wanted="-----BEGIN PUBLIC KEY-----",
            )
            continue
        members = _members(found)
        wanted = PUBLIC_MEMBERS.get(str(members.get("kty")), ("kty",))
        expect(
            all(members.get(name) for name in ("kty", *wanted)),
            found=f'key "{key.name}" with the members {", ".join(members) or "none"}',
            wanted=f"kty, and what goes with it: {', '.join(wanted)}",
        )


@check("crypto")
async def private_part_stays_inside(target: Target) -> None:
    """GetKey gives nothing of a key that is not public."""
    for key in keys(target, "public", "private"):
        found = await vault(target).get_key(GetKeyRequest(key_name=key.name))
        if found.format is KeyFormat.JWK:
            shown = PRIVATE_MEMBERS & _members(found).keys()
        else:
            shown = frozenset(re.findall("PRIVATE KEY", found.key))
        expect(
            not shown, found=f'{", ".join(sorted(shown))} of key "{key.name}"', wanted="public parts alone"
        )


@check("crypto")
async def symmetric_key_is_not_shown(target: Target) -> None:
    """A symmetric key has no public part, so GetKey has nothing to give."""
    for key in keys(target, "symmetric"):
        asking = vault(target).get_key(GetKeyRequest(key_name=key.name))
        await refused(asking, ComponentError, f'asking for the symmetric key "{key.name}" is', "an error")


@check("crypto")
async def wrapped_key_is_unwrapped(target: Target) -> None:
    """What was wrapped is unwrapped, with a tag for the algorithms that have one; a public key wraps."""
    for case in cases(target, Use.WRAP, public=True):
        request = _wrapping(case)
        response = await vault(target).wrap_key(request)
        expect(
            bool(response.wrapped_key) and bool(response.tag) is case.algorithm.tagged,
            found=f"{len(response.wrapped_key)} bytes with a tag of {len(response.tag)} by {case}",
            wanted=f"a wrapped key, with {'a tag beside it' if case.algorithm.tagged else 'no tag'}",
        )
        if case.key.type != "public":
            found = await vault(target).unwrap_key(_unwrapping(request, response))
            same(found, request.key, f"a key unwrapped by {case} is")


@check("crypto")
async def changed_key_is_not_unwrapped(target: Target) -> None:
    """A wrapped key, or its tag, that is not what the vault gave is an error."""
    for case in cases(target, Use.WRAP, checked=True):
        request = _wrapping(case)
        response = await vault(target).wrap_key(request)
        for attempt in _spoilt(_unwrapping(request, response)):
            unwrapping = vault(target).unwrap_key(attempt)
            await refused(unwrapping, ComponentError, f"a changed key for {case} is", "an error")


def _wrapping(case: Case) -> WrapKeyRequest:
    return WrapKeyRequest(
        key=secrets.token_bytes(32),
        algorithm=case.name,
        key_name=case.key.name,
        nonce=secrets.token_bytes(case.algorithm.nonce_bytes),
    )


def _unwrapping(request: WrapKeyRequest, response: WrapKeyResponse) -> UnwrapKeyRequest:
    return UnwrapKeyRequest(
        wrapped_key=response.wrapped_key,
        algorithm=request.algorithm,
        key_name=request.key_name,
        nonce=request.nonce,
        tag=response.tag,
    )


def _spoilt(request: UnwrapKeyRequest) -> Iterator[UnwrapKeyRequest]:
    yield replace(request, wrapped_key=changed(request.wrapped_key))
    if request.tag:
        yield replace(request, tag=changed(request.tag))


def _members(key: PublicKey) -> dict[str, object]:
    """Return the members of a JSON Web Key."""
    try:
        found = json.loads(key.key)
    except ValueError as error:
        raise ViolationError(f'key "{key.name}" in no JSON: {key.key[:40]}', "a JSON Web Key") from error
    if not isinstance(found, dict):
        raise ViolationError(f'key "{key.name}" as {key.key[:40]}', "a JSON object")
    return found
