"""Brokers over TLS: both ends show certificates, and who is not trusted is told so."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import nats
import pytest

from pluggable import InitError, PubSub
from pluggable.pubsub import PublishRequest
from pluggable_servers.kafka.pubsub import KafkaPubSub
from pluggable_servers.mqtt.pubsub import MQTTPubSub
from pluggable_servers.nats.pubsub import JetStreamPubSub
from pluggable_servers.rabbitmq.pubsub import RabbitPubSub
from tests.backends.certificates import Authority
from tests.backends.kafka import Kafka
from tests.backends.mosquitto import Mosquitto
from tests.backends.nats import NATS
from tests.backends.rabbitmq import RabbitMQ
from tests.ports import free_port
from tests.servers.running import Inbox, broker, subscribed

pytestmark = [pytest.mark.slow]

HOST: Final = "127.0.0.1"
#: So long a component may take to be refused, in seconds.
BOUND: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """An authority, and what it has signed for a server and for a client."""

    authority: Path
    chain: Path
    """The server's certificate, and its key behind it."""
    certificate: Path
    key: Path

    @property
    def client(self) -> dict[str, str]:
        """What the components take: whom they trust, and who they are."""
        return {
            "caCert": self.authority.read_text(),
            "clientCert": self.certificate.read_text(),
            "clientKey": self.key.read_text(),
        }


def signed(folder: Path) -> Files:
    authority = Authority()
    server, client = authority.signs(HOST), authority.signs("shop")
    texts = {
        "authority": authority.pem,
        "chain": server.certificate + server.key,
        "certificate": client.certificate,
        "key": client.key,
    }
    for name, text in texts.items():
        (folder / f"{name}.pem").write_text(text)
    return Files(**{name: folder / f"{name}.pem" for name in texts})


@contextmanager
def rabbitmq(files: Files) -> Iterator[dict[str, str]]:
    port = free_port()
    options = (
        f"listeners.ssl.1 = {HOST}:{port}",
        f"ssl_options.cacertfile = {files.authority}",
        f"ssl_options.certfile = {files.chain}",
        f"ssl_options.keyfile = {files.chain}",
        "ssl_options.verify = verify_peer",
        "ssl_options.fail_if_no_peer_cert = true",
    )
    with RabbitMQ.running(*options):
        yield {"connectionString": f"amqps://guest:guest@{HOST}:{port}", "consumerID": "shop", **files.client}


@contextmanager
def mqtt(files: Files) -> Iterator[dict[str, str]]:
    options = (
        "allow_anonymous true",
        f"cafile {files.authority}",
        f"certfile {files.chain}",
        f"keyfile {files.chain}",
        "require_certificate true",
    )
    with Mosquitto.running(*options) as server:
        yield {"url": f"mqtts://{HOST}:{server.port}", "consumerID": "shop", "qos": "1", **files.client}


@contextmanager
def jetstream(files: Files) -> Iterator[dict[str, str]]:
    secured = ("--tlsverify", "--tlscacert", str(files.authority))
    with NATS.running(*secured, "--tlscert", str(files.chain), "--tlskey", str(files.chain)) as server:
        url = f"tls://{HOST}:{server.port}"
        asyncio.run(made(url, files))
        yield {
            "natsURL": url,
            "tls_client_cert": str(files.certificate),
            "tls_client_key": str(files.key),
        }


async def made(url: str, files: Files) -> None:
    """Make a stream of all subjects."""
    context = ssl.create_default_context(cafile=files.authority)
    context.load_cert_chain(files.certificate, files.key)
    client = await nats.connect(url, tls=context)
    await client.jetstream().add_stream(name="all", subjects=["events"])
    await client.close()


class SecureKafka(Kafka):
    """Speaks TLS, to itself too."""

    def _listener(self) -> str:
        return "SSL"

    def answers(self) -> bool:
        return b"Kafka Server started" in self.log.read_bytes()


@contextmanager
def kafka(files: Files) -> Iterator[dict[str, str]]:
    options = (
        "listener.security.protocol.map=SSL:SSL,CONTROLLER:PLAINTEXT",
        "ssl.keystore.type=PEM",
        f"ssl.keystore.location={files.chain}",
        "ssl.truststore.type=PEM",
        f"ssl.truststore.location={files.authority}",
        "ssl.client.auth=required",
    )
    with SecureKafka.running(*options) as server:
        yield {"brokers": server.address, "authType": "mtls", "consumerGroup": "shop", **files.client}


Secured = Callable[[Files], AbstractContextManager[dict[str, str]]]
BROKERS: Final[dict[str, tuple[type[PubSub], Secured]]] = {
    "rabbitmq": (RabbitPubSub, rabbitmq),
    "mqtt": (MQTTPubSub, mqtt),
    "nats": (JetStreamPubSub, jetstream),
    "kafka": (KafkaPubSub, kafka),
}


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in BROKERS],
)
def secured(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[type[PubSub], dict[str, str], Files]]:
    """A component's class, its properties with certificates, and the files that these are from."""
    kind, serve = BROKERS[request.param]
    files = signed(tmp_path_factory.mktemp("tls"))
    with serve(files) as properties:
        yield kind, properties, files


async def test_both_ends_show_their_certificates(
    secured: tuple[type[PubSub], dict[str, str], Files], monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, properties, files = secured
    monkeypatch.setenv("SSL_CERT_FILE", str(files.authority))  # NATS' component trusts whom the system does
    inbox = Inbox()
    async with broker(kind, properties) as found, subscribed(found, "events", inbox):
        await found.publish(PublishRequest(topic="events", data=b"1"))
        assert await inbox.data(1) == [b"1"]


@pytest.mark.filterwarnings("ignore:unclosed <ssl:ResourceWarning")  # paho's, when the handshake fails
async def test_broker_of_another_authority_is_not_trusted(
    secured: tuple[type[PubSub], dict[str, str], Files], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, properties, _files = secured
    other = signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(other.authority))
    if "caCert" in properties:
        properties = {**properties, "caCert": other.authority.read_text()}

    with pytest.raises(InitError, match="certificate verify failed"):
        async with asyncio.timeout(BOUND), broker(kind, properties):
            pass


@pytest.mark.filterwarnings("ignore:unclosed <ssl:ResourceWarning")
async def test_client_without_certificate_is_told_so(
    secured: tuple[type[PubSub], dict[str, str], Files], monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, properties, files = secured
    monkeypatch.setenv("SSL_CERT_FILE", str(files.authority))
    own = {"clientCert", "clientKey", "tls_client_cert", "tls_client_key"}
    anonymous = {name: value for name, value in properties.items() if name not in own}
    if kind is KafkaPubSub:
        anonymous["authType"] = "certificate"

    # By the name that the broker's library has for it.
    with pytest.raises(InitError, match=f"{HOST}.* alert (certificate required|bad certificate)"):
        async with asyncio.timeout(BOUND), broker(kind, anonymous):
            pass


@pytest.mark.filterwarnings("ignore:unclosed <ssl:ResourceWarning")
async def test_client_of_another_authority_is_told_so(
    secured: tuple[type[PubSub], dict[str, str], Files], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, properties, files = secured
    monkeypatch.setenv("SSL_CERT_FILE", str(files.authority))
    other = signed(tmp_path)
    client = {**other.client, "tls_client_cert": str(other.certificate), "tls_client_key": str(other.key)}
    shown = {name: client[name] for name in client.keys() & properties.keys() - {"caCert"}}

    with pytest.raises(InitError, match=f"{HOST}.* alert (unknown ca|bad certificate|certificate unknown)"):
        async with asyncio.timeout(BOUND), broker(kind, {**properties, **shown}):
            pass
