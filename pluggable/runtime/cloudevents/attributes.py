"""What an envelope is made of, whichever way it goes."""

from __future__ import annotations

import json
import re
from json.encoder import encode_basestring
from typing import Final

from ..gotext import no_constant

CLOUD_EVENT_TYPE: Final = "application/cloudevents+json"
DEFAULT_CONTENT_TYPE: Final = "text/plain"
DEFAULT_SOURCE: Final = "Dapr"
DEFAULT_TYPE: Final = "com.dapr.event.sent"
SPEC_VERSION: Final = "1.0"

#: The trace of a message whose publisher had none.
NO_TRACE: Final = "00-00000000000000000000000000000000-0000000000000000-00"
#: Whether a text is where a trace stands, as W3C writes it; later versions may go on after that.
is_trace_parent: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}[ -~]*").fullmatch

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
