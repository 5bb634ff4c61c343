"""The contract beyond Dapr's: what is published of it, and what it shares with Dapr's."""

from __future__ import annotations

import pytest
from google.protobuf.descriptor import FileDescriptor

from tests.protos.test_contract import ours, run

FILES = ("conversation", "crypto", "nameresolution")
SERVICES = {
    "Conversation": ["Init", "Features", "Ping", "Converse"],
    "NameRegistry": ["Register", "Deregister"],
    "NameResolver": ["Init", "Features", "Ping", "Resolve"],
    "SubtleCrypto": [
        "Init",
        "Features",
        "Ping",
        "ListAlgorithms",
        "GetKey",
        "Encrypt",
        "Decrypt",
        "WrapKey",
        "UnwrapKey",
        "Sign",
        "Verify",
    ],
}
UPSTREAM = "dapr.proto.components.v1."


def file(name: str) -> FileDescriptor:
    return ours(f"pluggable/components/v1alpha1/{name}.proto")


def test_services_are_as_published() -> None:
    found = {
        service.name: [method.name for method in service.methods]
        for name in FILES
        for service in file(name).services_by_name.values()
    }

    assert found == SERVICES


@pytest.mark.parametrize("name", FILES)
def test_package_has_its_version(name: str) -> None:
    assert file(name).package == "pluggable.components.v1alpha1"


@pytest.mark.parametrize("name", FILES)
def test_features_and_ping_are_upstreams(name: str) -> None:
    for service in file(name).services_by_name.values():
        for method in service.methods:
            if method.name in ("Features", "Ping"):
                assert method.input_type.full_name == f"{UPSTREAM}{method.name}Request"
                assert method.output_type.full_name == f"{UPSTREAM}{method.name}Response"
            if method.name == "Init":
                field = method.input_type.fields_by_name["metadata"]
                assert field.message_type is not None
                assert field.message_type.full_name == f"{UPSTREAM}MetadataRequest"
                assert field.number == 1


@pytest.mark.parametrize("name", FILES)
def test_no_runtime_message_is_loaded(name: str) -> None:
    run(
        f"import sys\nimport pluggable._proto.pluggable.components.v1alpha1.{name}_pb2\n"
        "assert not [name for name in sys.modules if 'proto.runtime' in name]\n"
    )
