"""
``metadata.yaml`` as components-contrib has one beside each component.

Facts: components-contrib ``component-metadata-schema.json``. What it has no word for, the other names of a
property, is in the description.
"""

from __future__ import annotations

from typing import Final

from .._properties import Property
from .description import Description, example_of, sentences_on
from .yamltext import Node, lines

#: Editors that know YAML check the file against it.
SCHEMA: Final = (
    "https://raw.githubusercontent.com/dapr/components-contrib/main/component-metadata-schema.json"
)


def text(description: Description) -> str:
    """Return the file's text."""
    head = f"# yaml-language-server: $schema={SCHEMA}"
    return "\n".join([head, *lines(_component(description))]) + "\n"


def _component(description: Description) -> dict[str, Node]:
    of_profiles = {name for profile in description.authentication for name in profile.properties}
    properties = description.properties or ()
    by_name = {each.name: each for each in properties}
    found: dict[str, Node] = {
        "schemaVersion": "v1",
        "type": description.block,
        "name": description.name,
        "version": description.version,
        "status": description.status,
        "title": description.title,
    }
    if description.summary:
        found["description"] = description.summary
    found["urls"] = [{"title": "Reference", "url": description.url}] if description.url else []
    if description.input or description.output:
        found["binding"] = _binding(description)
    found["capabilities"] = description.capabilities
    if description.authentication:
        found["authenticationProfiles"] = [
            {
                "title": profile.title,
                "description": profile.description,
                "metadata": [_property(by_name[name]) for name in profile.properties],
            }
            for profile in description.authentication
        ]
    found["metadata"] = [_property(each) for each in properties if each.name not in of_profiles]
    return found


def _binding(description: Description) -> Node:
    return {
        "input": description.input,
        "output": description.output,
        "operations": [{"name": name, "description": said} for name, said in description.operations],
    }


def _property(each: Property) -> Node:
    found: dict[str, Node] = {
        "name": each.name,
        "type": each.kind,
        "required": each.required,
        "description": sentences_on(each),
        "example": example_of(each),
    }
    if each.secret:
        found["sensitive"] = True
    if each.default is not None:
        found["default"] = each.default
    if each.choices:
        found["allowedValues"] = each.choices
    return found
