"""
A message on its way: what SNS is given to publish, and what SQS has of it.

SNS carries text alone. What is no text goes as base64, with an attribute that says so; daprd, whose component
knows no such thing, delivers the base64.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any, Final

#: The attribute, and its value, of a message that is base64 for want of text.
ATTRIBUTE: Final = "Content-Transfer-Encoding"
_BASE64: Final = "base64"
#: What is none of SNS: no topic, no data.
_NONE: Final = ("", b"")


def packed(data: bytes) -> dict[str, Any]:
    """Return what SNS is given to publish."""
    try:
        return {"Message": data.decode()}
    except UnicodeDecodeError:
        attribute = {"DataType": "String", "StringValue": _BASE64}
        return {"Message": base64.b64encode(data).decode(), "MessageAttributes": {ATTRIBUTE: attribute}}


def unpacked(body: str) -> tuple[str, bytes]:
    """Return the name of the topic that a message came from, and its data; no name if it is none of SNS."""
    try:
        found = json.loads(body)
        arn, text = found["TopicArn"], found["Message"]
    except (ValueError, TypeError, KeyError):
        return _NONE
    if not isinstance(arn, str) or not isinstance(text, str):
        return _NONE
    name = arn.rpartition(":")[2]
    if not _is_base64(found.get("MessageAttributes")):
        return name, text.encode()
    try:
        return name, base64.b64decode(text, validate=True)
    except binascii.Error:  # Somebody else's attribute.
        return name, text.encode()


def _is_base64(attributes: Any) -> bool:
    match attributes:
        case {"Content-Transfer-Encoding": {"Value": str(value)}}:
            return value == _BASE64
    return False
