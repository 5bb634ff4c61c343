"""What a component's YAML says under ``spec.metadata``, and how it becomes a frozen dataclass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field
from typing import Any, Final, TypeVar, overload

from ._duration import parse_duration as parse_duration
from ._properties import KEY, Options, properties_of
from ._quantity import Size as Size, parse_quantity as parse_quantity
from ._secrets import Secrets
from ._settings import parse_bool as parse_bool
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

        A field ``redis_host`` reads ``redisHost`` in any case. Types: str, int, float, bool, timedelta, Size,
        tuple[str, ...], an Enum, a Literal, any of them ``| None``. A field without a default must be given.

        Raises:
            MetadataError: all that is wrong, at once; or the ValueError of the class's own ``__post_init__``,
                without the secrets it may quote.
        """
        properties = properties_of(cls)
        given, faults = _by_lower_name(self.properties)
        values: dict[str, Any] = {}
        for each in properties:
            try:
                each.read(given, values)
            except ValueError as error:
                faults.append(str(error))
        if faults:
            raise MetadataError(faults)
        try:
            return cls(**values)
        except ValueError as error:
            said = str(error)
            shown = self.secrets(cls).hidden_in(said)
            # The traceback of the inner error would quote the secret.
            raise MetadataError([shown]) from (error if shown == said else None)

    def secrets(self, cls: type) -> Secrets:
        """Return the values of the dataclass's secret fields, to be hidden in what is logged or answered."""
        given, _ = _by_lower_name(self.properties)
        return Secrets.among(each.text(given) or "" for each in properties_of(cls) if each.secret)


@overload
def setting(
    *,
    default: T,
    name: str | None = None,
    aliases: tuple[str, ...] = (),
    secret: bool = False,
    description: str = "",
    example: str = "",
    unit: str = "s",
) -> T: ...
@overload
def setting(
    *,
    name: str | None = None,
    aliases: tuple[str, ...] = (),
    secret: bool = False,
    description: str = "",
    example: str = "",
    unit: str = "s",
) -> Any: ...
def setting(
    *,
    default: Any = MISSING,
    name: str | None = None,
    aliases: tuple[str, ...] = (),
    secret: bool = False,
    description: str = "",
    example: str = "",
    unit: str = "s",
) -> Any:
    """
    Say how a field of a dataclass is read from metadata; a field that is as usual needs none of this.

    ``aliases`` count where ``name`` is absent, the first found wins. A ``secret`` is shown neither in errors
    nor in ``repr``. ``unit``, ``s`` or ``ms``, is what a duration that is a bare integer counts.
    ``description``, a sentence, and ``example``, a value as in YAML, are for ``pluggable describe``.
    """
    options = Options(
        name=name, aliases=aliases, secret=secret, description=description, example=example, unit=unit
    )
    return field(default=default, repr=not secret, metadata={KEY: options})


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
