"""What needs Dapr's scheduler and placement services is answered as by a daprd without them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf.message import Message

from pluggable import transport
from pluggable._proto.dapr.proto.runtime.v1 import jobs_pb2 as pb, metadata_pb2
from pluggable._proto.google.protobuf import empty_pb2
from pluggable._proto.google.rpc import error_details_pb2, status_pb2
from pluggable.runtime.config import RuntimeConfig
from pluggable.transport import Code, StatusError
from tests.runtime.api.conftest import Sidecar, Sidecars

PREFIX = "/dapr.proto.runtime.v1.Dapr/"
DISABLED = "scheduler clients are disabled"
FACTS = {"appID": "app", "namespace": "default"}
PLACED = RuntimeConfig(app_id="app", placement_addresses=("a:1",), scheduler_addresses=("a:1",))


async def failed(sidecar: Sidecar, method: str, request: Message) -> StatusError:
    async with transport.channel(f"127.0.0.1:{sidecar.grpc_port}") as channel:
        with pytest.raises(StatusError) as caught:
            await channel.unary(PREFIX + method, request.SerializeToString(), timeout=5)
        return caught.value


def info(status: StatusError) -> tuple[str, dict[str, str]]:
    [packed] = status_pb2.Status.FromString(status.details).details
    found = error_details_pb2.ErrorInfo.FromString(packed.value)
    return found.reason, dict(found.metadata)


async def asked(sidecar: Sidecar, verb: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
    text = "" if body is None else body if isinstance(body, str) else json.dumps(body)
    answer = await sidecar.call(verb, path, text)
    told: dict[str, Any] = json.loads(answer.body)
    return answer.status, told


# --- jobs


@pytest.mark.parametrize("version", ["v1.0", "v1.0-alpha1"])
@pytest.mark.parametrize(
    ("verb", "body", "status", "word", "message"),
    [
        (
            "POST",
            {"schedule": "@daily", "data": {"x": 1}},
            500,
            "SCHEDULE_JOB",
            f"failed to schedule job due to: {DISABLED}",
        ),
        ("POST", {"dueTime": "5s"}, 500, "SCHEDULE_JOB", f"failed to schedule job due to: {DISABLED}"),
        ("POST", {}, 400, "SCHEDULE_EMPTY", "Schedule is empty"),
        ("POST", None, 400, "SCHEDULE_EMPTY", "Schedule is empty"),
        ("GET", None, 500, "GET_JOB", f"failed to get job due to: {DISABLED}"),
        ("DELETE", None, 500, "DELETE_JOB", f"failed to delete job due to: {DISABLED}"),
    ],
)
async def test_job_over_http_is_refused(
    sidecar: Sidecar, version: str, verb: str, body: Any, status: int, word: str, message: str
) -> None:
    code = f"DAPR_SCHEDULER_{word}"

    found, told = await asked(sidecar, verb, f"/{version}/jobs/j", body)

    [detail] = told.pop("details")
    assert (found, told) == (status, {"errorCode": code, "message": message})
    assert (detail["reason"], detail["metadata"]) == (code, FACTS)


async def test_job_has_its_name_in_the_url_only(sidecar: Sidecar) -> None:
    status, told = await asked(sidecar, "POST", "/v1.0/jobs/j", {"name": "x", "schedule": "@daily"})

    assert (status, told["errorCode"]) == (400, "DAPR_SCHEDULER_JOB_NAME")
    assert told["details"][0]["metadata"] == {"appID": "app"}


@pytest.mark.parametrize("body", ["text", "[]", '{"schedule":1}'])
async def test_body_that_is_no_job_is_refused(sidecar: Sidecar, body: str) -> None:
    status, told = await asked(sidecar, "POST", "/v1.0/jobs/j", body)

    assert (status, told["errorCode"]) == (400, "ERR_MALFORMED_REQUEST")


@pytest.mark.parametrize("stage", ["", "Alpha1"])
@pytest.mark.parametrize(
    ("method", "request_", "grpc", "word", "message"),
    [
        (
            "ScheduleJob",
            pb.ScheduleJobRequest(job=pb.Job(name="x", schedule="@daily")),
            Code.INTERNAL,
            "SCHEDULE_JOB",
            f"failed to schedule job due to: {DISABLED}",
        ),
        ("ScheduleJob", pb.ScheduleJobRequest(), Code.INVALID_ARGUMENT, "EMPTY", "Job is empty"),
        (
            "ScheduleJob",
            pb.ScheduleJobRequest(job=pb.Job()),
            Code.INVALID_ARGUMENT,
            "JOB_NAME_EMPTY",
            "Name is empty",
        ),
        (
            "ScheduleJob",
            pb.ScheduleJobRequest(job=pb.Job(name="x")),
            Code.INVALID_ARGUMENT,
            "SCHEDULE_EMPTY",
            "Schedule is empty",
        ),
        (
            "GetJob",
            pb.GetJobRequest(name="x"),
            Code.INTERNAL,
            "GET_JOB",
            f"failed to get job due to: {DISABLED}",
        ),
        ("GetJob", pb.GetJobRequest(), Code.INVALID_ARGUMENT, "JOB_NAME_EMPTY", "Name is empty"),
        (
            "DeleteJob",
            pb.DeleteJobRequest(name="x"),
            Code.INTERNAL,
            "DELETE_JOB",
            f"failed to delete job due to: {DISABLED}",
        ),
        (
            "DeleteJobsByPrefix",
            empty_pb2.Empty(),
            Code.INTERNAL,
            "DELETE_JOB",
            f"failed to delete job due to: {DISABLED}",
        ),
        (
            "ListJobs",
            empty_pb2.Empty(),
            Code.INTERNAL,
            "LIST_JOBS",
            f"failed to list jobs due to: {DISABLED}",
        ),
    ],
)
async def test_job_over_grpc_is_refused(
    sidecar: Sidecar, stage: str, method: str, request_: Message, grpc: Code, word: str, message: str
) -> None:
    status = await failed(sidecar, method + stage, request_)

    assert (status.code, status.message) == (grpc, message)
    assert info(status) == (f"DAPR_SCHEDULER_{word}", FACTS)


# --- actors and workflows


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("POST", "/v1.0/actors/T/1/method/m"),
        ("GET", "/v1.0/actors/T/1/state/k"),
        ("PUT", "/v1.0/actors/T/1/state"),
        ("POST", "/v1.0/actors/T/1/reminders/r"),
        ("DELETE", "/v1.0/actors/T/1/timers/t"),
        ("POST", "/v1.0/workflows/dapr/w/start?instanceID=i"),
        ("GET", "/v1.0-beta1/workflows/dapr/i"),
        ("POST", "/v1.0-alpha1/workflows/dapr/i/raiseEvent/e"),
    ],
)
async def test_actor_without_placement_is_refused(sidecars: Sidecars, verb: str, path: str) -> None:
    assert await asked(await sidecars.open(), verb, path) == (
        400,
        {"errorCode": "ERR_ACTOR_NO_PLACEMENT", "message": "placement service is not configured"},
    )

    status, told = await asked(await sidecars.open(config=PLACED), verb, path)
    assert (status, told["errorCode"]) == (501, "ERR_API_UNIMPLEMENTED")
    assert told["message"] == f"{verb} {path.partition('?')[0]} is not offered by this sidecar yet"


@pytest.mark.parametrize(
    "method", ["InvokeActor", "ListActorTimers", "StartWorkflowAlpha1", "RaiseEventWorkflowBeta1"]
)
async def test_actor_over_grpc_is_refused(sidecars: Sidecars, method: str) -> None:
    status = await failed(await sidecars.open(), method, empty_pb2.Empty())
    assert (status.code, status.message) == (Code.UNAVAILABLE, "placement service is not configured")

    status = await failed(await sidecars.open(config=PLACED), method, empty_pb2.Empty())
    assert status.code is Code.UNIMPLEMENTED
    assert status.message == f"{PREFIX}{method} is not offered by this sidecar yet"


async def test_stream_of_actor_events_is_refused(sidecar: Sidecar) -> None:
    async with (
        transport.channel(f"127.0.0.1:{sidecar.grpc_port}") as channel,
        channel.stream(PREFIX + "SubscribeActorEventsAlpha1", timeout=5) as stream,
    ):
        with pytest.raises(StatusError, match="placement service is not configured"):
            await stream.receive()


async def test_scheduler_that_is_named_is_not_called(sidecars: Sidecars) -> None:
    sidecar = await sidecars.open(config=PLACED)

    status, told = await asked(sidecar, "GET", "/v1.0/jobs/j")

    assert (status, told["errorCode"]) == (501, "ERR_API_UNIMPLEMENTED")


# --- the metadata of actors


async def runtime(sidecar: Sidecar) -> tuple[dict[str, Any], metadata_pb2.ActorRuntime]:
    """Return what the metadata says of actors, over HTTP and over gRPC."""
    _, told = await asked(sidecar, "GET", "/v1.0/metadata")
    async with transport.channel(f"127.0.0.1:{sidecar.grpc_port}") as channel:
        answer = await channel.unary(PREFIX + "GetMetadata", b"", timeout=5)
    found: dict[str, Any] = told["actorRuntime"]
    return found, metadata_pb2.GetMetadataResponse.FromString(answer).actor_runtime


async def test_runtime_without_placement_is_disabled(sidecar: Sidecar) -> None:
    told, message = await runtime(sidecar)

    assert told == {"runtimeStatus": "DISABLED", "hostReady": False, "placement": "placement: disconnected"}
    assert message.runtime_status == metadata_pb2.ActorRuntime.DISABLED
    assert message.placement == "placement: disconnected"


async def test_runtime_tells_what_the_application_hosts(sidecars: Sidecars) -> None:
    sidecar = await sidecars.open(config=PLACED)
    told, message = await runtime(sidecar)
    assert told == {"runtimeStatus": "INITIALIZING", "hostReady": False}
    assert message.runtime_status == metadata_pb2.ActorRuntime.INITIALIZING

    sidecar.blocks.actors.host(("cart",))
    told, message = await runtime(sidecar)
    assert told == {
        "runtimeStatus": "RUNNING",
        "activeActors": [{"type": "cart"}],
        "hostReady": False,
        "placement": "placement: disconnected",
    }
    assert [(each.type, each.count) for each in message.active_actors] == [("cart", 0)]
    assert (message.runtime_status, message.host_ready) == (metadata_pb2.ActorRuntime.RUNNING, False)
