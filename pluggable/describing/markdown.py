"""A section of a README: what the component is, and its settings as a table."""

from __future__ import annotations

from collections.abc import Iterator

from .._properties import Property
from .description import Description, sentences_on


def text(description: Description) -> str:
    """Return the section, whose heading is of the second level."""
    return "\n".join(_lines(description)) + "\n"


def _lines(description: Description) -> Iterator[str]:
    version = "" if description.version == "v1" else f"/{description.version}"
    yield f"## `{description.type}{version}`"
    yield ""
    if description.summary:
        yield description.summary
    if description.url:
        yield f"[Reference]({description.url})"
    if description.summary or description.url:
        yield ""
    if description.properties is None:
        yield "Its class does not say what its settings are."
    elif not description.properties:
        yield "It has no settings."
    else:
        yield "| setting | type | default | |"
        yield "|---|---|---|---|"
        yield from map(_row, description.properties)


def _row(each: Property) -> str:
    kind = " or ".join(map(_code, each.choices)) or each.kind
    default = _code(each.default) if each.default is not None else "required" if each.required else ""
    said = " ".join(filter(None, (sentences_on(each), "Secret." if each.secret else "")))
    if each.example:
        said = f"{said} For example {_code(each.example)}.".lstrip()
    return f"| {_code(each.name)} | {kind} | {default} | {_cell(said)} |"


def _code(value: str) -> str:
    """Return a value as code; a run of backquotes in it needs a longer one around it."""
    fence = "`"
    while fence in value:
        fence += "`"
    room = " " if len(fence) > 1 else ""
    return _cell(f"{fence}{room}{value}{room}{fence}")


def _cell(said: str) -> str:
    """Return a text that ends neither its cell nor its row."""
    return said.replace("\\|", "|").replace("|", "\\|").replace("\n", " ")
