from __future__ import annotations

import pytest

from pluggable import Metadata, MetadataError
from pluggable_servers.redis.pubsub import RedisPubSubSettings
from pluggable_servers.redis.settings import RedisSettings


def parsed(properties: dict[str, str]) -> RedisSettings:
    return Metadata(properties, "orders").parse(RedisSettings)


@pytest.mark.parametrize(
    ("properties", "addresses"),
    [
        ({"redisHost": "localhost:6380"}, [("localhost", 6380)]),
        ({"redisHost": "localhost"}, [("localhost", 6379)]),
        ({"redisHost": "localhost", "redisPort": "7000"}, [("localhost", 7000)]),
        ({"redisHost": "[::1]:7000"}, [("::1", 7000)]),
        ({"redisHost": "::1"}, [("::1", 6379)]),
        ({"redisHost": "a:1, b", "redisType": "cluster"}, [("a", 1), ("b", 6379)]),
    ],
)
def test_addresses_are_read(properties: dict[str, str], addresses: list[tuple[str, int]]) -> None:
    assert parsed(properties).addresses == addresses


@pytest.mark.parametrize(
    ("properties", "text"),
    [
        ({}, "redisHost is missing"),
        ({"redisHost": "a:x"}, "wanted a number after the colon"),
        ({"redisHost": "a:1", "redisPort": "2"}, "wanted one port"),
        ({"redisHost": "a,b"}, "set redisType to cluster"),
        ({"redisHost": "a", "failover": "true"}, "sentinelMasterName is missing"),
        ({"redisHost": "a", "useEntraID": "true"}, "useEntraID is not supported here"),
        ({"redisHost": "a", "useOIDC": "true"}, "useOIDC is not supported here"),
        ({"redisHost": "a", "clientCert": "x"}, "clientCert and clientKey"),
        ({"redisHost": "a", "redisType": "star"}, "wanted one of node, cluster"),
    ],
)
def test_bad_property_is_named(properties: dict[str, str], text: str) -> None:
    with pytest.raises(MetadataError) as caught:
        parsed(properties)

    assert text in str(caught.value)


def test_bare_integers_are_milliseconds() -> None:
    settings = Metadata(
        {
            "redisHost": "a",
            "consumerID": "app",
            "dialTimeout": "250",
            "processingTimeout": "1500",
            "redeliverInterval": "2s",
        }
    ).parse(RedisPubSubSettings)

    found = (settings.dial_timeout, settings.processing_timeout, settings.redeliver_interval)
    assert [each.total_seconds() for each in found] == [0.25, 1.5, 2]


def test_password_is_not_shown() -> None:
    assert "hush" not in repr(parsed({"redisHost": "a", "redisPassword": "hush"}))
