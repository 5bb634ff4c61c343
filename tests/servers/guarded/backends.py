"""Backends that ask for a secret before they let a component in."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

import nats
import redis
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.backends.certificates import Authority
from tests.backends.kafka import Kafka
from tests.backends.keyvault import APPLICATION, TENANT, KeyVault
from tests.backends.mariadb import PASSWORD, USER
from tests.backends.mosquitto import Mosquitto
from tests.backends.nats import NATS
from tests.backends.postgresql import program
from tests.backends.rabbitmq import RabbitMQ
from tests.backends.servicebus import ServiceBus
from tests.backends.smtp import MailServer
from tests.backends.vault import Vault
from tests.conformance.cases.case import Case, Surroundings
from tests.conformance.cases.kafka import OPERATIONS
from tests.programs import needed

from .canaries import RIGHT

IN_URL: Final = quote(RIGHT, safe="")

Guarded = Callable[[Case, Path], AbstractAsyncContextManager[Surroundings]]


@asynccontextmanager
async def as_it_is(case: Case, folder: Path, **secrets: str) -> AsyncIterator[Surroundings]:
    """A backend that does not care, or none; these settings come on top."""
    async with case.around(folder) as around:
        yield dataclasses.replace(around, properties={**around.properties, **secrets})


@asynccontextmanager
async def of_redis(case: Case, folder: Path) -> AsyncIterator[Surroundings]:
    async with as_it_is(case, folder, redisPassword=RIGHT) as around:
        port = int(around.properties["redisHost"].rpartition(":")[2])
        with redis.Redis(port=port) as client:
            client.config_set("requirepass", RIGHT)
        yield around


@asynccontextmanager
async def of_postgresql(case: Case, folder: Path) -> AsyncIterator[Surroundings]:
    async with case.around(folder) as around:
        url = around.properties["connectionString"]

        ask_for_password(url, RIGHT)
        guarded = url.replace("postgres@", f"shop:{IN_URL}@")
        yield dataclasses.replace(around, properties={**around.properties, "connectionString": guarded})


@asynccontextmanager
async def of_mysql(case: Case, folder: Path) -> AsyncIterator[Surroundings]:
    name = "url" if case.type.startswith("bindings.") else "connectionString"
    async with case.around(folder) as around:
        dsn = around.properties[name]
        port = dsn.partition("127.0.0.1:")[2].partition(")")[0]
        client = (needed("mariadb"), "--no-defaults", "-h", "127.0.0.1", "-P", port, "-u", USER)
        change = f"ALTER USER {USER}@'127.0.0.1' IDENTIFIED BY '{RIGHT}'"
        _run(*client, f"-p{PASSWORD}", "-e", change)
        guarded = dsn.replace(PASSWORD, RIGHT)
        yield dataclasses.replace(around, properties={**around.properties, name: guarded})


@asynccontextmanager
async def of_rabbitmq(case: Case, _folder: Path) -> AsyncIterator[Surroundings]:
    with RabbitMQ.running("default_user = shop", f"default_pass = {RIGHT}") as node:
        url = f"amqp://shop:{IN_URL}@127.0.0.1:{node.port}"
        if case.type.startswith("bindings."):
            yield Surroundings(
                properties={"host": url, "queueName": "queue1"}, operations={"create": {"data": "x"}}
            )
        else:
            yield Surroundings(properties={"connectionString": url, "consumerID": "conformance"})


@asynccontextmanager
async def of_mqtt(_case: Case, folder: Path) -> AsyncIterator[Surroundings]:
    passwords = folder / "passwords"
    _run(needed("mosquitto_passwd"), "-c", "-b", str(passwords), "shop", RIGHT)
    with Mosquitto.running("allow_anonymous false", f"password_file {passwords}") as broker:
        yield Surroundings(
            properties={
                "url": f"mqtt://shop:{IN_URL}@127.0.0.1:{broker.port}",
                "consumerID": "conformance-{uuid}",
                "topic": "events",
            },
            operations={"create": {"data": "{}"}},
        )


@asynccontextmanager
async def of_nats(_case: Case, _folder: Path) -> AsyncIterator[Surroundings]:
    with NATS.running("--user", "shop", "--pass", RIGHT) as server:
        client = await nats.connect(f"nats://127.0.0.1:{server.port}", user="shop", password=RIGHT)
        await client.jetstream().add_stream(name="conformance", subjects=["*"])
        await client.close()
        yield Surroundings(properties={"natsURL": f"nats://shop:{IN_URL}@127.0.0.1:{server.port}"})


class _Kafka(Kafka):
    """Lets in by user and password, itself too."""

    def _listener(self) -> str:
        return "SASL_PLAINTEXT"


@asynccontextmanager
async def of_kafka(_case: Case, _folder: Path) -> AsyncIterator[Surroundings]:
    module = "org.apache.kafka.common.security.plain.PlainLoginModule"
    users = f'username="shop" password="{RIGHT}" user_shop="{RIGHT}"'
    options = (
        "listener.security.protocol.map=SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
        "sasl.enabled.mechanisms=PLAIN",
        "sasl.mechanism.inter.broker.protocol=PLAIN",
        f"listener.name.sasl_plaintext.plain.sasl.jaas.config={module} required {users};",
    )
    with _Kafka.running(*options) as kafka:
        yield Surroundings(
            properties={
                "brokers": kafka.address,
                "authType": "password",
                "saslUsername": "shop",
                "saslPassword": RIGHT,
                "disableTls": "true",
                "consumerGroup": "conformance",
                "publishTopic": "conformance",
                "topics": "conformance",
            },
            operations=OPERATIONS,
        )


@asynccontextmanager
async def of_aws(case: Case, folder: Path) -> AsyncIterator[Surroundings]:
    """What stands in for AWS takes any keys."""
    keys = {"accessKey": RIGHT, "secretKey": RIGHT, "sessionToken": RIGHT}
    async with as_it_is(case, folder, **keys) as around:
        yield around


@asynccontextmanager
async def of_azure(case: Case, _folder: Path) -> AsyncIterator[Surroundings]:
    with ServiceBus.running("--key", RIGHT) as bus:
        yield Surroundings(
            properties={
                "connectionString": bus.connection_string(RIGHT),
                "disableEntityManagement": "true",
                "publishMaxRetries": "1",
                "queueName" if case.type.startswith("bindings.") else "consumerID": "conformance",
            },
            operations={"create": {"data": "x"}},
        )


@asynccontextmanager
async def of_keyvault(_case: Case, folder: Path) -> AsyncIterator[Surroundings]:
    with KeyVault(folder, secret=RIGHT).running() as azure:
        properties = {
            "vaultName": "conformance",
            "azureTenantId": TENANT,
            "azureClientId": APPLICATION,
            "azureClientSecret": RIGHT,
        }
        yield Surroundings(properties=properties, environment=azure.environment)


@asynccontextmanager
async def of_vault(_case: Case, _folder: Path) -> AsyncIterator[Surroundings]:
    vault = Vault()
    vault.tokens = {RIGHT}
    with vault.running():
        yield Surroundings(properties={"vaultAddr": vault.url, "vaultToken": RIGHT})


@asynccontextmanager
async def of_smtp(_case: Case, folder: Path) -> AsyncIterator[Surroundings]:
    tls = Authority().signs("127.0.0.1").served(folder)
    with MailServer().running(tls=tls, authenticator=_known, auth_required=True) as server:
        yield Surroundings(
            properties={
                "host": "127.0.0.1",
                "port": str(server.port),
                "user": "shop",
                "password": RIGHT,
                "skipTLSVerify": "true",
                "emailFrom": "shop@example.com",
                "emailTo": "ann@example.com",
                "subject": "Your order",
            },
            operations={"create": {"data": "<p>Sent.</p>"}},
        )


def _known(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: LoginPassword
) -> AuthResult:
    return AuthResult(success=given.password == RIGHT.encode(), handled=False)


@asynccontextmanager
async def of_http(case: Case, folder: Path) -> AsyncIterator[Surroundings]:
    async with as_it_is(case, folder, securityToken=RIGHT, securityTokenHeader="X-Token") as around:
        address = urlsplit(around.properties["url"])
        url = address._replace(netloc=f"shop:{IN_URL}@{address.netloc}", query=f"key={IN_URL}").geturl()
        yield dataclasses.replace(around, properties={**around.properties, "url": url})


@asynccontextmanager
async def of_openai(case: Case, folder: Path) -> AsyncIterator[Surroundings]:
    async with as_it_is(case, folder, key=RIGHT) as around:
        yield around


@asynccontextmanager
async def of_jwks(case: Case, folder: Path) -> AsyncIterator[Surroundings]:
    key = {"kty": "oct", "kid": "canary", "k": RIGHT.encode().hex()}
    async with as_it_is(case, folder, jwks=json.dumps({"keys": [key]})) as around:
        yield around


def ask_for_password(url: str, password: str) -> None:
    """Have a PostgreSQL ask its user shop for a password."""
    client = (program("psql"), url, "-X", "-A", "-t", "-q", "-c")
    _run(*client, f"CREATE ROLE shop SUPERUSER LOGIN PASSWORD '{password}'")
    rules = Path(_run(*client, "SHOW hba_file"))
    rules.write_text(f"host all shop 127.0.0.1/32 scram-sha-256\n{rules.read_text()}")
    _run(*client, "SELECT pg_reload_conf()")


def _run(*words: str) -> str:
    """Return what a command prints."""
    return subprocess.run(words, check=True, capture_output=True, text=True, timeout=60).stdout.strip()
