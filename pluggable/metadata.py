"""What a component's YAML says under ``spec.metadata``, and how it becomes a frozen dataclass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from types import MappingProxyType
from typing import Any, Final, TypeVar, get_type_hints, overload

from ._quantity import parse_quantity as parse_quantity
from ._settings import Reader, parse_bool as parse_bool, parse_duration as parse_duration, reader_of
from .errors import MetadataError

T = TypeVar("T")


class _Nothing(Mapping[str, str]):
    """An empty mapping that may be a field's default: hashable, unlike 3.11's ``mappingproxy``."""

    __slots__ = ()

    def __getitem__(self, key: str) -> str:
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __hash__(self) -> int:
        return hash(_Nothing)

    def __repr__(self) -> str:
        return "{}"


#: No metadata at all; shared, since it cannot be changed.
NO_METADATA: Final[Mapping[str, str]] = _Nothing()

_KEY: Final = "pluggable.setting"


@dataclass(frozen=True, slots=True)
class Metadata:
    """
    The properties of one configured component, spelled and ordered as they came.

    ``name`` is the component's name in its YAML, empty where that is not known.
    """

    properties: Mapping[str, str] = field(default=NO_METADATA, repr=False)
    name: str = ""

    def get(self, name: str) -> str | None:
        """Return a property, its name in any case; ``None`` if it is not there."""
        wanted = name.lower()
        return next((value for key, value in self.properties.items() if key.lower() == wanted), None)

    def parse(self, cls: type[T]) -> T:
        """
        Return the properties as an object of this dataclass; those it has no field for are ignored.

        A field ``redis_host`` reads ``redisHost`` in any case. Types: str, int, float, bool, timedelta,
        tuple[str, ...], an Enum, a Literal, any of them ``| None``. A field without a default must be given.

        Raises:
            MetadataError: all that is wrong, at once; or the ValueError of the class's own ``__post_init__``.
        """
        if not is_dataclass(cls):
            raise TypeError(f"{cls.__qualname__} is not a dataclass; metadata is parsed into one")
        given, faults = _by_lower_name(self.properties)
        hints = get_type_hints(cls)
        values: dict[str, Any] = {}
        for each in fields(cls):
            if not each.init:
                continue
            setting = _setting_of(each, hints[each.name], cls)
            try:
                setting.read(given, values)
            except ValueError as error:
                faults.append(str(error))
        if faults:
            raise MetadataError(faults)
        try:
            return cls(**values)
        except ValueError as error:
            raise MetadataError([str(error)]) from error


@overload
def setting(
    *,
    default: T,
    name: str | None = None,
    aliases: tuple[str, ...] = (),
    secret: bool = False,
    description: str = "",
    unit: str = "s",
) -> T: ...
@overload
def setting(
    *,
    name: str | None = None,
    aliases: tuple[str, ...] = (),
    secret: bool = False,
    description: str = "",
    unit: str = "s",
) -> Any: ...
def setting(
    *,
    default: Any = MISSING,
    name: str | None = None,
    aliases: tuple[str, ...] = (),
    secret: bool = False,
    description: str = "",
    unit: str = "s",
) -> Any:
    """
    Say how a field of a dataclass is read from metadata; a field that is as usual needs none of this.

    ``aliases`` count where ``name`` is absent, the first found wins. A ``secret`` is shown neither in errors
    nor in ``repr``. ``unit``, ``s`` or ``ms``, is what a duration that is a bare integer counts.
    """
    options = {"name": name, "aliases": aliases, "secret": secret, "description": description, "unit": unit}
    return field(default=default, repr=not secret, metadata={_KEY: MappingProxyType(options)})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setting:
    """One field, with the names it is read by."""

    field: str
    names: tuple[str, ...]
    secret: bool
    required: bool
    reader: Reader

    def read(self, given: Mapping[str, str], values: dict[str, Any]) -> None:
        """Put the field's value among ``values``; nothing where its default holds."""
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
        for name in self.names:
            if (text := given.get(name.lower())) is not None:
                return name, text
        return self.names[0], None


def _setting_of(each: Field[Any], hint: Any, cls: type) -> _Setting:
    options: Mapping[str, Any] = each.metadata.get(_KEY, NO_METADATA)
    try:
        reader = reader_of(hint, unit=options.get("unit", "s"))
    except TypeError as error:
        raise TypeError(f"{cls.__qualname__}.{each.name}: {error}") from error
    return _Setting(
        field=each.name,
        names=(options.get("name") or _camel(each.name), *options.get("aliases", ())),
        secret=options.get("secret", False),
        required=each.default is MISSING and each.default_factory is MISSING,
        reader=reader,
    )


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def _by_lower_name(properties: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return the properties by their lower-case names, and a fault for each name given twice."""
    spelled: dict[str, str] = {}
    given: dict[str, str] = {}
    faults = []
    for name, value in properties.items():
        lower = name.lower()
        if lower in spelled:
            faults.append(
                f"{name} is given twice, first as {spelled[lower]}; names count in any case, keep one"
            )
        spelled.setdefault(lower, name)
        given.setdefault(lower, value)
    return given, faults
