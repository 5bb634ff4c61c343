"""Logging in by a certificate, on a broker whose plugin for that takes the user from the common name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from pluggable import InitError, Metadata
from pluggable.bindings import InvokeRequest
from pluggable.component import Component
from pluggable.pubsub import PublishRequest
from pluggable_servers.rabbitmq.binding import RabbitBinding
from pluggable_servers.rabbitmq.pubsub import RabbitPubSub
from tests.backends.certificates import Authority, Identity
from tests.backends.rabbitmq import RabbitMQ
from tests.ports import free_port
from tests.servers.events import Events, bound, reading
from tests.servers.running import Inbox, broker, subscribed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("rabbitmq")]

HOST: Final = "127.0.0.1"
USER: Final = "shop"
BY_CERTIFICATE: Final = "EXTERNAL"
BY_PASSWORD: Final = "PLAIN"


class Certified(RabbitMQ):
    """A node with the plugin."""

    def prepare(self) -> None:
        super().prepare()
        (self.folder / "plugins").write_text("[rabbitmq_auth_mechanism_ssl].")


class Guarded:
    """What a node trusts, and where it listens for TLS."""

    def __init__(self, folder: Path, mechanism: str) -> None:
        self.authority = Authority()
        self.port = free_port()
        server = self.authority.signs(HOST)
        for name, text in {"chain": server.certificate + server.key, "ca": server.authority}.items():
            (folder / f"{name}.pem").write_text(text)
        self.options = (
            f"listeners.ssl.1 = {HOST}:{self.port}",
            f"ssl_options.cacertfile = {folder}/ca.pem",
            f"ssl_options.certfile = {folder}/chain.pem",
            f"ssl_options.keyfile = {folder}/chain.pem",
            "ssl_options.verify = verify_peer",
            "ssl_options.fail_if_no_peer_cert = true",
            f"auth_mechanisms.1 = {mechanism}",
            "ssl_cert_login_from = common_name",
        )

    def properties(self, identity: Identity) -> dict[str, str]:
        """Properties of either component, for who shows this certificate."""
        address = f"amqps://{HOST}:{self.port}/"
        return {
            "connectionString": address,
            "consumerID": "app",
            "host": address,
            "queueName": "work",
            "saslExternal": "true",
            "caCert": self.authority.pem,
            "clientCert": identity.certificate,
            "clientKey": identity.key,
        }


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """A node that lets in nobody but by a certificate, with one user, who has no password."""
    found = Guarded(tmp_path_factory.mktemp("tls"), BY_CERTIFICATE)
    with Certified.running(*found.options) as node:
        node.control("delete_user", "guest")
        node.control("add_user", USER, "forgotten at once")
        node.control("clear_password", USER)
        node.control("set_permissions", USER, ".*", ".*", ".*")
        yield found


async def test_certificate_says_who_a_broker_is(guarded: Guarded) -> None:
    inbox = Inbox()
    properties = guarded.properties(guarded.authority.signs(USER))
    async with broker(RabbitPubSub, properties) as events, subscribed(events, "orders", inbox):
        await events.publish(PublishRequest(topic="orders", data=b"1"))

        assert await inbox.data(1) == [b"1"]


async def test_certificate_says_who_a_binding_is(guarded: Guarded) -> None:
    events = Events()
    properties = guarded.properties(guarded.authority.signs(USER))
    async with bound(RabbitBinding, properties) as binding, reading(binding, events):
        await binding.invoke(InvokeRequest(operation="create", data=b"1"))

        assert await events.data(1) == [b"1"]


@pytest.mark.parametrize("kind", [RabbitPubSub, RabbitBinding])
async def test_certificate_of_no_user_is_refused(guarded: Guarded, kind: type[Component]) -> None:
    properties = guarded.properties(guarded.authority.signs("stranger"))
    refused = f"{guarded.port}: ACCESS_REFUSED .* {BY_CERTIFICATE}.*; check that clientCert names a user"
    with pytest.raises(InitError, match=refused):
        await kind().init(Metadata(properties, "events"))


async def test_certificate_of_another_authority_is_refused(guarded: Guarded) -> None:
    properties = guarded.properties(Authority().signs(USER))
    with pytest.raises(InitError, match="unknown ca"):
        async with broker(RabbitPubSub, properties):
            pass


async def test_broker_that_wants_a_password_is_told(tmp_path: Path) -> None:
    guarded = Guarded(tmp_path, BY_PASSWORD)
    wanted = f"{guarded.port}: the broker offers {BY_PASSWORD}, wanted .* {BY_CERTIFICATE} where saslExternal"
    with RabbitMQ.running(*guarded.options), pytest.raises(InitError, match=wanted):
        async with broker(RabbitPubSub, guarded.properties(guarded.authority.signs(USER))):
            pass
