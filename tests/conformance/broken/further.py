"""Name resolvers and language models that break one rule each, by the check that finds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pluggable.conversation import Choice, ConverseRequest, ConverseResponse, Role, ToolCall, Usage
from pluggable.errors import InvalidRequestError, NotFoundError
from pluggable.nameresolution import Instance, ResolveRequest
from tests.conformance.broken.serving import Broken
from tests.conformance.honest import Book, Desk, Echo, place


class ForgetsThePort(Book):
    async def resolve(self, request: ResolveRequest) -> Sequence[str]:
        return [address.rpartition(":")[0] for address in await super().resolve(request)]


class KnowsEverybody(Book):
    async def resolve(self, request: ResolveRequest) -> Sequence[str]:
        return ["127.0.0.1:50002"]


class TellsTheApplicationsPort(Desk):
    async def register(self, instance: Instance, *, ttl_seconds: int | None = None) -> None:
        await super().register(replace(instance, port=8080), ttl_seconds=ttl_seconds)


class ListsTwice(Desk):
    async def resolve(self, request: ResolveRequest) -> Sequence[str]:
        return [*await super().resolve(request)] * 2


class LetsNobodyLeave(Desk):
    async def deregister(self, instance: Instance) -> None: ...


class MissesWhoLeaves(Desk):
    async def deregister(self, instance: Instance) -> None:
        if place(instance) not in self.here:
            raise NotFoundError(f"{instance.id} is not listed")


class ListsForEver(Desk):
    async def register(self, instance: Instance, *, ttl_seconds: int | None = None) -> None:
        await super().register(instance)


NAMERESOLUTION: dict[str, Broken] = {
    "known-application-is-resolved": Broken(ForgetsThePort),
    "missing-application-is-not-found": Broken(KnowsEverybody),
    "registered-instance-is-resolved": Broken(TellsTheApplicationsPort),
    "instance-that-registers-again-is-listed-once": Broken(ListsTwice),
    "deregistered-instance-is-gone": Broken(LetsNobodyLeave),
    "leaving-unlisted-is-no-error": Broken(MissesWhoLeaves),
    "instance-is-gone-after-its-time": Broken(ListsForEver),
}


class Changed(Echo):
    """Changes the only choice of an answer."""

    def change(self, choice: Choice) -> Choice:
        return choice

    async def converse(self, request: ConverseRequest) -> ConverseResponse:
        response = await super().converse(request)
        output = response.outputs[0]
        return replace(response, outputs=[replace(output, choices=[self.change(output.choices[0])])])


class SaysNothing(Changed):
    def change(self, choice: Choice) -> Choice:
        return replace(choice, content="")


class StopsInItsOwnWords(Changed):
    def change(self, choice: Choice) -> Choice:
        return replace(choice, finish_reason="FINISH_REASON_STOP")


class CallsWhatItLikes(Changed):
    def change(self, choice: Choice) -> Choice:
        return replace(choice, tool_calls=[ToolCall(id="1", name="format_disk")])


class CallsWithoutAnId(Changed):
    def change(self, choice: Choice) -> Choice:
        return replace(choice, tool_calls=[replace(call, id="") for call in choice.tool_calls])


class KnowsTwoRoles(Echo):
    async def converse(self, request: ConverseRequest) -> ConverseResponse:
        if any(message.role not in (Role.USER, Role.ASSISTANT) for message in request.messages):
            raise InvalidRequestError("a message is neither by the user nor by the assistant")
        return await super().converse(request)


class CountsOneSide(Echo):
    async def converse(self, request: ConverseRequest) -> ConverseResponse:
        response = await super().converse(request)
        usage = Usage(prompt_tokens=3, completion_tokens=4, total_tokens=4)
        return replace(response, outputs=[replace(response.outputs[0], usage=usage)])


CONVERSATION: dict[str, Broken] = {
    "message-is-answered": Broken(SaysNothing),
    "finish-reason-is-a-word-of-dapr": Broken(StopsInItsOwnWords),
    "no-tool-is-called-unoffered": Broken(CallsWhatItLikes),
    "every-role-is-taken": Broken(KnowsTwoRoles),
    "result-of-a-call-is-taken": Broken(KnowsTwoRoles),
    "called-tool-was-offered": Broken(CallsWithoutAnId),
    "usage-adds-up": Broken(CountsOneSide),
}
