"""
Personal data in texts, blanked out before a model sees it, or before an application does.

What counts, and the words that stand for it, are as with daprd (aavaz-ai/pii-scrubber); what is part of a
link is left alone, as there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv6Address
from typing import Final

#: Looked at in one go; an expression keeps all other threads waiting.
_PIECE: Final = 8 * 1024
_OCTET: Final = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_WAYS: Final = (
    "street|st|avenue|ave|road|rd|highway|hwy|square|sq|trail|trl|drive|dr|court|ct|park|parkway|pkwy"
    "|circle|cir|boulevard|blvd"
)
#: What is looked for at each place, the first that fits counts. No expression goes over a text twice.
_FORMS: Final = {
    "LINK": r"(?:https?|ssh|git)://[^\s<>()]++|git@[\w.-]++:\S++",
    "EMAIL_ADDRESS": r"(?<![\w!#$%&'*+/=?^`{|}~.-])[\w!#$%&'*+/=?^`{|}~.-]++@[a-z\d-]++(?:\.[a-z\d-]++)++",
    "IP": rf"(?<![\d.])(?:{_OCTET}\.){{3}}{_OCTET}(?!\d|\.\d)",
    "MAC_ADDRESS": r"(?<![\w:-])(?:[a-f\d]{2}[:-]){5}[a-f\d]{2}(?![\w:-])",
    "IPV6": r"(?<![\w:.])(?:[a-f\d]{1,4})?:[a-f\d:]{1,39}(?:[\d.]{0,15}\d)?(?![\w])",
    "US_SSN": r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])",
    "CREDIT_CARD": r"(?<!\d)(?:(?:\d{4}[- ]?){3}\d{4}|\d{4}[- ]?\d{6}[- ]?\d{5})(?!\d)",
    "IBAN": r"(?<!\w)[a-z]{2}\d{2}(?:[ ]?[a-z\d]{4}){2,7}(?:[ ]?[a-z\d]{1,3})?(?!\w)",
    "ISBN": r"(?<!\w)(?:isbn[-: ]{0,3}(?:1[03][: ]{1,2})?)?97[89](?:[- ]?\d){9}[- ]?[\dx](?!\w)"
    r"|(?<!\w)isbn[-: ]{0,3}(?:10[: ]{1,2})?(?:\d[- ]?){9}[\dx](?!\w)",
    "STREET_ADDRESS": rf"(?<!\d)\d{{1,5}}(?: [\w.]{{1,20}}){{1,4}}? (?:{_WAYS})\b\.?",
    "PO_BOX": r"(?<!\w)p\.? ?o\.? ?box \d+",
    "DATE": r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)",
    "LONG_ZIP": r"(?<![\w-])\d{5}-\d{4}(?![\w-])",
    "PHONE_NUMBER": r"(?<![\w+])(?:\+|00)?\(?\d(?:[ ().*-]{0,2}\d){6,14}(?!\d)",
    "ZIP_CODE": r"(?<![\w-])\d{5}(?![\w-])",
}
_SEARCHED: Final = re.compile("|".join(f"(?P<{name}>{form})" for name, form in _FORMS.items()), re.IGNORECASE)
_KEPT: Final = frozenset({"LINK", "DATE"})
_WORDS: Final = {"LONG_ZIP": "ZIP_CODE", "IPV6": "IP"}


def scrubbed(text: str) -> str:
    """Return the text with a word such as ``<EMAIL_ADDRESS>`` for each piece of personal data in it."""
    return "".join(_SEARCHED.sub(_word, piece) for piece in _pieces(text))


def _word(found: re.Match[str]) -> str:
    kind, text = str(found.lastgroup), found.group()
    if kind in _KEPT or (kind == "IPV6" and not _is_ipv6(text)):
        return text
    return f"<{_WORDS.get(kind, kind)}>"


def _is_ipv6(text: str) -> bool:
    try:
        return IPv6Address(text) != IPv6Address("::")
    except AddressValueError:
        return False


def _pieces(text: str) -> Iterator[str]:
    """Yield the text in pieces, cut at the end of a line where there is one, else between words."""
    at = 0
    while len(text) - at > _PIECE:
        end = at + _PIECE
        cut = text.rfind("\n", at, end) + 1 or text.rfind(" ", at, end) + 1 or end
        yield text[at:cut]
        at = cut
    yield text[at:]
