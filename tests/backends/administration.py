"""
A double of Service Bus's administration: a real HTTPS server, which a proxy puts at a namespace's address.

Written from Microsoft's reference of the REST API (``rest/api/servicebus``: entries of Atom, a feed without
any for what is not there), and from what both clients take. What it answers has not been compared to Azure.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self
from urllib.parse import parse_qs, quote_plus, unquote, urlsplit
from xml.etree import ElementTree

from .certificates import Authority
from .http import HTTPDouble, Reply, Request
from .proxy import proxy

HOST: Final = "orders.servicebus.windows.net"
POLICY: Final = "manager"
KEY: Final = "a2V5IG9mIHRoZSBhZG1pbmlzdHJhdGlvbg=="
_ATOM: Final = "http://www.w3.org/2005/Atom"
_KINDS: Final = ("QueueDescription", "TopicDescription", "SubscriptionDescription")


class Administration(HTTPDouble):
    """The entities of one namespace by their paths, each with what it was made with."""

    def __init__(self, folder: Path) -> None:
        authority = Authority()
        super().__init__(authority.signs("*.servicebus.windows.net").served(folder))
        self._trusted = folder / "administration.pem"
        self._trusted.write_text(authority.pem)
        self.proxy = ""
        self.entities: dict[str, ElementTree.Element] = {}
        self._news = threading.Condition()
        #: What somebody else makes between a question and an answer.
        self.raced: set[str] = set()
        #: Whether the policy has the right Manage.
        self.manages = True

    @contextmanager
    def running(self) -> Iterator[Self]:
        with HTTPDouble.running(self), proxy(self.port) as self.proxy:
            yield self

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a process that believes this to be Azure."""
        return {"HTTPS_PROXY": self.proxy, "NO_PROXY": "", "SSL_CERT_FILE": str(self._trusted)}

    def connection_string(self, key: str = KEY) -> str:
        """Return what clients connect with; nobody speaks AMQP there."""
        return f"Endpoint=sb://{HOST}/;SharedAccessKeyName={POLICY};SharedAccessKey={key}"

    def wait_for(self, paths: Collection[str], seconds: float) -> None:
        """Wait until these entities are there."""
        with self._news:
            assert self._news.wait_for(lambda: self.entities.keys() >= set(paths), seconds), self.entities

    def made(self) -> dict[str, dict[str, str]]:
        """Return what is there by path, with what was said of it."""
        return {
            path: {
                child.tag.partition("}")[2]: child.text or ""
                for child in description
                if child.text or len(child)
            }
            for path, description in self.entities.items()
        }

    def answer(self, request: Request) -> Reply:
        path = path_of(request)
        if request.headers["host"].partition(":")[0] != HOST or not path:
            return _failed(404, "Nobody is called so.")
        if not _signed(request.headers.get("authorization", "")):
            return _failed(401, "InvalidSignature: The token has an invalid signature.")
        if not self.manages:
            return _failed(401, "Manage,EntityRead claims required for this operation.")
        if request.method == "PUT":
            return self._put(path, request.body)
        if path in self.entities:
            return _told(200, path, self.entities[path])
        if path in self.raced:
            self.entities[path] = ElementTree.Element("QueueDescription")
        feed = f'<feed xmlns="{_ATOM}"><title type="text">Publicly Listed Services</title></feed>'
        return Reply(body=feed, headers={"Content-Type": "application/atom+xml;type=feed;charset=utf-8"})

    def _put(self, path: str, body: bytes) -> Reply:
        if path in self.entities:
            return _failed(409, "SubCode=40900. Conflict.")
        topic, within, _ = path.partition("/subscriptions/")
        if within and topic not in self.entities:
            return _failed(404, "The topic is not there.")
        content = ElementTree.fromstring(body).find(f"{{{_ATOM}}}content")
        if content is None or len(content) != 1 or content[0].tag.partition("}")[2] not in _KINDS:
            return _failed(400, "The body is no entry.")
        with self._news:
            self.entities[path] = content[0]
            self._news.notify_all()
        return _told(201, path, content[0])


def path_of(request: Request) -> str:
    """Return the entity that a request is about; its words count in any case."""
    return unquote(urlsplit(request.path).path).strip("/").replace("/Subscriptions/", "/subscriptions/")


def _signed(authorization: str) -> bool:
    """Whether a token of shared access is signed with the key."""
    scheme, _, fields = authorization.partition(" ")
    told = {name: values[0] for name, values in parse_qs(fields).items()}
    if scheme != "SharedAccessSignature" or told.get("skn") != POLICY:
        return False
    text = f"{quote_plus(told['sr'])}\n{told['se']}".encode()
    digests = {
        base64.b64encode(hmac.digest(KEY.encode(), each, hashlib.sha256)).decode()
        for each in (
            text,
            text.replace(quote_plus(told["sr"]).encode(), quote_plus(told["sr"]).lower().encode()),
        )
    }
    return told["sig"] in digests


def _told(status: int, path: str, description: ElementTree.Element) -> Reply:
    entry = ElementTree.Element(f"{{{_ATOM}}}entry")
    ElementTree.SubElement(entry, f"{{{_ATOM}}}id").text = f"https://{HOST}/{path}"
    ElementTree.SubElement(entry, f"{{{_ATOM}}}title", type="text").text = path.rpartition("/")[2]
    content = ElementTree.SubElement(entry, f"{{{_ATOM}}}content", type="application/xml")
    content.append(description)
    headers = {"Content-Type": "application/atom+xml;type=entry;charset=utf-8"}
    return Reply(status=status, body=ElementTree.tostring(entry, encoding="unicode"), headers=headers)


def _failed(status: int, detail: str) -> Reply:
    body = f"<Error><Code>{status}</Code><Detail>{detail}</Detail></Error>"
    return Reply(status=status, body=body, headers={"Content-Type": "application/xml; charset=utf-8"})
