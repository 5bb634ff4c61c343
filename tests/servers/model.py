"""A server on a real socket that speaks as OpenAI's API does, with no model behind it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

from tests.web import listening

USAGE = {
    "prompt_tokens": 9,
    "completion_tokens": 12,
    "total_tokens": 21,
    "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 1},
    "completion_tokens_details": {
        "reasoning_tokens": 3,
        "audio_tokens": 2,
        "accepted_prediction_tokens": 5,
        "rejected_prediction_tokens": 6,
    },
}


@dataclass(slots=True)
class Model:
    """
    Says what it was told last, and calls each tool that it is offered if the last to speak is a user.

    ``answer`` and ``status`` say something else instead, while they are set.
    """

    url: str = ""
    answer: str | None = None
    status: int = 200
    asked: list[Any] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def serving(cls) -> AsyncIterator[Self]:
        """A model at an address."""
        model = cls()
        application = web.Application()
        application.router.add_post("/{path:.*}", model.complete)
        async with listening(application) as port:
            model.url = f"http://127.0.0.1:{port}/v1"
            yield model

    async def complete(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.asked.append(body)
        self.paths.append(request.path_qs)
        self.headers.append(dict(request.headers))
        answer = json.dumps(completion(body)) if self.answer is None else self.answer
        return web.Response(status=self.status, text=answer, content_type="application/json")


def completion(body: Mapping[str, Any]) -> dict[str, Any]:
    """What is answered to a question."""
    last = body["messages"][-1]
    message: dict[str, Any] = {"role": "assistant", "content": last["content"], "refusal": None}
    reason = "stop"
    if last["role"] == "user" and body.get("tools"):
        reason, message["content"] = "tool_calls", None
        message["tool_calls"] = [
            {
                "id": f"call_{number}",
                "type": "function",
                "function": {"name": tool["function"]["name"], "arguments": '{"city":"Oslo"}'},
            }
            for number, tool in enumerate(body["tools"])
        ]
    choice = {"index": 0, "message": message, "finish_reason": reason}
    return {
        "object": "chat.completion",
        "model": body["model"],
        "choices": [choice],
        "usage": USAGE,
    }
