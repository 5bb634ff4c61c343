"""What is asked for beside messages: to take a token for who one is, and to renew locks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import urllib.parse
import uuid
from typing import Any, Final

from proton import UNDESCRIBED, Array, Data, Message, int32, timestamp

from . import POLICY
from .entities import Namespace

_RENEW: Final = "com.microsoft:renew-lock"


def token_answer(request: Message, key: str) -> Message:
    """Answer the claims-based handshake: the token has to be signed with our key."""
    good = _signed(str(request.body), key)
    return _answer(
        request,
        {
            "status-code": int32(202 if good else 401),
            "status-description": "Accepted"
            if good
            else "InvalidSignature: The token has an invalid signature.",
        },
    )


def management_answer(request: Message, namespace: Namespace) -> Message:
    """Answer what an entity's management was asked for."""
    asked: Any = request.properties or {}
    operation = asked.get("operation")
    if operation != _RENEW:
        return _answer(request, {"statusCode": int32(501), "statusDescription": f"no {operation} here"})
    renewed = [namespace.renew(tag_of(token)) for token in _tokens(request)]
    if None in renewed:
        properties = {
            "statusCode": int32(410),
            "errorCondition": "com.microsoft:message-lock-lost",
            "statusDescription": "The lock supplied is invalid.",
        }
        return _answer(request, properties)
    times = [timestamp(int(until * 1000)) for until in renewed if until is not None]
    described: Any = UNDESCRIBED
    kind: Any = Data.TIMESTAMP
    body = {"expirations": Array(described, kind, *times)}
    return _answer(request, {"statusCode": int32(200), "statusDescription": "OK"}, body)


def tag_of(token: uuid.UUID) -> str:
    """Return the tag of the delivery with this lock token."""
    return token.bytes_le.decode()


def _tokens(request: Message) -> list[uuid.UUID]:
    body: Any = request.body
    tokens = body["lock-tokens"]
    return list(tokens.elements if isinstance(tokens, Array) else tokens)


def _answer(request: Message, properties: dict[str, Any], body: Any = None) -> Message:
    return Message(address=request.reply_to, correlation_id=request.id, properties=properties, body=body)


def _signed(token: str, key: str) -> bool:
    kind, _, rest = token.partition(" ")
    fields = dict(part.partition("=")[::2] for part in rest.split("&"))
    if kind != "SharedAccessSignature" or not {"sr", "se", "sig", "skn"} <= fields.keys():
        return False
    signed = f"{fields['sr']}\n{fields['se']}".encode()
    wanted = base64.b64encode(hmac.digest(key.encode(), signed, hashlib.sha256)).decode()
    return fields["skn"] == POLICY and urllib.parse.unquote(fields["sig"]) == wanted
