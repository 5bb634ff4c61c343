"""Mail that a real server gets: aiosmtpd."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pluggable import Metadata
from pluggable.bindings import InvokeRequest
from pluggable.errors import (
    DeniedError,
    InvalidRequestError,
    MetadataError,
    UnavailableError,
    UnsupportedError,
)
from pluggable_servers.smtp import binding as connecting
from pluggable_servers.smtp.binding import SMTPBinding
from pluggable_servers.smtp.settings import Settings
from tests.backends.certificates import Authority
from tests.backends.smtp import PASSWORD, USER, MailServer, known

MAIL = {"emailFrom": "Shop <shop@example.com>", "emailTo": "ann@example.com", "subject": "Your order"}


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer().running() as found:
        yield found


@asynccontextmanager
async def opened(server: MailServer, **properties: str) -> AsyncIterator[SMTPBinding]:
    """A binding at this server."""
    found = SMTPBinding()
    given = {"host": "127.0.0.1", "port": str(server.port), **MAIL, **properties}
    await found.init(Metadata({name: value for name, value in given.items() if value}))
    yield found
    await found.close()


async def send(binding: SMTPBinding, data: bytes = b"<p>Hi</p>", /, **metadata: str) -> None:
    response = await binding.invoke(InvokeRequest(operation="create", data=data, metadata=metadata))
    assert response.data is None


async def test_mail_arrives(server: MailServer) -> None:
    async with opened(
        server, emailTo="ann@example.com; Bob B. <bob@example.com>;", emailCC="c@x.org"
    ) as smtp:
        await send(smtp, "<p>Grüße &c.</p>".encode())

    [mail] = server.mails
    assert mail.sender == "shop@example.com"
    assert mail.recipients == ["ann@example.com", "bob@example.com", "c@x.org"]
    message = mail.message
    assert message["From"] == "Shop <shop@example.com>"
    assert message["To"] == 'ann@example.com, "Bob B." <bob@example.com>'
    assert (message["Cc"], message["Subject"]) == ("c@x.org", "Your order")
    assert (message["X-priority"], message["Bcc"]) == ("3", None)
    assert message["Date"] is not None
    assert (message.get_content_type(), message.get_content_charset()) == ("text/html", "utf-8")
    assert mail.text == "<p>Grüße &c.</p>"


async def test_hidden_recipients_get_it_and_are_not_named(server: MailServer) -> None:
    async with opened(server, emailBCC="secret@example.com;ann@example.com") as smtp:
        await send(smtp)

    assert server.mails[0].recipients == ["ann@example.com", "secret@example.com"]
    assert b"secret@example.com" not in server.mails[0].content


async def test_what_a_request_says_does_not_stick(server: MailServer) -> None:
    other = {
        "emailFrom": "other@example.com",
        "emailTo": "x@example.com",
        "emailCC": "y@example.com",
        "emailBCC": "z@example.com",
        "subject": "Other",
        "priority": "1",
    }
    async with opened(server) as smtp:
        await send(smtp, **other)
        await send(smtp)
        await send(smtp, emailTo="")

    first, *rest = server.mails
    assert (first.sender, first.message["Subject"]) == ("other@example.com", "Other")
    assert first.recipients == ["x@example.com", "y@example.com", "z@example.com"]
    assert first.message["X-priority"] == "1"
    for mail in rest:
        assert (mail.sender, mail.recipients) == ("shop@example.com", ["ann@example.com"])
        assert (mail.message["Subject"], mail.message["X-priority"]) == ("Your order", "3")
        assert mail.message["Cc"] is None


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b'"a\\n\\u003cb\\u003e \\"c\\""', 'a\n<b> "c"'),
        (b'"open', '"open'),
        (b'"a" and "b"', '"a" and "b"'),
        (b"", ""),
    ],
)
async def test_json_string_is_what_it_says(server: MailServer, data: bytes, text: str) -> None:
    async with opened(server) as smtp:
        await send(smtp, data)

    assert server.mails[0].text == text


async def test_subject_and_names_beyond_ascii_arrive(server: MailServer) -> None:
    async with opened(server, subject="Grüße", emailTo="Zoë <zoe@example.com>") as smtp:
        await send(smtp)

    assert server.mails[0].content.isascii()
    assert server.mails[0].message["Subject"] == "Grüße"
    assert server.mails[0].message["To"] == "Zoë <zoe@example.com>"


async def test_addresses_beyond_ascii_need_a_server_that_takes_them(server: MailServer) -> None:
    async with opened(server, emailTo="zoë@example.com") as smtp:
        with pytest.raises(UnsupportedError, match="offers no SMTPUTF8"):
            await send(smtp)
    with MailServer().running(enable_SMTPUTF8=True) as modern:
        async with opened(modern, emailTo="zoë@example.com") as smtp:
            await send(smtp)
        assert modern.mails[0].recipients == ["zoë@example.com"]


@pytest.mark.parametrize("name", list(MAIL))
async def test_what_is_missing_is_told(server: MailServer, name: str) -> None:
    async with opened(server, **{name: ""}) as smtp:
        with pytest.raises(InvalidRequestError, match=f"{name} is neither in the component's YAML"):
            await send(smtp)
        await send(smtp, **{name: MAIL[name]})


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({"emailTo": "ann"}, 'emailTo holds "ann", wanted an address'),
        ({"emailTo": "a@x.org\r\nBcc: b@x.org"}, "emailTo holds"),
        ({"emailCC": "a@x.org;b"}, 'emailCC holds "b"'),
        ({"emailFrom": "a@x.org;b@x.org"}, "wanted one address"),
        ({"subject": "a\r\nBcc: b@x.org"}, "the mail cannot be written"),
        ({"priority": "6"}, 'priority is "6", wanted a number from 1'),
        ({"priority": "high"}, 'priority is "high"'),
    ],
)
async def test_faulty_request_is_refused(server: MailServer, metadata: dict[str, str], said: str) -> None:
    async with opened(server) as smtp:
        with pytest.raises(InvalidRequestError, match=said):
            await send(smtp, **metadata)

    assert server.mails == []


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({"user": "shop"}, "of user and password one is missing"),
        ({"password": "secret-word"}, "of user and password one is missing"),
        ({"priority": "0"}, 'priority is "0"'),
        ({"port": "70000"}, "port is 70000"),
        ({"host": ""}, "host"),
    ],
)
async def test_faulty_settings_are_refused(server: MailServer, properties: dict[str, str], said: str) -> None:
    with pytest.raises(MetadataError, match=said) as caught:
        async with opened(server, **properties):
            pass

    assert "secret-word" not in str(caught.value)


async def test_one_refused_recipient_stops_the_mail(server: MailServer) -> None:
    server.refused["bob@example.com"] = "550 no such user"

    async with opened(server, emailTo="ann@example.com;bob@example.com") as smtp:
        with pytest.raises(InvalidRequestError, match="refuses the mail: 550 no such user"):
            await send(smtp)
        assert server.mails == []
        await send(smtp, emailTo="ann@example.com")

    assert len(server.mails) == 1


async def test_mail_that_is_not_taken_is_no_success(server: MailServer) -> None:
    async with opened(server) as smtp:
        server.verdict = "452 disk is full"
        with pytest.raises(UnavailableError, match="452 disk is full"):
            await send(smtp)
        server.verdict = "554 looks like spam"
        with pytest.raises(InvalidRequestError, match="554 looks like spam"):
            await send(smtp)


async def test_server_that_comes_back_is_used_again() -> None:
    server = MailServer()
    with server.running():
        async with opened(server) as smtp:
            await send(smtp)
    with pytest.raises(UnavailableError, match=f"mail server 127.0.0.1:{server.port} cannot be reached"):
        await send(smtp)
    with server.running():
        await send(smtp)

    assert len(server.mails) == 2


async def test_user_authenticates_by_starttls(tmp_path: Path) -> None:
    tls = Authority().signs("127.0.0.1").served(tmp_path)
    with MailServer().running(tls=tls, authenticator=known, auth_required=True) as server:
        async with opened(server, user=USER, password=PASSWORD, skipTLSVerify="true") as smtp:
            await send(smtp)
        async with opened(server, user=USER, password="wr0ng-word", skipTLSVerify="true") as smtp:
            with pytest.raises(DeniedError, match="refuses the user: 535") as caught:
                await send(smtp)
        async with opened(server, user=USER, password=PASSWORD) as smtp:
            with pytest.raises(UnavailableError, match="certificate verify failed"):
                await send(smtp)

    assert [mail.encrypted for mail in server.mails] == [True]
    assert "wr0ng-word" not in str(caught.value)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
async def test_user_authenticates_by_what_is_offered(mechanism: str) -> None:
    other = {"PLAIN": "LOGIN", "LOGIN": "PLAIN"}[mechanism]
    with MailServer().running(
        authenticator=known, auth_required=True, auth_require_tls=False, auth_exclude_mechanism=[other]
    ) as server:
        async with opened(server, user=USER, password=PASSWORD) as smtp:
            await send(smtp)

    assert len(server.mails) == 1


async def test_password_is_not_sent_where_others_could_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "_LOCAL", frozenset[str]())
    with MailServer().running(authenticator=known, auth_require_tls=False) as server:
        async with opened(server, user=USER, password=PASSWORD) as smtp:
            with pytest.raises(DeniedError, match="offers no TLS, without which the password is not sent"):
                await send(smtp)

    assert server.mails == []


async def test_tls_begins_with_the_connection_at_its_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = Authority().signs("127.0.0.1").served(tmp_path)
    with MailServer().running(tls=tls, implicit=True) as server:
        monkeypatch.setattr(connecting, "TLS_PORT", server.port)
        async with opened(server, skipTLSVerify="true") as smtp:
            await send(smtp)
        async with opened(server) as smtp:
            with pytest.raises(UnavailableError, match="certificate verify failed"):
                await send(smtp)

    assert len(server.mails) == 1


def test_password_is_not_shown() -> None:
    settings = Metadata({"host": "x", "user": "u", "password": PASSWORD}).parse(Settings)

    assert PASSWORD not in repr(settings)
