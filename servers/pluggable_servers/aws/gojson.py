"""JSON as Go's encoder writes it, which daprd's components answer with."""

from __future__ import annotations

import json
from typing import Any, Final

#: Go's encoder lets none of these through.
_ESCAPED: Final = str.maketrans(
    {"<": r"\u003c", ">": r"\u003e", "&": r"\u0026", "\u2028": r"\u2028", "\u2029": r"\u2029"}
)


def go_json(value: Any, *, sort: bool = False) -> str:
    """Return the JSON text; ``sort`` puts the keys in order, as Go does with those of a map."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=sort)
    # They stand inside of texts only, so that they can be replaced in the whole.
    return text.translate(_ESCAPED)
