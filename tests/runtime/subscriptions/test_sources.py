from __future__ import annotations

from pluggable.runtime.resources import Changes, Resources, Subscription
from pluggable.runtime.subscriptions.sources import Sources
from tests.runtime.subscriptions.bus import to


def sources(*declared: Subscription) -> Sources:
    made = Sources()
    made.apply(Changes(added=Resources(subscriptions=declared)))
    return made


def names(made: Sources) -> list[tuple[str, str]]:
    return [(each.topic, each.name) for each in made.effective()]


def test_first_declared_wins() -> None:
    made = sources(to("a", name="one"), to("b", name="two"), to("a", name="three"))

    assert names(made) == [("a", "one"), ("b", "two")]


def test_last_asked_for_wins() -> None:
    made = sources()
    made.ask_for([to("a", name="one"), to("b", name="two"), to("a", name="three")])

    assert names(made) == [("a", "three"), ("b", "two")]


def test_asked_for_takes_the_place_of_declared() -> None:
    made = sources(to("a", name="declared"), to("b", name="declared"))
    made.ask_for([to("c", name="asked"), to("a", name="asked")])

    assert names(made) == [("a", "asked"), ("b", "declared"), ("c", "asked")]


def test_same_topic_on_another_broker_is_another() -> None:
    made = sources(to("a", name="one"), to("a", name="two", pubsub="other"))

    assert names(made) == [("a", "one"), ("a", "two")]


def test_removed_lets_the_next_one_in() -> None:
    made = sources(to("a", name="one"), to("a", name="two"))
    made.apply(Changes(removed=Resources(subscriptions=(to("a", name="one"),))))

    assert names(made) == [("a", "two")]


def test_changed_stands_behind_what_was_there() -> None:
    made = sources(to("a", name="one"), to("b", name="two"))
    made.apply(Changes(changed=Resources(subscriptions=(to("c", name="one"),))))

    assert names(made) == [("b", "two"), ("c", "one")]


def test_changed_of_a_shared_name_is_that_of_its_topic() -> None:
    made = sources(to("a", name="x"), to("b", name="x"))
    made.apply(Changes(changed=Resources(subscriptions=(to("b", name="x", dead_letter_topic="d"),))))

    assert [(each.topic, each.dead_letter_topic) for each in made.effective()] == [("a", ""), ("b", "d")]
