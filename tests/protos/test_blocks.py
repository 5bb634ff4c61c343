"""The blocks beyond Dapr's contract: their services begin as Dapr's do, by Dapr's messages."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from google.protobuf.descriptor import ServiceDescriptor

from pluggable._wire import names

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "pluggable.components.v1alpha1"
DAPR = "dapr.proto.components.v1"


def services() -> list[ServiceDescriptor]:
    found: list[ServiceDescriptor] = []
    for source in sorted((ROOT / "protos" / PACKAGE.replace(".", "/")).glob("*.proto")):
        module = importlib.import_module(f"pluggable._proto.{PACKAGE}.{source.stem}_pb2")
        found += module.DESCRIPTOR.services_by_name.values()
    return found


BLOCKS = [service for service in services() if "Init" in service.methods_by_name]


def test_every_block_is_known_by_its_service() -> None:
    ours = {service for service in names.BLOCK_OF_SERVICE if service.startswith(PACKAGE)}

    assert {service.full_name for service in BLOCKS} == ours
    assert ours


@pytest.mark.parametrize("service", BLOCKS, ids=lambda service: service.name)
def test_block_begins_with_daprs_messages(service: ServiceDescriptor) -> None:
    init = service.methods_by_name["Init"]
    (metadata,) = init.input_type.fields

    assert (metadata.name, metadata.number) == ("metadata", 1)
    assert metadata.message_type is not None
    assert metadata.message_type.full_name == f"{DAPR}.MetadataRequest"
    for method in ("Features", "Ping"):
        about = service.methods_by_name[method]
        assert about.input_type.full_name == f"{DAPR}.{method}Request"
        assert about.output_type.full_name == f"{DAPR}.{method}Response"


def test_services_beside_a_block_are_named_where_they_are_told() -> None:
    beside = {service.full_name for service in services()} - {service.full_name for service in BLOCKS}
    state = {service for service in beside if service.endswith("StateStore")}

    assert state == names.FEATURE_OF_SERVICE.keys()


def test_subscriptions_alone_stream() -> None:
    streaming = {
        f"{service.name}.{method.name}"
        for service in services()
        for method in service.methods
        if method.client_streaming or method.server_streaming
    }

    assert streaming == {"ConfigurationStore.Subscribe"}
