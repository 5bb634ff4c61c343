"""Cryptography, name resolution and conversations on the wire."""

from __future__ import annotations

from typing import Any

import pytest

from pluggable._proto.pluggable.components.v1alpha1 import conversation_pb2, crypto_pb2
from pluggable._wire import conversation, crypto, nameresolution
from pluggable.conversation import (
    Choice,
    ConverseRequest,
    ConverseResponse,
    Message,
    Output,
    Role,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    Usage,
)
from pluggable.crypto import (
    DecryptRequest,
    EncryptRequest,
    EncryptResponse,
    GetKeyRequest,
    KeyFormat,
    PublicKey,
    SignRequest,
    UnwrapKeyRequest,
    VerifyRequest,
    WrapKeyRequest,
    WrapKeyResponse,
)
from pluggable.errors import InvalidRequestError
from pluggable.metadata import Metadata
from pluggable.nameresolution import Instance, ResolveRequest

METADATA = Metadata({"vaultName": "v", "empty": ""}, "keys")
NAMED: dict[str, Any] = {"algorithm": "A256GCM", "key_name": "aes"}
SEALED: dict[str, Any] = {"nonce": b"\x02", "associated_data": b"\x03"}


def test_every_init_comes_back() -> None:
    assert crypto.init_request(crypto.init_request_pb(METADATA), "keys") == METADATA
    assert nameresolution.init_request(nameresolution.init_request_pb(METADATA), "keys") == METADATA
    assert conversation.init_request(conversation.init_request_pb(METADATA), "keys") == METADATA


def test_what_a_vault_is_asked_comes_back() -> None:
    encrypt = EncryptRequest(plaintext=b"\xff", **NAMED, **SEALED)
    decrypt = DecryptRequest(ciphertext=b"\xff", tag=b"\x04", **NAMED, **SEALED)
    wrap = WrapKeyRequest(key=b"\xff", **NAMED, **SEALED)
    unwrap = UnwrapKeyRequest(wrapped_key=b"\xff", tag=b"\x04", **NAMED, **SEALED)
    sign = SignRequest(digest=b"\xff", **NAMED)
    verify = VerifyRequest(digest=b"\xff", signature=b"\x05", **NAMED)
    get_key = GetKeyRequest(key_name="k")

    assert crypto.encrypt_request(crypto.encrypt_request_pb(encrypt)) == encrypt
    assert crypto.decrypt_request(crypto.decrypt_request_pb(decrypt)) == decrypt
    assert crypto.wrap_key_request(crypto.wrap_key_request_pb(wrap)) == wrap
    assert crypto.unwrap_key_request(crypto.unwrap_key_request_pb(unwrap)) == unwrap
    assert crypto.sign_request(crypto.sign_request_pb(sign)) == sign
    assert crypto.verify_request(crypto.verify_request_pb(verify)) == verify
    assert crypto.get_key_request(crypto.get_key_request_pb(get_key)) == get_key


def test_what_a_vault_answers_comes_back() -> None:
    encrypted = EncryptResponse(ciphertext=b"\xff", tag=b"\x00")
    wrapped = WrapKeyResponse(wrapped_key=b"\xff")
    algorithms = ("A256GCM", "A256KW"), ("ES256",)

    assert crypto.encrypt_response(crypto.encrypt_response_pb(encrypted)) == encrypted
    assert crypto.wrap_key_response(crypto.wrap_key_response_pb(wrapped)) == wrapped
    assert crypto.algorithms_response(crypto.algorithms_response_pb(*algorithms)) == algorithms


@pytest.mark.parametrize("format_", KeyFormat)
def test_key_keeps_its_form(format_: KeyFormat) -> None:
    key = PublicKey(name="k/2", key="{}", format=format_)

    assert crypto.get_key_response(crypto.get_key_response_pb(key)) == key


def test_answer_without_a_key_is_none() -> None:
    assert crypto.get_key_response(crypto_pb2.GetKeyResponse(name="k")) is None


def test_message_and_key_are_not_shown() -> None:
    encrypt = EncryptRequest(plaintext=b"hunter2", **NAMED)
    wrap = WrapKeyRequest(key=b"hunter2", **NAMED)

    assert "hunter2" not in f"{encrypt} {wrap}"


def test_addresses_and_who_is_asked_for_come_back() -> None:
    request = ResolveRequest(id="orders", namespace="n", port=50002, metadata={"a": "b"})
    addresses = ["10.0.0.1:1", "[::1]:2"]

    assert nameresolution.resolve_request(nameresolution.resolve_request_pb(request)) == request
    assert nameresolution.resolve_response(nameresolution.resolve_response_pb(addresses)) == addresses


@pytest.mark.parametrize(
    "instance",
    [
        Instance(id="orders", host="h", port=1),
        Instance(id="o", host="::1", port=65535, namespace="n", http_port=3, app_port=4, metadata={"a": "b"}),
    ],
)
def test_instance_comes_back(instance: Instance) -> None:
    for ttl_seconds in (None, 60):
        message = nameresolution.register_request_pb(instance, ttl_seconds)
        assert nameresolution.register_request(message) == (instance, ttl_seconds)

    assert nameresolution.deregister_request(nameresolution.deregister_request_pb(instance)) == instance


CALL = ToolCall(id="1", name="get_weather", arguments='{"city": "Oslo"}')


@pytest.mark.parametrize(
    "request_",
    [
        ConverseRequest(messages=[]),
        ConverseRequest(
            messages=[
                *(Message(role=role, parts=[Text("a"), Text("")], name="n") for role in Role),
                Message(role=Role.ASSISTANT, parts=[CALL]),
                Message(role=Role.TOOL, parts=[ToolResult(call_id="1", name="t", content="{}")]),
            ],
            tools=(
                Tool(name="t", description="d", parameters={"type": "object", "minProperties": 1}),
                Tool(name="plain"),
            ),
            tool_choice="auto",
            temperature=0.0,
            response_format={"enum": [1, 2.5, 2**60, None, "ü"]},
            context_id="",
            max_tokens=0,
            prompt_cache_seconds=0.25,
            parameters={"top_k": 3, "stop": ["a"]},
            metadata={"a": "b"},
        ),
    ],
)
def test_what_a_model_is_asked_comes_back(request_: ConverseRequest) -> None:
    message = conversation_pb2.ConverseRequest.FromString(
        conversation.converse_request_pb(request_).SerializeToString()
    )

    assert conversation.converse_request(message) == request_


@pytest.mark.parametrize(
    "response",
    [
        ConverseResponse(outputs=[]),
        ConverseResponse(
            outputs=[
                Output(
                    choices=[Choice(content="a", tool_calls=(CALL,)), Choice(finish_reason="length")],
                    model="m",
                    usage=Usage(
                        prompt_tokens=1,
                        completion_tokens=2,
                        total_tokens=3,
                        cached_prompt_tokens=4,
                        audio_prompt_tokens=5,
                        reasoning_tokens=6,
                        audio_completion_tokens=7,
                        accepted_prediction_tokens=8,
                        rejected_prediction_tokens=9,
                    ),
                ),
                Output(choices=[]),
            ],
            context_id="",
        ),
    ],
)
def test_what_a_model_answers_comes_back(response: ConverseResponse) -> None:
    assert conversation.converse_response(conversation.converse_response_pb(response)) == response


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        (
            conversation_pb2.ConverseRequest(messages=[conversation_pb2.Message()]),
            "has the role 0; known are developer, system, user, assistant, tool",
        ),
        (conversation_pb2.ConverseRequest(response_format="{"), "the response format is not JSON"),
        (conversation_pb2.ConverseRequest(response_format="[1]"), "the response format is no JSON object"),
        (
            conversation_pb2.ConverseRequest(
                tools=[conversation_pb2.Tool(name="t", parameters="[" * 99_999)]
            ),
            "the parameters of tool t is not JSON",
        ),
        (conversation_pb2.ConverseRequest(parameters={"top_k": "x"}), "parameter top_k is not JSON"),
    ],
)
def test_what_makes_no_sense_is_explained(message: conversation_pb2.ConverseRequest, fault: str) -> None:
    with pytest.raises(InvalidRequestError, match=fault):
        conversation.converse_request(message)


def test_part_of_a_later_release_is_left_out() -> None:
    message = conversation_pb2.Message(role=conversation_pb2.ROLE_USER, parts=[conversation_pb2.Part()])
    request = conversation.converse_request(conversation_pb2.ConverseRequest(messages=[message]))

    assert request.messages == [Message(role=Role.USER, parts=[])]


def test_parts_of_a_message_are_told_apart() -> None:
    result = ToolResult(call_id="1", name="t", content="c")
    message = Message(role=Role.TOOL, parts=[Text("a"), CALL, Text("b"), result])

    assert (message.text, message.tool_calls, message.tool_results) == ("a\nb", [CALL], [result])
