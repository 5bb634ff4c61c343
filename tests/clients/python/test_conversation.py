"""Conversations, by Dapr's Python client."""

from __future__ import annotations

from tests.clients.python.speaking import Client, refused


async def test_first_form_of_a_conversation_is_answered(dapr: Client) -> None:
    from dapr.clients.grpc.conversation import ConversationInput

    answer = await dapr.call(
        "converse_alpha1",
        "echo",
        [ConversationInput("hello", role="user"), ConversationInput("again")],
        context_id="talk",
    )

    assert [each.result for each in answer.outputs] == ["hello\nagain"]
    assert answer.context_id == "talk"


async def test_personal_data_is_hidden(dapr: Client) -> None:
    from dapr.clients.grpc.conversation import ConversationInput

    told = [ConversationInput("mail me: someone@example.com", scrub_pii=True)]
    answer = await dapr.call("converse_alpha1", "echo", told)

    assert answer.outputs[0].result == "mail me: <EMAIL_ADDRESS>"


async def test_second_form_of_a_conversation_is_answered(dapr: Client) -> None:
    from dapr.clients.grpc.conversation import (
        ConversationInputAlpha2,
        create_system_message,
        create_user_message,
    )

    told = [ConversationInputAlpha2([create_system_message("be kind"), create_user_message("hello there")])]
    answer = await dapr.call("converse_alpha2", "echo", told, context_id="talk", temperature=0.5)

    choice = answer.outputs[0].choices[0]
    assert len(answer.outputs) == 1
    assert "hello there" in choice.message.content
    assert choice.finish_reason == "stop"
    assert answer.context_id == "talk"


async def test_tool_is_called(dapr: Client) -> None:
    from dapr.clients.grpc.conversation import (
        ConversationInputAlpha2,
        ConversationTools,
        ConversationToolsFunction,
        create_user_message,
    )

    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    tool = ConversationTools(
        function=ConversationToolsFunction(name="weather", description="Look.", parameters=schema)
    )
    told = [ConversationInputAlpha2([create_user_message("weather?")])]
    answer = await dapr.call("converse_alpha2", "echo", told, tools=[tool])

    choice = answer.outputs[0].choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.tool_calls[0].function.name == "weather"


async def test_unknown_component_is_an_error(dapr: Client) -> None:
    from dapr.clients.grpc.conversation import ConversationInput

    with refused("INVALID_ARGUMENT", "none"):
        await dapr.call("converse_alpha1", "none", [ConversationInput("hello")])
