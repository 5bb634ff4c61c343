"""Locks over both APIs, in a store that keeps them in memory."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from pluggable import transport
from pluggable._proto.dapr.proto.runtime.v1 import lock_pb2 as pb
from pluggable.errors import UnavailableError
from pluggable.lock import LockStore, TryLockRequest, UnlockRequest, UnlockStatus
from pluggable.metadata import NO_METADATA
from pluggable.transport import Channel, Code, StatusError
from tests.runtime.api.conftest import Sidecar
from tests.runtime.blocks.inmemory import loaded
from tests.stores import Locks

PREFIX = "/dapr.proto.runtime.v1.Dapr/"
REQUEST = {"resourceId": "r", "lockOwner": "me", "expiryInSeconds": 60}


class Down(LockStore):
    """A store whose server does not answer."""

    async def try_lock(self, request: TryLockRequest) -> bool:  # noqa: ARG002  it says no to all
        raise UnavailableError("no route")

    async def unlock(self, request: UnlockRequest) -> UnlockStatus:  # noqa: ARG002  it says no to all
        raise UnavailableError("no route")


@pytest.fixture
def locks(sidecar: Sidecar) -> Locks:
    made = Locks()
    sidecar.components.catalog.lock["locks"] = loaded("locks", "lock.memory", made)
    sidecar.components.catalog.lock["down"] = loaded("down", "lock.down", Down())
    return made


@pytest.fixture
async def channel(sidecar: Sidecar) -> AsyncIterator[Channel]:
    async with transport.channel(f"127.0.0.1:{sidecar.grpc_port}") as channel:
        yield channel


async def post(sidecar: Sidecar, path: str, body: Any) -> tuple[int, Any]:
    text = body if isinstance(body, str) else json.dumps(body)
    answer = await sidecar.call("POST", f"/v1.0-alpha1/{path}", text)
    return answer.status, json.loads(answer.body)


async def refused(
    channel: Channel, method: str, request: pb.TryLockRequest | pb.UnlockRequest
) -> StatusError:
    with pytest.raises(StatusError) as caught:
        await channel.unary(PREFIX + method, request.SerializeToString(), timeout=5)
    return caught.value


async def test_lock_is_taken_once(sidecar: Sidecar, locks: Locks) -> None:
    assert await post(sidecar, "lock/locks", REQUEST) == (200, {"success": True})
    assert await post(sidecar, "lock/locks", REQUEST | {"lockOwner": "you"}) == (200, {"success": False})
    assert locks.owner("lock||app||r") == "me"


@pytest.mark.usefixtures("locks")
async def test_lock_is_given_back_with_daprs_numbers(sidecar: Sidecar) -> None:
    await post(sidecar, "lock/locks", REQUEST)
    mine = {"resourceId": "r", "lockOwner": "me"}

    assert await post(sidecar, "unlock/locks", mine | {"lockOwner": "you"}) == (200, {"status": 2})
    assert await post(sidecar, "unlock/locks", mine) == (200, {"status": 0})
    assert await post(sidecar, "unlock/locks", mine) == (200, {"status": 1})


@pytest.mark.usefixtures("locks")
async def test_body_is_the_message_in_json(sidecar: Sidecar) -> None:
    body = {"resource_id": "r", "lock_owner": "me", "expiry_in_seconds": "60", "more": 1}

    assert await post(sidecar, "lock/locks", body) == (200, {"success": True})


async def test_grpc_takes_and_gives_back(channel: Channel, locks: Locks) -> None:
    taking = pb.TryLockRequest(store_name="locks", resource_id="r", lock_owner="me", expiry_in_seconds=60)
    answer = await channel.unary(PREFIX + "TryLockAlpha1", taking.SerializeToString(), timeout=5)
    assert pb.TryLockResponse.FromString(answer).success
    assert locks.owner("lock||app||r") == "me"

    giving = pb.UnlockRequest(store_name="locks", resource_id="r", lock_owner="you")
    answer = await channel.unary(PREFIX + "UnlockAlpha1", giving.SerializeToString(), timeout=5)
    assert pb.UnlockResponse.FromString(answer).status == pb.UnlockResponse.LOCK_BELONGS_TO_OTHERS


@pytest.mark.parametrize(
    ("properties", "key"),
    [
        (NO_METADATA, "lock||app||r"),
        ({"keyPrefix": "appid"}, "lock||app||r"),
        ({"KEYPREFIX": "Name"}, "lock||locks||r"),
        ({"keyPrefix": "none"}, "lock||r"),
        ({"keyPrefix": "namespace"}, "lock||namespace||r"),
        ({"keyPrefix": "Mine"}, "lock||mine||r"),
        ({"keyPrefix": ""}, "lock||||r"),
    ],
)
async def test_prefix_is_what_the_component_asks_for(
    sidecar: Sidecar, properties: Mapping[str, str], key: str
) -> None:
    made = Locks()
    sidecar.components.catalog.lock["locks"] = loaded("locks", "lock.memory", made, properties)
    await post(sidecar, "lock/locks", REQUEST)

    assert list(made.held) == [key]


@pytest.mark.parametrize(
    ("change", "status", "code", "message", "grpc"),
    [
        (
            {"store": "x"},
            400,
            "ERR_LOCK_STORE_NOT_FOUND",
            "lock store x not found",
            Code.INVALID_ARGUMENT,
        ),
        (
            {"resourceId": ""},
            400,
            "ERR_MALFORMED_REQUEST",
            "ResourceId is empty in lock store locks",
            Code.INVALID_ARGUMENT,
        ),
        (
            {"lockOwner": ""},
            400,
            "ERR_MALFORMED_REQUEST",
            "LockOwner is empty in lock store locks",
            Code.INVALID_ARGUMENT,
        ),
        (
            {"expiryInSeconds": 0},
            400,
            "ERR_MALFORMED_REQUEST",
            "ExpiryInSeconds is not positive in lock store locks",
            Code.INVALID_ARGUMENT,
        ),
        (
            {"resourceId": "a||b"},
            500,
            "ERR_TRY_LOCK",
            "failed to try acquiring lock: input key/keyPrefix 'a||b' can't contain '||'",
            Code.INTERNAL,
        ),
        ({"store": "down"}, 500, "ERR_TRY_LOCK", "failed to try acquiring lock: no route", Code.INTERNAL),
    ],
)
@pytest.mark.usefixtures("locks")
async def test_both_protocols_tell_what_is_wrong(
    sidecar: Sidecar,
    channel: Channel,
    change: Mapping[str, Any],
    status: int,
    code: str,
    message: str,
    grpc: Code,
) -> None:
    asked = {"store": "locks", **REQUEST, **change}
    request = pb.TryLockRequest(
        store_name=asked["store"],
        resource_id=asked["resourceId"],
        lock_owner=asked["lockOwner"],
        expiry_in_seconds=asked["expiryInSeconds"],
    )

    answer = await post(sidecar, f"lock/{asked['store']}", {**asked, "store": None})
    assert answer == (status, {"errorCode": code, "message": message})

    told = await refused(channel, "TryLockAlpha1", request)
    assert (told.code, told.message, told.details) == (grpc, message, b"")


@pytest.mark.usefixtures("locks")
async def test_what_unlock_cannot_do_is_told(sidecar: Sidecar, channel: Channel) -> None:
    _, told = await post(sidecar, "unlock/locks", {"resourceId": "a||b", "lockOwner": "me"})
    reason = "input key/keyPrefix 'a||b' can't contain '||'"
    assert told == {"errorCode": "ERR_UNLOCK", "message": f"failed to release lock: {reason}"}

    failure = await refused(
        channel, "UnlockAlpha1", pb.UnlockRequest(store_name="down", resource_id="r", lock_owner="me")
    )
    assert (failure.code, failure.message) == (Code.INTERNAL, "failed to release lock: no route")


@pytest.mark.usefixtures("locks")
@pytest.mark.parametrize(
    "body", ["text", "[]", '{"resourceId":1}', '{"expiryInSeconds":1.5}', '{"expiryInSeconds":2147483648}']
)
async def test_body_that_is_no_request_is_refused(sidecar: Sidecar, body: str) -> None:
    status, told = await post(sidecar, "lock/locks", body)

    assert (status, told["errorCode"]) == (400, "ERR_MALFORMED_REQUEST")
    assert told["message"].startswith("failed deserializing HTTP body: ")


async def test_no_store_at_all_is_told_apart(sidecar: Sidecar, channel: Channel) -> None:
    assert await post(sidecar, "lock/locks", REQUEST) == (
        500,
        {"errorCode": "ERR_LOCK_STORE_NOT_CONFIGURED", "message": "lock store is not configured"},
    )
    told = await refused(channel, "UnlockAlpha1", pb.UnlockRequest(store_name="locks"))
    assert (told.code, told.message) == (Code.FAILED_PRECONDITION, "lock store is not configured")
