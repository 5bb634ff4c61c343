"""
A Component's YAML, ready to be used once the required values are right.

What is optional is commented out by a ``#`` alone: who takes it away has YAML. Prose follows ``# ``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final

from .._properties import Property
from .description import Description, example_of, sentences_on
from .yamltext import Node, lines

#: What ``dapr init`` and every tutorial call a component of the block.
_NAMES: Final = {"state": "statestore", "pubsub": "pubsub", "secretstores": "secretstore"}
_WIDTH: Final = 100


def text(description: Description) -> str:
    """Return the YAML's text."""
    return "\n".join(_lines(description)) + "\n"


def _lines(description: Description) -> Iterator[str]:
    properties = description.properties or ()
    yield from _prose(description.summary)
    yield from _prose(description.url)
    yield "apiVersion: dapr.io/v1alpha1"
    yield "kind: Component"
    yield "metadata:"
    yield f"  name: {_NAMES.get(description.block) or description.name.replace('.', '-')}"
    yield "spec:"
    yield from (f"  {line}" for line in lines({"type": description.type, "version": description.version}))
    if properties:
        yield "  metadata:"
    for each in properties:
        yield from (f"  {line}" for line in _property(each))
    if secrets := [each for each in properties if each.secret]:
        yield from _prose(
            "The component that has the secrets; Kubernetes' own are meant where it is left out."
        )
        needed = any(each.required for each in secrets)
        yield from _commented(lines({"auth": {"secretStore": "secretstore"}}), needed)


def _property(each: Property) -> Iterator[str]:
    """Yield the lines of one property, with what is to be known of it."""
    choices = f"One of {', '.join(each.choices)}." if each.choices else ""
    yield from _prose(" ".join(filter(None, (sentences_on(each), choices))))
    value: dict[str, Node] = (
        {"secretKeyRef": {"name": each.name, "key": each.name}}
        if each.secret
        else {"value": each.default or example_of(each)}
    )
    yield from _commented(lines([{"name": each.name, **value}]), each.required)


def _commented(written: Iterator[str], needed: bool) -> Iterator[str]:
    return (line if needed else f"#{line}" for line in written)


def _prose(said: str) -> Iterator[str]:
    return (f"# {line}" for line in textwrap.wrap(said, _WIDTH, break_long_words=False))
