"""
What the YAML says about mail.

Source: components-contrib ``bindings/smtp``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pluggable.metadata import setting

#: Where TLS begins with the connection, and not by STARTTLS.
TLS_PORT: Final = 465
SUBMISSION_PORT: Final = 587
HIGHEST: Final = 1
LOWEST: Final = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The properties; those of the mail itself may be given by a request instead."""

    host: str = setting(description="The mail server.", example="smtp.example.com")
    port: int = setting(
        default=SUBMISSION_PORT,
        description="Its port; at 465 TLS begins with the connection, else if STARTTLS is offered.",
    )
    user: str = setting(default="", description="Who to authenticate as.", example="shop@example.com")
    password: str = setting(default="", secret=True, description="The user's password.")
    skip_tls_verify: bool = setting(
        default=False,
        name="skipTLSVerify",
        description="Takes any certificate of the server; for trying things out only.",
    )
    email_from: str = setting(default="", description="The sender.", example="Shop <shop@example.com>")
    email_to: str = setting(
        default="",
        description="The recipients, with semicolons between them.",
        example="ann@example.com;bob@example.com",
    )
    email_cc: str = setting(
        default="", name="emailCC", description="Those who get a copy, with semicolons between them."
    )
    email_bcc: str = setting(
        default="",
        name="emailBCC",
        description="Those who get a copy that nobody else sees, with semicolons between them.",
    )
    subject: str = setting(default="", description="The subject.", example="Your order")
    priority: str = setting(default="3", description="From 1, the highest, to 5, the lowest.", example="1")

    def __post_init__(self) -> None:
        faults = []
        if not self.host:
            faults.append("host is empty, wanted the mail server")
        if not 0 < self.port < 1 << 16:
            faults.append(f"port is {self.port}, wanted one from 1 to 65535")
        if bool(self.user) != bool(self.password):
            faults.append("of user and password one is missing")
        try:
            priority_in(self.priority)
        except ValueError as error:
            faults.append(str(error))
        if faults:
            raise ValueError("; ".join(faults))


def priority_in(text: str) -> int:
    """
    Return a mail's priority, 3 where there is none.

    Raises:
        ValueError: it is none.
    """
    try:
        priority = int(text or "3")
    except ValueError:
        priority = 0
    if not HIGHEST <= priority <= LOWEST:
        raise ValueError(f'priority is "{text}", wanted a number from 1, the highest, to 5, the lowest')
    return priority
