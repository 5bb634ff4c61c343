from __future__ import annotations

import itertools

import pytest

from pluggable import Metadata, MetadataError
from pluggable_servers.kafka.binding import KafkaBindingSettings
from pluggable_servers.kafka.pubsub import KafkaPubSubSettings

PLAIN = {"brokers": "a:9092, b:9092", "authType": "none", "consumerID": "app"}


def parsed(**properties: str) -> KafkaPubSubSettings:
    return Metadata({**PLAIN, **properties}, "orders").parse(KafkaPubSubSettings)


def test_defaults_are_daprds() -> None:
    settings = parsed()

    assert settings.brokers == ("a:9092", "b:9092")
    assert (settings.group, settings.tls, settings.initial_offset) == ("app", False, "newest")
    assert list(itertools.islice(settings.pauses(), 3)) == [5.0, 5.0, 5.0]


def test_group_counts_more_than_consumer_id() -> None:
    assert parsed(consumerGroup="mine").group == "mine"


@pytest.mark.parametrize(
    ("properties", "authentication", "tls"),
    [
        ({"authRequired": "false"}, "none", False),
        (
            {"authRequired": "true", "saslUsername": "u", "saslPassword": "p"},
            "password",
            True,
        ),
        ({"authRequired": "true"}, "mtls", True),
        ({"authType": "mtls", "disableTls": "true"}, "mtls", False),
    ],
)
def test_authentication_is_read(properties: dict[str, str], authentication: str, tls: bool) -> None:
    given = {"brokers": "a:9092", "consumerID": "app", **properties}
    settings = Metadata(given, "orders").parse(KafkaPubSubSettings)

    assert (settings.authentication, settings.tls) == (authentication, tls)


@pytest.mark.parametrize(
    ("properties", "text"),
    [
        ({"brokers": ","}, "brokers is empty"),
        ({"brokers": "a:x"}, "wanted a number after the colon"),
        ({"authType": ""}, "authType"),
        ({"authType": "password", "saslUsername": "u"}, "saslUsername or saslPassword is missing"),
        ({"authType": "certificate"}, "caCert is missing"),
        ({"authType": "mtls", "clientCert": "x"}, "of clientCert and clientKey one is missing"),
        ({"authType": "kerberos"}, 'authType is "kerberos"'),
        ({"authType": "awsiam"}, "authType awsiam is not supported here"),
        ({"consumerID": ""}, "consumerGroup is missing"),
        ({"excludeHeaderMetaRegex": "("}, "excludeHeaderMetaRegex"),
    ],
)
def test_what_is_wrong_is_told(properties: dict[str, str], text: str) -> None:
    with pytest.raises(MetadataError, match=text):
        parsed(**properties)


def test_binding_that_publishes_only_needs_no_group() -> None:
    settings = Metadata({"brokers": "a:9092", "authType": "none"}, "calls").parse(KafkaBindingSettings)

    assert settings.group == ""


def test_secrets_are_not_shown() -> None:
    settings = parsed(authType="password", saslUsername="u", saslPassword="hunter2", disableTls="true")

    assert "hunter2" not in repr(settings)


def test_pauses_grow_and_end() -> None:
    settings = parsed(
        backOffPolicy="exponential",
        backOffInitialInterval="1s",
        backOffRandomizationFactor="0",
        backOffMultiplier="2",
        backOffMaxInterval="4s",
        backOffMaxRetries="5",
    )

    assert list(settings.pauses()) == [1.0, 2.0, 4.0, 4.0, 4.0]
