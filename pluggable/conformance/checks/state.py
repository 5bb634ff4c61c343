"""What holds for every state store."""

from __future__ import annotations

from ...errors import UnsupportedError
from ...remote import RemoteStateStore
from ...state import DeleteRequest, GetRequest, SetRequest
from ...transport import DAPRD_RECEIVE_BYTES
from ..check import check, expect, refused, same
from ..target import Target

#: Room for the key, the ETag and the fields' own bytes in a message that a daprd just receives.
FRAMING_BYTES = 1024

#: Values of every kind that the state API stores: JSON and raw bytes.
VALUES = {
    "JSON": b'{"message": "hello", "n": 1}',
    "a JSON string": b'"hello"',
    "a number": b"123",
    "bytes": bytes(range(256)),
    "text that is no JSON": "größer".encode(),
}


def store(target: Target) -> RemoteStateStore:
    """Return the store."""
    return target.far_end(RemoteStateStore)


async def written(target: Target, value: bytes = b"1", **metadata: str) -> str:
    """Store a value under a new key, and return the key."""
    key = target.name()
    await store(target).set(SetRequest(key=key, value=value, metadata=metadata))
    return key


async def etag_of(target: Target, key: str) -> str | None:
    """Return the ETag under which a value is stored."""
    found = await store(target).get(GetRequest(key=key))
    return None if found is None else found.etag


@check("state")
async def value_is_read_back(target: Target) -> None:
    """What was set is read back at once, byte for byte (contrib: tests/conformance/state, set and get)."""
    for kind, value in VALUES.items():
        key = await written(target, value)
        found = await store(target).get(GetRequest(key=key))
        same(found and found.data, value, f"{kind} is read back as")


@check("state")
async def later_value_overwrites(target: Target) -> None:
    """A set without an ETag replaces what is there."""
    key = await written(target, b"1")
    await store(target).set(SetRequest(key=key, value=b"2"))
    found = await store(target).get(GetRequest(key=key))
    same(found and found.data, b"2", "after a second set the value is")


@check("state")
async def missing_key_is_no_error(target: Target) -> None:
    """Get of a key that is not there answers OK with neither data nor ETag."""
    found = await store(target).get(GetRequest(key=target.name()))
    same(found, None, "a missing key is answered with")


@check("state")
async def deleted_key_is_gone(target: Target) -> None:
    """After a delete there is no value, and no ETag."""
    key = await written(target)
    await store(target).delete(DeleteRequest(key=key))
    same(await store(target).get(GetRequest(key=key)), None, "a deleted key is answered with")


@check("state")
async def deleting_a_missing_key_is_no_error(target: Target) -> None:
    """Delete without an ETag may find nothing (contrib: tests/conformance/state, delete)."""
    await store(target).delete(DeleteRequest(key=target.name()))


@check("state")
async def keys_are_taken_as_they_are(target: Target) -> None:
    """Keys differ in case, and may have a sidecar's prefix, blanks, percent signs and any letters."""
    base = target.name()
    keys = [f"{base}{end}" for end in ("||k", "||K", "||k||k", " b", "50%_", "50%x", "ключ", "k" * 200)]
    for number, key in enumerate(keys):
        await store(target).set(SetRequest(key=key, value=b"%d" % number))
    for number, key in enumerate(keys):
        found = await store(target).get(GetRequest(key=key))
        same(found and found.data, b"%d" % number, f'"{key}" has')


@check("state")
async def value_of_4_mib_minus_framing_passes(target: Target) -> None:
    """Values pass up to what a daprd can receive in a message: 4 MiB, framing included."""
    value = b"x" * (DAPRD_RECEIVE_BYTES - FRAMING_BYTES)
    key = await written(target, value)
    found = await store(target).get(GetRequest(key=key))
    expect(
        found is not None and found.data == value,
        found=f"{len(found.data) if found else 'no'} bytes of {len(value)}",
        wanted="all of them",
    )


@check("state", lacks="TRANSACTIONAL")
async def transactions_not_claimed_are_not_served(target: Target) -> None:
    """A store without TRANSACTIONAL answers Transact with UNIMPLEMENTED; else it should claim it."""
    wanted = "UNIMPLEMENTED, or the feature TRANSACTIONAL"
    operation = SetRequest(key=target.name(), value=b"1")
    await refused(store(target).transact([operation]), UnsupportedError, "a transaction is", wanted)


@check("state", lacks="TTL")
async def life_not_claimed_is_not_shown(target: Target) -> None:
    """A store without TTL tells no time of expiry (contrib: tests/conformance/state)."""
    key = await written(target)
    found = await store(target).get(GetRequest(key=key))
    expect(
        found is not None and "ttlExpireTime" not in found.metadata,
        found=f"the metadata {dict(found.metadata) if found else None}",
        wanted="no ttlExpireTime, or the feature TTL",
    )
