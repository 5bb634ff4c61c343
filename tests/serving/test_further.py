"""What is served of the blocks beyond Dapr's contract, told to a client that knows nothing of them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (  # type: ignore[import-untyped]
    ProtoReflectionDescriptorDatabase,  # a real client; ships no types
)

from pluggable._proto.dapr.proto.components.v1 import common_pb2
from pluggable._proto.pluggable.components.v1alpha1 import crypto_pb2, nameresolution_pb2
from pluggable._wire import names
from pluggable.serving.endpoint import Endpoint
from pluggable.serving.services import Services, services_of
from pluggable.transport import Code, StatusError
from tests.conformance.honest import Book, Desk, Echo
from tests.conformance.vault import KeyVault
from tests.serving.conftest import Opener


def test_services_follow_from_base_classes() -> None:
    served = Services("mine", [KeyVault, Desk, Echo])

    assert services_of(Services("mine", Book).handlers) == [names.NAME_RESOLVER]
    assert services_of(served.handlers) == [
        names.CONVERSATION,
        names.NAME_REGISTRY,
        names.NAME_RESOLVER,
        names.SUBTLE_CRYPTO,
    ]
    assert served.types == ["crypto.mine", "nameresolution.mine", "conversation.mine"]


async def test_foreign_client_calls_by_reflection_alone(socket_folder: Path) -> None:
    path = socket_folder / "mine.sock"

    def converse() -> str:
        with grpc.insecure_channel(f"unix:{path}") as channel:
            pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
            methods = pool.FindServiceByName(names.CONVERSATION).methods_by_name
            for method, given in (
                ("Init", {}),
                ("Converse", {"messages": [{"role": "ROLE_USER", "parts": [{"text": "hello"}]}]}),
            ):
                about = methods[method]
                call: Any = channel.unary_unary(
                    names.path(names.CONVERSATION, method),
                    request_serializer=lambda message: message.SerializeToString(),
                    response_deserializer=GetMessageClass(about.output_type).FromString,
                )
                answer = call(GetMessageClass(about.input_type)(**given), timeout=5)
            return str(answer.outputs[0].choices[0].content)

    async with Endpoint("mine", Echo, path):
        said = await asyncio.to_thread(converse)

    assert said == "hello"


async def test_call_before_init_is_refused(opened: Opener) -> None:
    caller = await opened([KeyVault, Book])
    request = nameresolution_pb2.ResolveRequest(id="orders")

    with pytest.raises(StatusError, match=r'nameresolution\.mine "orders" is not initialised') as caught:
        await caller.call(names.NAME_RESOLVER, "Resolve", request, nameresolution_pb2.ResolveResponse)
    assert caught.value.code is Code.FAILED_PRECONDITION


async def test_blocks_of_one_socket_have_an_init_each(opened: Opener) -> None:
    caller = await opened([KeyVault, Book])
    init = crypto_pb2.SubtleCryptoInitRequest(metadata=common_pb2.MetadataRequest(properties={"a": "b"}))
    await caller.call(names.SUBTLE_CRYPTO, "Init", init, crypto_pb2.SubtleCryptoInitResponse)
    listed = await caller.call(
        names.SUBTLE_CRYPTO,
        "ListAlgorithms",
        crypto_pb2.ListAlgorithmsRequest(),
        crypto_pb2.ListAlgorithmsResponse,
    )

    assert "RSA-OAEP-256" in listed.encryption
    with pytest.raises(StatusError, match="is not initialised"):
        await caller.call(
            names.NAME_RESOLVER,
            "Resolve",
            nameresolution_pb2.ResolveRequest(id="orders"),
            nameresolution_pb2.ResolveResponse,
        )


async def test_unknown_algorithm_is_unimplemented(opened: Opener) -> None:
    caller = await opened(KeyVault)
    init = crypto_pb2.SubtleCryptoInitRequest()
    await caller.call(names.SUBTLE_CRYPTO, "Init", init, crypto_pb2.SubtleCryptoInitResponse)
    request = crypto_pb2.SignRequest(digest=b"", algorithm="ROT13", key_name="ec")

    with pytest.raises(StatusError, match='"ROT13" is not offered') as caught:
        await caller.call(names.SUBTLE_CRYPTO, "Sign", request, crypto_pb2.SignResponse)
    assert caught.value.code is Code.UNIMPLEMENTED
