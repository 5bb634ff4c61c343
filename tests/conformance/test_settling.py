"""A broker whose subscriptions take their time passes, as soon as its headers say that they stand."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import pytest

from pluggable.conformance import Kit, Outcome, Profile
from pluggable.conformance.profile import SETTLE_SECONDS
from pluggable.delivery import Delivery
from pluggable.pubsub import Message, Topic
from pluggable.serving.endpoint import Endpoint
from pluggable_servers.memory.pubsub import InMemoryPubSub

CHECK: Final = "pubsub/end-of-a-stream-disturbs-no-other"
#: Far longer than anybody should wait.
LONG_SECONDS: Final = 300.0


class LateBroker(InMemoryPubSub):
    """Takes longer to subscribe than a kit waits if it is not told."""

    async def subscribe(self, topic: Topic, deliver: Delivery[Message]) -> None:
        await asyncio.sleep(3 * SETTLE_SECONDS)
        await super().subscribe(topic, deliver)


@pytest.mark.parametrize(
    ("settle_seconds", "outcome"), [(LONG_SECONDS, Outcome.PASSED), (SETTLE_SECONDS, Outcome.FAILED)]
)
async def test_late_subscription_is_waited_for_as_long_as_the_profile_says(
    settle_seconds: float, outcome: Outcome, socket_folder: Path
) -> None:
    path = socket_folder / "late.sock"
    profile = Profile(address=f"unix:{path}", wait_seconds=1, settle_seconds=settle_seconds)
    async with Endpoint("late", LateBroker, path), Kit(profile) as kit:
        check = next(check for check in kit.checks if check.id == CHECK)
        result = await kit.run(check)

    assert result.outcome is outcome
    assert ("settle_seconds" in result.text) == (outcome is Outcome.FAILED)
