"""Which parts of the API a configuration leaves open."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pluggable import transport
from pluggable._proto.dapr.proto.runtime.v1 import dapr_pb2
from pluggable.runtime.access import Access, Rule
from pluggable.runtime.api.http import Request, Response, Router
from pluggable.runtime.config import RuntimeConfig
from pluggable.runtime.groundwork import completed
from pluggable.runtime.resources.manifests import load_configuration
from pluggable.transport import Code, StatusError
from tests.runtime.api.conftest import Sidecars, sidecars as sidecars

PREFIX = "/dapr.proto.runtime.v1.Dapr/"
YAML = """\
apiVersion: dapr.io/v1alpha1
kind: Configuration
metadata: {name: c}
spec:
  api:
    allowed:
    - {name: state, version: v1, protocol: http}
    - {name: state, version: v1, protocol: grpc}
    denied:
    - {name: secrets, version: v1, protocol: HTTP}
"""


def rule(name: str, version: str = "v1", protocol: str = "http") -> Rule:
    return Rule(name=name, version=version, protocol=protocol)


@pytest.mark.parametrize(
    ("allowed", "path", "open_"),
    [
        ([], "/v1.0/state/{store}", True),
        ([rule("state")], "/v1.0/state/{store}", True),
        ([rule("state")], "/v1.0-alpha1/state/{store}/query", False),
        ([rule("state", "v1alpha1")], "/v1.0-alpha1/state/{store}/query", True),
        ([rule("state", "v1.0")], "/v1.0/state/{store}", True),
        ([rule("state", "v1.0")], "/v1.0/secrets/{store}/{key}", False),
        ([rule("state")], "/v1.0/healthz/outbound", True),
        ([rule("state", protocol="grpc")], "/v1.0/secrets/{store}/{key}", True),
        ([rule("lock", "v1alpha1")], "/v1.0-alpha1/unlock/{store}", False),
    ],
)
def test_paths_are_open_by_rule(allowed: list[Rule], path: str, *, open_: bool) -> None:
    assert Access(allowed=tuple(allowed)).http(path) is open_


def test_denied_goes_before_allowed() -> None:
    both = Access(allowed=(rule("state"),), denied=(rule("state"),))

    assert not both.http("/v1.0/state/{store}")
    assert Access(denied=(rule("secrets"),)).http("/v1.0/state/{store}")


@pytest.mark.parametrize(
    ("part", "version", "methods"),
    [
        ("state", "v1", {"GetState", "GetBulkState", "SaveState", "DeleteState", "DeleteBulkState"}),
        ("state", "v1alpha1", {"QueryStateAlpha1"}),
        ("publish", "v1", {"PublishEvent", "BulkPublishEvent"}),
        ("subscribe", "v1alpha1", {"SubscribeTopicEventsAlpha1"}),
        ("configuration", "v1alpha1", {"GetConfigurationAlpha1", "UnsubscribeConfigurationAlpha1"}),
        ("unlock", "v1alpha1", {"UnlockAlpha1"}),
        ("actors", "v1", {"GetActorState", "ExecuteActorStateTransaction", "InvokeActor"}),
        ("workflows", "v1beta1", {"RaiseEventWorkflowBeta1"}),
        ("subtlecrypto", "v1alpha1", {"SubtleSignAlpha1"}),
        ("crypto", "v1alpha1", {"EncryptAlpha1"}),
        ("jobs", "v1", {"ScheduleJob", "ListJobs"}),
        ("conversation", "v1alpha2", {"ConverseAlpha2"}),
        ("secrets", "v1", {"GetBulkSecret"}),
        ("metadata", "v1", {"SetMetadata"}),
        ("shutdown", "v1", {"Shutdown"}),
        ("invoke", "v1", {"InvokeService"}),
        ("bindings", "v1", {"InvokeBinding"}),
    ],
)
def test_methods_belong_to_their_part(part: str, version: str, methods: set[str]) -> None:
    access = Access(allowed=(rule(part, version, "grpc"),))
    every = {method.name for method in dapr_pb2.DESCRIPTOR.services_by_name["Dapr"].methods}

    opened = {method for method in every if access.grpc(method)}

    assert methods <= opened
    others = Access(denied=(rule(part, version, "grpc"),))
    assert {method for method in every if not others.grpc(method)} == opened


async def test_what_is_not_open_is_refused(sidecars: Sidecars, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(YAML)
    config = completed(RuntimeConfig(app_id="app"), load_configuration([file], {}))
    sidecar = await sidecars.open(config=config)

    assert (await sidecar.call("GET", "/v1.0/state/store/k")).status == 204
    assert (await sidecar.call("GET", "/v1.0/healthz")).status == 204
    answer = await sidecar.call("GET", "/v1.0/metadata")
    assert (answer.status, json.loads(answer.body)["errorCode"]) == (404, "ERR_NOT_FOUND")
    assert "spec.api" in json.loads(answer.body)["message"]

    async with transport.channel(f"127.0.0.1:{sidecar.grpc_port}") as channel:
        for method in ("GetMetadata", "TryLockAlpha1", "GetSecret"):
            with pytest.raises(StatusError, match="requested endpoint is not available") as caught:
                await channel.unary(PREFIX + method, b"", timeout=5)
            assert caught.value.code is Code.UNIMPLEMENTED
        async with channel.stream(PREFIX + "SubscribeConfiguration", timeout=5) as stream:
            with pytest.raises(StatusError, match="requested endpoint is not available"):
                await stream.receive()


async def test_invocation_by_a_header_needs_its_part_open() -> None:
    asked: list[Request] = []

    async def fall_back(request: Request) -> Response:
        asked.append(request)
        return Response(200)

    for allowed, status in ((rule("invoke"), 200), (rule("state"), 404)):
        router = Router(access=Access(allowed=(allowed,)))
        router.fall_back(fall_back, ["dapr-app-id"])
        answer = await router(Request("GET", "/orders", headers={"dapr-app-id": "other"}))
        assert answer.status == status
    assert len(asked) == 1
