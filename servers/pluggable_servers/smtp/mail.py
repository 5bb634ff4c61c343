"""One mail: the properties of the YAML, or the request's instead, and the data as its text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, getaddresses

from pluggable.errors import InvalidRequestError

from .settings import Settings, priority_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What is sent, and the addresses that it goes to."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes

    @property
    def plain(self) -> bool:
        """Whether any server can take its addresses."""
        return all(address.isascii() for address in (self.sender, *self.recipients))


def mail_of(settings: Settings, metadata: Mapping[str, str], data: bytes) -> Mail:
    """
    Return the mail that a request asks for.

    Raises:
        InvalidRequestError: something is missing, or is not what it should be.
    """

    def told(name: str, otherwise: str) -> str:
        return metadata.get(name) or otherwise

    sender = _one(told("emailFrom", settings.email_from))
    to = _several("emailTo", told("emailTo", settings.email_to))
    copied = _several("emailCC", told("emailCC", settings.email_cc))
    hidden = _several("emailBCC", told("emailBCC", settings.email_bcc))
    subject = told("subject", settings.subject)
    for name, value in (("emailFrom", sender), ("emailTo", to), ("subject", subject)):
        if not value:
            raise InvalidRequestError(
                f"{name} is neither in the component's YAML nor in the request's metadata"
            )
    try:
        headers = {
            "From": sender,
            "To": ", ".join(to),
            "Cc": ", ".join(copied),
            "Subject": subject,
            "Date": formatdate(),
            "X-priority": str(priority_in(told("priority", settings.priority))),
        }
        content = _content(headers, _text(data))
    except ValueError as error:
        raise InvalidRequestError(f"the mail cannot be written: {error}") from error
    reached = dict.fromkeys(address for _, address in getaddresses([*to, *copied, *hidden]))
    return Mail(sender=getaddresses([sender])[0][1], recipients=tuple(reached), content=content)


def _content(headers: Mapping[str, str], text: str) -> bytes:
    """Return the mail as it goes over the wire."""
    # What stands in headers beyond ASCII is encoded, but for addresses, which are left as they are.
    message = EmailMessage(policy=SMTP.clone(utf8=not _encodable(headers)))
    for name, value in headers.items():
        if value:
            message[name] = value
    message.set_content(text, subtype="html", cte="quoted-printable")
    return message.as_bytes()


def _encodable(headers: Mapping[str, str]) -> bool:
    addresses = getaddresses([headers["From"], headers["To"], headers["Cc"]])
    return all(address.isascii() for _, address in addresses)


def _one(text: str) -> str:
    """Return the sender; an empty one is none."""
    found = _several("emailFrom", text)
    if len(found) > 1:
        raise InvalidRequestError(f'emailFrom is "{text}", wanted one address')
    return found[0] if found else ""


def _several(name: str, text: str) -> tuple[str, ...]:
    """Return the addresses between the semicolons."""
    found = tuple(part.strip() for part in text.split(";") if part.strip())
    for each in found:
        parsed = getaddresses([each])
        if len(parsed) != 1 or "@" not in parsed[0][1].strip("@") or any(c in each for c in "\r\n"):
            raise InvalidRequestError(
                f'{name} holds "{each}", wanted an address such as Ann <ann@example.com>'
            )
    return found


def _text(data: bytes) -> str:
    """Return the text of the mail; what came over HTTP as a JSON string is what that says."""
    text = data.decode()
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            return str(json.loads(text))
        except ValueError:
            return text
    return text
