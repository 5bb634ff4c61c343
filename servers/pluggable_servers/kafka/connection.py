"""What both clients, the one that publishes and the one that consumes, are told of the cluster."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiokafka import errors as of
from aiokafka.conn import create_conn

from pluggable.errors import InitError

from ..trust import objection, show, trusting
from .errors import FAILURES
from .records import Format
from .settings import KafkaSettings

_LOOK_SECONDS: Final = 3.0
#: Options of a client that none of its connections has.
_OF_THE_CLUSTER: Final = ("bootstrap_servers", "metadata_max_age_ms")
#: By what aiokafka knows the mechanisms; whatever else is set is PLAIN.
_MECHANISMS: Final = {"SHA-256": "SCRAM-SHA-256", "SHA-512": "SCRAM-SHA-512"}


def address_of(settings: KafkaSettings) -> str:
    """Return the brokers as they stand in messages."""
    return ",".join(settings.brokers)


def format_of(settings: KafkaSettings) -> Format:
    """Return how the settings have metadata and headers mapped."""
    pattern = settings.exclude_header_meta_regex
    return Format(excluded=re.compile(pattern) if pattern else None, escaped=settings.escape_headers)


async def client_options(settings: KafkaSettings) -> dict[str, Any]:
    """
    Return the options of any client of aiokafka.

    Raises:
        InitError: the certificates or the key are no such.
    """
    refresh = settings.client_connection_topic_metadata_refresh_interval
    options: dict[str, Any] = {
        "bootstrap_servers": list(settings.brokers),
        "metadata_max_age_ms": max(1, int(refresh.total_seconds() * 1000)),
        "request_timeout_ms": max(1, int(settings.read_timeout.total_seconds() * 1000)),
    }
    if settings.client_id:
        options["client_id"] = settings.client_id
    protocol = "SSL" if settings.tls else "PLAINTEXT"
    if settings.tls:
        options["ssl_context"] = await asyncio.to_thread(_tls, settings)
    if settings.authentication == "password":
        protocol = f"SASL_{protocol}"
        options |= {
            "sasl_mechanism": _MECHANISMS.get(settings.sasl_mechanism, "PLAIN"),
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": settings.sasl_password,
        }
    return {**options, "security_protocol": protocol}


async def trouble_with(brokers: Sequence[str], options: Mapping[str, Any]) -> str:
    """Return why the first broker that cannot be used cannot, which the client logs and does not raise."""
    alone = {name: value for name, value in options.items() if name not in _OF_THE_CLUSTER}
    for broker in brokers:
        host, _, port = broker.rpartition(":")
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                connection = await create_conn(host.strip("[]"), int(port), **alone)
        except (*FAILURES, ValueError) as error:
            return f"{broker}: {str(error) or type(error).__name__}{await _hung_up(broker, error, alone)}"
        connection.close()
    return ""


async def _hung_up(broker: str, error: Exception, options: Mapping[str, Any]) -> str:
    """Return what there is to add to an error: why a broker hung up on a client that speaks TLS."""
    context = options.get("ssl_context")
    if context is None or type(error) is not of.KafkaConnectionError:
        return ""
    host, _, port = broker.rpartition(":")
    why = await objection(host.strip("[]"), int(port), context)
    return f"; {why}" if why else ""


def _tls(settings: KafkaSettings) -> ssl.SSLContext:
    try:
        context = trusting(settings.ca_cert or None, verifies=not settings.skip_verify)
    except ValueError as error:
        raise InitError(f"caCert is {error}") from error
    if settings.client_cert:
        try:
            show(context, settings.client_cert, settings.client_key)
        except ssl.SSLError as error:
            raise InitError(f"clientCert and clientKey are no certificate and its key: {error}") from error
    return context
