"""A summary for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final

from .._properties import Property
from .description import Description, sentences_on

_WIDTH: Final = 100


def text(description: Description) -> str:
    """Return the summary."""
    return "\n".join(_lines(description)) + "\n"


def _lines(description: Description) -> Iterator[str]:
    yield f"{description.type}/{description.version}: {description.title} ({description.status})"
    yield from _wrapped(description.summary, "  ")
    if description.url:
        yield f"  {description.url}"
    if description.capabilities:
        yield f"  capabilities: {', '.join(description.capabilities)}"
    if description.input or description.output:
        ways = [word for word, has in (("input", description.input), ("output", description.output)) if has]
        yield f"  binding: {', '.join(ways)}"
    if description.operations:
        yield "  operations:"
    for name, said in description.operations:
        yield f"    {name}" + (f": {said}" if said else "")
    yield from _settings(description)


def _settings(description: Description) -> Iterator[str]:
    if description.properties is None:
        yield "  settings: not said; about = About(settings=…) in its class says which dataclass they are"
    elif not description.properties:
        yield "  settings: none"
    else:
        yield "  settings:"
        for each in description.properties:
            yield from _property(each)


def _property(each: Property) -> Iterator[str]:
    facts = [each.kind if not each.choices else " | ".join(each.choices)]
    if each.required:
        facts.append("required")
    if each.secret:
        facts.append("secret")
    if each.default is not None:
        facts.append(f"default {each.default}")
    yield f"    {each.name}  {', '.join(facts)}"
    example = f"For example {each.example}" if each.example else ""
    yield from _wrapped(" ".join(filter(None, (sentences_on(each), example))), "        ")


def _wrapped(said: str, indent: str) -> Iterator[str]:
    yield from textwrap.wrap(
        said,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
