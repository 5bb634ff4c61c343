"""What an envelope is made of, whichever way it goes."""

from __future__ import annotations

import json
from json.encoder import encode_basestring
from typing import Final

from ..gotext import no_constant

CLOUD_EVENT_TYPE: Final = "application/cloudevents+json"
DEFAULT_CONTENT_TYPE: Final = "text/plain"
DEFAULT_SOURCE: Final = "Dapr"
DEFAULT_TYPE: Final = "com.dapr.event.sent"
SPEC_VERSION: Final = "1.0"

#: Numbers stay text: nothing is lost, and no length of digits is refused.
scan: Final = json.JSONDecoder(parse_constant=no_constant, parse_int=str, parse_float=str)


def media_type(content_type: str) -> str:
    """Return a content type without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def text_of(data: bytes) -> str:
    """Return bytes as the text they should be; what is no UTF-8 in them is replaced."""
    return data.decode("utf-8", "replace")


def quoted(text: str) -> str:
    """Return a text as JSON has it."""
    return encode_basestring(text)
