"""Our protos are upstream's, our messages are our protos', and both keep out of everybody's way."""

from __future__ import annotations

import importlib
import importlib.util
import os
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import FileDescriptor

from pluggable._proto import pool
from tests.programs import needed

ROOT = Path(__file__).resolve().parents[2]

COMPONENTS = {
    "InputBinding": ["Init", "Read", "Ping"],
    "OutputBinding": ["Init", "Invoke", "ListOperations", "Ping"],
    "PubSub": ["Init", "Features", "Publish", "BulkPublish", "PullMessages", "Pause", "Resume", "Ping"],
    "SecretStore": ["Init", "Features", "Get", "BulkGet", "Ping"],
    "QueriableStateStore": ["Query"],
    "TransactionalStateStore": ["Transact"],
    "StateStore": [
        "Init",
        "Features",
        "Delete",
        "Get",
        "Set",
        "Ping",
        "BulkDelete",
        "BulkGet",
        "BulkSet",
    ],
    "TransactionalStoreMultiMaxSize": ["MultiMaxSize"],
}

FIELDS = {
    "bindings": {
        "ListOperationsRequest": 0,
        "ListOperationsResponse": 1,
        "InputBindingInitRequest": 1,
        "InputBindingInitResponse": 0,
        "OutputBindingInitRequest": 1,
        "OutputBindingInitResponse": 0,
        "AckResponseError": 1,
        "ReadRequest": 3,
        "ReadResponse": 4,
        "InvokeRequest": 3,
        "InvokeResponse": 3,
    },
    "common": {
        "MetadataRequest": 1,
        "FeaturesRequest": 0,
        "FeaturesResponse": 1,
        "PingRequest": 0,
        "PingResponse": 0,
    },
    "pubsub": {
        "AckMessageError": 1,
        "PullMessagesRequest": 3,
        "PubSubInitRequest": 1,
        "PubSubInitResponse": 0,
        "PublishRequest": 5,
        "BulkPublishRequest": 4,
        "BulkMessageEntry": 4,
        "BulkPublishResponse": 1,
        "BulkPublishResponseFailedEntry": 2,
        "PublishResponse": 0,
        "Topic": 2,
        "PullMessagesResponse": 5,
        "PauseRequest": 0,
        "PauseResponse": 0,
        "ResumeRequest": 0,
        "ResumeResponse": 0,
    },
    "secretstore": {
        "SecretStoreInitRequest": 1,
        "SecretStoreInitResponse": 0,
        "GetSecretRequest": 2,
        "GetSecretResponse": 1,
        "BulkGetSecretRequest": 1,
        "SecretResponse": 1,
        "BulkGetSecretResponse": 1,
    },
    "state": {
        "Sorting": 2,
        "Pagination": 2,
        "Query": 3,
        "QueryRequest": 2,
        "QueryItem": 5,
        "QueryResponse": 3,
        "TransactionalStateOperation": 2,
        "TransactionalStateRequest": 2,
        "TransactionalStateResponse": 0,
        "Etag": 1,
        "StateOptions": 2,
        "InitRequest": 1,
        "InitResponse": 0,
        "GetRequest": 3,
        "GetResponse": 4,
        "DeleteRequest": 4,
        "DeleteResponse": 0,
        "SetRequest": 6,
        "SetResponse": 0,
        "BulkDeleteRequestOptions": 1,
        "BulkDeleteRequest": 2,
        "BulkDeleteResponse": 0,
        "BulkGetRequestOptions": 1,
        "BulkGetRequest": 2,
        "BulkStateItem": 6,
        "BulkGetResponse": 1,
        "BulkSetRequestOptions": 1,
        "BulkSetRequest": 2,
        "BulkSetResponse": 0,
        "MultiMaxSizeRequest": 0,
        "MultiMaxSizeResponse": 1,
    },
}

OFFICIAL_CLIENT = """
import dapr.clients
from dapr.proto.runtime.v1 import state_pb2 as theirs
from google.rpc import error_details_pb2
from grpc_reflection.v1alpha import reflection_pb2
"""
OURS = """
import pluggable._proto.dapr.proto.runtime.v1.dapr_pb2
import pluggable._proto.google.rpc.error_details_pb2
import pluggable._proto.grpc.reflection.v1alpha.reflection_pb2
from pluggable._proto.dapr.proto.runtime.v1 import state_pb2 as ours
"""
BOTH_WORK = """
request = ours.GetStateRequest(store_name="s", key="k", metadata={"a": "b"})
assert ours.GetStateRequest is not theirs.GetStateRequest
assert theirs.GetStateRequest.FromString(request.SerializeToString()).metadata["a"] == "b"
"""


def ours(name: str) -> FileDescriptor:
    """Our descriptor of a file, its module loaded if need be."""
    importlib.import_module(f"pluggable._proto.{name.removesuffix('.proto').replace('/', '.')}_pb2")
    return pool().FindFileByName(name)


def components() -> Iterator[FileDescriptor]:
    for name in FIELDS:
        yield ours(f"dapr/proto/components/v1/{name}.proto")


def official(package: str) -> list[FileDescriptor]:
    """The descriptors of all message modules of a package that is not ours."""
    found = importlib.import_module(package)
    names = [module.name for module in pkgutil.iter_modules(found.__path__) if module.name.endswith("_pb2")]
    return [importlib.import_module(f"{package}.{name}").DESCRIPTOR for name in names]


def facts(file: FileDescriptor | descriptor_pb2.FileDescriptorProto) -> descriptor_pb2.FileDescriptorProto:
    """What a file says about the wire: no source, no names for JSON, no options for other languages."""
    stripped = descriptor_pb2.FileDescriptorProto()
    if isinstance(file, FileDescriptor):
        stripped.ParseFromString(file.serialized_pb)
    else:
        stripped.CopyFrom(file)
    for field in ("options", "source_code_info"):
        stripped.ClearField(field)
    for service in stripped.service:
        for method in service.method:
            if not method.options.ListFields():  # `{}` behind an rpc, or a semicolon: the same
                method.ClearField("options")
    messages = list(stripped.message_type)
    while messages:
        message = messages.pop()
        messages.extend(message.nested_type)
        for field_ in message.field:
            field_.ClearField("json_name")
    return stripped


def run(program: str) -> None:
    """Run a program in a process of its own; it fails this test if it fails."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("package", ["runtime", "common"])
def test_ours_equal_official(package: str) -> None:
    theirs = official(f"dapr.proto.{package}.v1")

    assert theirs
    for file in theirs:
        assert facts(ours(file.name)) == facts(file), file.name


@pytest.mark.parametrize("package", ["runtime", "common"])
def test_ours_have_no_further_files(package: str) -> None:
    sources = (ROOT / f"protos/dapr/proto/{package}/v1").glob("*.proto")

    assert {file.name.rpartition("/")[2] for file in official(f"dapr.proto.{package}.v1")} == {
        source.name for source in sources
    }


@pytest.mark.parametrize("name", ["code", "error_details", "status"])
def test_status_messages_equal_googles(name: str) -> None:
    theirs = importlib.import_module(f"google.rpc.{name}_pb2").DESCRIPTOR

    assert facts(ours(f"google/rpc/{name}.proto")) == facts(theirs)


def test_component_services_are_upstreams() -> None:
    found = {
        service.name: [method.name for method in service.methods]
        for file in components()
        for service in file.services_by_name.values()
    }

    assert found == COMPONENTS


def test_component_messages_are_upstreams() -> None:
    found = {
        file.name.rpartition("/")[2].removesuffix(".proto"): {
            name: len(message.fields) for name, message in file.message_types_by_name.items()
        }
        for file in components()
    }

    assert found == FIELDS


def test_only_pulling_and_reading_stream() -> None:
    streaming = {
        method.full_name.removeprefix("dapr.proto.components.v1."): (
            method.client_streaming,
            method.server_streaming,
        )
        for file in components()
        for service in file.services_by_name.values()
        for method in service.methods
        if method.client_streaming or method.server_streaming
    }

    assert streaming == {"PubSub.PullMessages": (True, True), "InputBinding.Read": (True, True)}


@pytest.mark.slow
def test_ours_equal_upstreams_go_module() -> None:
    go = needed("go")
    folder = Path(__file__).parent / "godescriptors"
    built = subprocess.run([go, "run", "."], cwd=folder, capture_output=True, timeout=540, check=True).stdout
    theirs = descriptor_pb2.FileDescriptorSet.FromString(built).file

    assert len(theirs) == 8
    for file in theirs:
        assert facts(ours(file.name)) == facts(file), file.name


def test_generated_code_equals_its_source() -> None:
    missing = [name for name in ("grpc_tools", "mypy_protobuf") if importlib.util.find_spec(name) is None]
    if missing and os.environ.get("CI") != "true":
        pytest.skip(f"{' and '.join(missing)} not installed; the extra dev has them")

    command = [sys.executable, str(ROOT / "protos/generate.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("imports", [OFFICIAL_CLIENT + OURS, OURS + OFFICIAL_CLIENT], ids=["after", "before"])
def test_official_client_shares_the_process(imports: str) -> None:
    run(imports + BOTH_WORK)


def test_components_load_no_runtime_messages() -> None:
    run(
        "import sys\n"
        + "".join(f"import pluggable._proto.dapr.proto.components.v1.{name}_pb2\n" for name in FIELDS)
        + "unwanted = 'pluggable._proto.dapr.proto.runtime'\n"
        + "loaded = [name for name in sys.modules if name.startswith(unwanted)]\n"
        + "assert not loaded, loaded\n"
    )


def test_well_known_types_keep_their_methods() -> None:
    from pluggable._proto.google.protobuf import any_pb2, duration_pb2, struct_pb2, timestamp_pb2
    from pluggable._proto.google.rpc import error_details_pb2

    packed = any_pb2.Any()
    packed.Pack(error_details_pb2.ErrorInfo(reason="full"))
    unpacked = error_details_pb2.ErrorInfo()
    tree = struct_pb2.Struct()
    tree.update({"a": "b"})
    moment = timestamp_pb2.Timestamp()
    moment.FromDatetime(datetime(2030, 1, 2, tzinfo=UTC))
    span = duration_pb2.Duration()
    span.FromTimedelta(timedelta(seconds=90))

    assert packed.Unpack(unpacked)
    assert unpacked.reason == "full"
    assert packed.type_url == "type.googleapis.com/google.rpc.ErrorInfo"
    assert tree["a"] == "b"
    assert moment.ToDatetime(tzinfo=UTC) == datetime(2030, 1, 2, tzinfo=UTC)
    assert span.ToTimedelta() == timedelta(seconds=90)


def test_services_find_their_messages() -> None:
    state = ours("dapr/proto/components/v1/state.proto")

    method = state.services_by_name["StateStore"].methods_by_name["Get"]

    from pluggable._proto.dapr.proto.components.v1 import state_pb2

    assert method.input_type is state_pb2.GetRequest.DESCRIPTOR
    assert method.output_type is state_pb2.GetResponse.DESCRIPTOR
