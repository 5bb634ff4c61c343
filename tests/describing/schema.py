"""
The rules of contrib's ``component-metadata-schema.json``, and those its bundler has beside it, as sentences.

Source: components-contrib, ``.build-tools/pkg/metadataschema``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

BLOCKS: Final = {
    *("bindings", "state", "secretstores", "pubsub", "workflows", "configuration", "lock", "middleware"),
    *("crypto", "nameresolution", "conversation", "binarystore"),
}
KINDS: Final = {"string", "number", "bool", "duration", "bytesize"}
STATUSES: Final = {"stable", "beta", "alpha", "development-only"}

Rules = tuple[dict[str, type], dict[str, type]]

#: Keys with their types, those that must be there first.
COMPONENT: Rules = (
    {
        "schemaVersion": str,
        "type": str,
        "name": str,
        "version": str,
        "status": str,
        "title": str,
        "urls": list,
    },
    {
        "description": str,
        "binding": dict,
        "capabilities": list,
        "authenticationProfiles": list,
        "metadata": list,
    },
)
PROPERTY: Rules = (
    {"name": str, "description": str, "example": str},
    {"required": bool, "sensitive": bool, "type": str, "default": str, "allowedValues": list, "url": dict},
)
PROFILE: Rules = ({"title": str, "description": str}, {"metadata": list})
BINDING: Rules = ({"operations": list}, {"input": bool, "output": bool})
PAIR: Rules = ({"name": str, "description": str}, {})
URL: Rules = ({"title": str, "url": str}, {})


def faults(document: Any) -> list[str]:
    """Return what a document breaks."""
    return list(_component(document))


def _component(found: Any) -> Iterator[str]:
    yield from _keys("component", found, COMPONENT)
    if found.get("schemaVersion") != "v1":
        yield "schemaVersion is not v1"
    if found.get("type") not in BLOCKS:
        yield f"type {found.get('type')} is unknown"
    if found.get("status") not in STATUSES:
        yield f"status {found.get('status')} is unknown"
    if ("binding" in found) != (found.get("type") == "bindings"):
        yield "binding is for bindings, and needed there"
    for url in found.get("urls") or ():
        yield from _keys("url", url, URL)
    if "binding" in found:
        yield from _binding(found["binding"])
    if not all(isinstance(word, str) for word in found.get("capabilities", ())):
        yield "a capability is no text"
    for profile in found.get("authenticationProfiles", ()):
        yield from _keys("profile", profile, PROFILE)
        for each in profile["metadata"]:
            yield from _property(each)
    for each in found.get("metadata", ()):
        yield from _property(each)


def _binding(found: Any) -> Iterator[str]:
    yield from _keys("binding", found, BINDING)
    for operation in found.get("operations", ()):
        yield from _keys("operation", operation, PAIR)
    if not found.get("input") and not found.get("output"):
        yield "a binding without a direction"
    if found.get("operations") and not found.get("output"):
        yield "operations of an input binding"


def _property(found: Any) -> Iterator[str]:
    name = f"property {found.get('name')}"
    yield from _keys(name, found, PROPERTY)
    if found.get("type", "string") not in KINDS:
        yield f"{name} has the type {found['type']}"
    allowed = found.get("allowedValues", ())
    if not all(isinstance(value, str) for value in allowed):
        yield f"{name} allows what is no text"
    if allowed and found.get("default", allowed[0]) not in allowed:
        yield f"{name} has a default that is not allowed"


def _keys(what: str, found: Any, rules: Rules) -> Iterator[str]:
    needed, allowed = rules
    if not isinstance(found, dict):
        yield f"{what} is no mapping"
        return
    for key in needed.keys() - found.keys():
        yield f"{what} lacks {key}"
    for key, value in found.items():
        kind = (needed | allowed).get(key)
        if kind is None:
            yield f"{what} has {key}, which is not in the schema"
        elif type(value) is not kind:
            yield f"{what}: {key} is {value!r}, wanted {kind.__name__}"
