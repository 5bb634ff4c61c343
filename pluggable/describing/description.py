"""What there is to tell of a component, from its class, its settings and what it says of itself."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Final

from .._properties import Property, properties_of
from ..about import About, Authentication
from ..bindings import InputBinding, OutputBinding
from ..component import Component, features_of
from ..state import StateStore

#: Features that contrib has another word for; the others are theirs in camel case.
_CAPABILITIES: Final = {"QUERY_API": "query", "MESSAGE_TTL": "ttl"}
#: A state store with these can hold actors.
_ACTORS: Final = {"ETAG", "TRANSACTIONAL"}
#: Values for a property that has neither an example nor a default, by its kind.
_EXAMPLES: Final = {"number": "10", "bool": "true", "duration": "30s", "bytesize": "4Mi"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """One component type, as its users have to know it."""

    type: str
    """As in YAML, such as ``state.redis``."""
    version: str
    title: str
    summary: str
    """A paragraph, maybe empty."""
    status: str
    url: str
    capabilities: tuple[str, ...]
    """In contrib's words."""
    properties: tuple[Property, ...] | None
    """What may stand under ``spec.metadata``; ``None`` if the class does not say."""
    authentication: tuple[Authentication, ...]
    input: bool
    """It is a binding that delivers events."""
    output: bool
    """It is a binding that takes calls."""
    operations: tuple[tuple[str, str], ...]
    """Of an output binding, each with a sentence, maybe empty."""

    @property
    def block(self) -> str:
        """The part of the type before the first dot."""
        return self.type.partition(".")[0]

    @property
    def name(self) -> str:
        """The part of the type after the first dot."""
        return self.type.partition(".")[2]


def describe(type_: str, component: type[Component]) -> Description:
    """
    Return what there is to tell of a component class that serves a type, such as ``state.redis`` or
    ``state.redis/v2``.

    Raises:
        TypeError: its settings are no dataclass, or its authentication names none of them.
    """
    name, _, version = type_.partition("/")
    about = component.about
    properties = _properties(component)
    operations = getattr(component, "operations", ()) if issubclass(component, OutputBinding) else ()
    return Description(
        type=name,
        version=version or "v1",
        title=about.title or name.partition(".")[2],
        summary=about.description or _first_paragraph(component),
        status=about.status,
        url=about.url,
        capabilities=_capabilities(component),
        properties=properties,
        authentication=_authentication(about, properties or (), component),
        input=issubclass(component, InputBinding),
        output=issubclass(component, OutputBinding),
        operations=tuple((each, about.operations.get(each, "")) for each in operations),
    )


def example_of(each: Property) -> str:
    """Return a value that the property could have; what nobody can guess is its name in brackets."""
    if text := each.example or each.default:
        return text
    return each.choices[0] if each.choices else _EXAMPLES.get(each.kind, f"<{each.name}>")


def sentences_on(each: Property) -> str:
    """Return the property's description, and its other names."""
    also = f"Also read as {', '.join(each.aliases)}." if each.aliases else ""
    return " ".join(filter(None, (_one_line(each.description), also)))


def _properties(component: type[Component]) -> tuple[Property, ...] | None:
    if component.about.settings is not None:
        return properties_of(component.about.settings)
    return None if component.about is Component.about else ()


def _capabilities(component: type[Component]) -> tuple[str, ...]:
    features = features_of(component)
    words = [_CAPABILITIES.get(feature) or _camel(feature) for feature in features]
    if issubclass(component, StateStore):
        words = ["crud", *words, *(["actorStateStore"] if set(features) >= _ACTORS else [])]
    return tuple(words)


def _authentication(
    about: About, properties: tuple[Property, ...], component: type[Component]
) -> tuple[Authentication, ...]:
    known = {each.name for each in properties}
    for profile in about.authentication:
        if unknown := sorted(set(profile.properties) - known):
            raise TypeError(
                f'{component.__qualname__}.about: authentication "{profile.title}" names '
                f"{', '.join(unknown)}, wanted some of its settings: {', '.join(sorted(known)) or 'none'}"
            )
    return about.authentication


def _first_paragraph(component: type[Component]) -> str:
    """Return what the class's own docstring begins with, as Markdown would have it."""
    written = inspect.cleandoc(vars(component).get("__doc__") or "")
    return _one_line(written.partition("\n\n")[0]).replace("``", "`")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _camel(feature: str) -> str:
    first, *others = feature.lower().split("_")
    return first + "".join(other.capitalize() for other in others)
