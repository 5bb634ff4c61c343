"""What a profile says of the instances that the checks make."""

from __future__ import annotations

from pluggable.conformance import Profile


def test_placeholder_is_another_in_each_instance() -> None:
    profile = Profile(address="unix:/mine.sock", properties={"consumerID": "c-{uuid}", "url": "mqtt://here"})

    own, again, other = profile.metadata(), profile.metadata("conformance"), profile.metadata("second")

    assert own == again
    assert own.properties["url"] == other.properties["url"] == "mqtt://here"
    assert own.properties["consumerID"].startswith("c-")
    assert "{" not in own.properties["consumerID"]
    assert own.properties["consumerID"] != other.properties["consumerID"]
    assert other.name == "second"
