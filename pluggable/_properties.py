"""What a field of a settings class says of the metadata property it is read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from typing import Any, Final, get_type_hints

from ._settings import Kind, Reader, reader_of

#: Where ``setting`` leaves what it was told.
KEY: Final = "pluggable.setting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What ``setting`` was told of a field; a field without it is as usual."""

    name: str | None = None
    aliases: tuple[str, ...] = ()
    secret: bool = False
    description: str = ""
    example: str = ""
    unit: str = "s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One property of ``spec.metadata``: how it is read, and what is to be known of it."""

    field: str
    name: str
    aliases: tuple[str, ...]
    """Names that count where ``name`` is absent, the first found wins."""
    secret: bool
    required: bool
    default: str | None
    """As it would be written; ``None`` where there is none, it is empty, or a secret."""
    description: str
    example: str
    """As its author gave it, which may be empty."""
    reader: Reader

    @property
    def kind(self) -> Kind:
        """The type, in the words of contrib's schema."""
        return self.reader.kind

    @property
    def choices(self) -> tuple[str, ...]:
        """All values it may have, if they are few."""
        return self.reader.choices

    def text(self, given: Mapping[str, str]) -> str | None:
        """Return what was given for it, names in lower case; ``None`` if nothing was."""
        return self._found(given)[1]

    def read(self, given: Mapping[str, str], values: dict[str, Any]) -> None:
        """
        Put the field's value among ``values``; nothing where its default holds.

        Raises:
            ValueError: it is missing, or is none of its type; the text shows no secret.
        """
        name, text = self._found(given)
        if text is None or (text == "" and (self.required or not self.reader.takes_empty)):
            if self.required:
                raise ValueError(f"{name} is missing; set it under spec.metadata")
            return
        try:
            values[self.field] = self.reader.parse(text)
        except ValueError as error:
            found = "a value that is not shown" if self.secret else f'"{text}"'
            # The inner error quotes the text, which may be a secret: its own words are enough.
            raise ValueError(f"{name} is {found}, wanted {self.reader.wanted}") from (
                None if self.secret else error
            )

    def _found(self, given: Mapping[str, str]) -> tuple[str, str | None]:
        for name in (self.name, *self.aliases):
            if (text := given.get(name.lower())) is not None:
                return name, text
        return self.name, None


def properties_of(cls: type) -> tuple[Property, ...]:
    """
    Return the properties that a dataclass is read from, in the order of its fields.

    Raises:
        TypeError: it is no dataclass, or metadata cannot be read into one of its fields.
    """
    if not is_dataclass(cls):
        raise TypeError(f"{cls.__qualname__} is not a dataclass; metadata is parsed into one")
    hints = get_type_hints(cls)
    return tuple(_property_of(each, hints[each.name], cls) for each in fields(cls) if each.init)


def _property_of(each: Field[Any], hint: Any, cls: type) -> Property:
    options: Options = each.metadata.get(KEY, Options())
    try:
        reader = reader_of(hint, unit=options.unit)
    except TypeError as error:
        raise TypeError(f"{cls.__qualname__}.{each.name}: {error}") from error
    return Property(
        field=each.name,
        name=options.name or _camel(each.name),
        aliases=options.aliases,
        secret=options.secret,
        required=each.default is MISSING and each.default_factory is MISSING,
        default=None if options.secret else _default_text(each, reader),
        description=options.description,
        example=options.example,
        reader=reader,
    )


def _default_text(each: Field[Any], reader: Reader) -> str | None:
    """Return the default as it would be written; nothing if it says nothing."""
    default = each.default
    if default is MISSING and each.default_factory is not MISSING:
        default = each.default_factory()
    if default is MISSING or default is None:
        return None
    return reader.write(default) or None


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)
