"""The TLS side of clients: whom they trust, and what they show of themselves."""

from __future__ import annotations

import asyncio
import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

#: How long a server may take to say that it does not trust us; one that does says nothing for so long.
_OBJECTING_SECONDS: Final = 1.0


def trusting(authorities: str | None = None, *, verifies: bool = True) -> ssl.SSLContext:
    """
    Return a context of TLS 1.2 and up that trusts these authorities, in PEM, and nobody else.

    Without authorities it trusts the system's; with ``verifies`` off, whoever answers.

    Raises:
        ValueError: the text holds no certificate.
    """
    context = ssl.create_default_context()
    if authorities is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            context.load_verify_locations(cadata=authorities)
        except (ssl.SSLError, ValueError) as error:  # also what is not ASCII
            raise ValueError("no certificate in PEM") from error
        # Go takes any of them for the end of the chain; so does Python from 3.13 on.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not verifies:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def show(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """
    Have a client show its certificate, in PEM; it goes by files for a moment, as OpenSSL reads no others.

    Raises:
        ssl.SSLError: they are no certificate and its key.
    """
    with tempfile.TemporaryDirectory() as folder:
        certificate_file, key_file = Path(folder, "cert.pem"), Path(folder, "key.pem")
        certificate_file.write_text(certificate)
        key_file.touch(mode=0o600)
        key_file.write_text(key)
        context.load_cert_chain(certificate_file, key_file)


async def objection(host: str, port: int, context: ssl.SSLContext, *, greets: bool = False) -> str:
    """
    Return why a server hangs up as soon as TLS is spoken, or an empty text if it does not say.

    From TLS 1.3 on (RFC 8446, 2) a client is told that its certificate will not do after the handshake, and
    who has written meanwhile finds the connection reset instead. So this one writes nothing. It is for a
    connection that has failed; with ``greets`` the server speaks first, a line before TLS.
    """
    try:
        async with asyncio.timeout(_OBJECTING_SECONDS):
            reader, writer = await asyncio.open_connection(host, port, ssl=None if greets else context)
            try:
                if greets:
                    await reader.readline()
                    await writer.start_tls(context, server_hostname=host)
                await reader.read(1)
            finally:
                writer.transport.abort()  # without TLS's farewell, which the server might keep waiting
                with suppress(OSError):
                    await writer.wait_closed()
    except ssl.SSLError as error:
        return str(error)
    except (OSError, ValueError):  # it is away, silent, or greets without end
        return ""
    return ""


def pem_in(path: Path) -> str:
    """
    Return the certificates in a file, or in all files of a folder and of the folders in it.

    Raises:
        OSError: one cannot be read.
        ValueError: there are none, or a file is no text.
    """
    found = [each.read_text(encoding="ascii") for each in _files(path)]
    if not found:
        raise ValueError("no files")
    return "\n".join(found)


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, inner, files in os.walk(path):
        # What Kubernetes mounts has each file as a link, and the versions themselves in folders like these.
        inner[:] = [name for name in inner if not name.startswith("..")]
        yield from (Path(folder, name) for name in sorted(files))
