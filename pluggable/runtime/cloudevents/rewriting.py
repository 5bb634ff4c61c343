"""An event whose attributes are changed while its data stays as it is spelled."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ..gotext import escaped
from .attributes import quoted, text_of
from .envelope import members_of


def rewritten(event: bytes, attributes: Mapping[str, str]) -> bytes:
    """
    Return the event with these attributes, those that it had under their names replaced.

    Raises:
        ValueError: it is no JSON object.
    """
    members = members_of(text_of(event))
    members |= {name: quoted(value) for name, value in attributes.items()}
    text = ",".join(f"{quoted(name)}:{members[name]}" for name in sorted(members))
    return escaped(f"{{{text}}}".encode("utf-8", "replace"))


def attribute(event: bytes, name: str) -> str:
    """
    Return the text of an attribute, empty if there is none.

    Raises:
        ValueError: the event is no JSON object.
    """
    spelled = members_of(text_of(event)).get(name, "")
    value = json.loads(spelled) if spelled.startswith('"') else ""
    return str(value)
