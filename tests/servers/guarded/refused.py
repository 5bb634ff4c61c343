"""Settings with secrets that a backend refuses, made of those with the right ones."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Final
from urllib.parse import quote

from .canaries import CERTIFICATE, KEY, RIGHT, WRONG

Properties = Mapping[str, str]
#: Yields properties, given the right ones.
Refused = Callable[[Properties], Iterator[Properties]]

_CLIENT: Final = {"clientCert": CERTIFICATE, "clientKey": KEY}


def swapped(right: Properties) -> Iterator[Properties]:
    """Every secret is another one."""
    yield {
        name: value.replace(RIGHT, WRONG).replace(quote(RIGHT, safe=""), quote(WRONG, safe=""))
        for name, value in right.items()
    }


def of_redis(right: Properties) -> Iterator[Properties]:
    yield {
        **right,
        "redisPassword": "",
        "sentinelPassword": WRONG,
        "failover": "true",
        "sentinelMasterName": "orders",
    }
    yield {**right, **_CLIENT, "enableTLS": "true"}


def of_postgresql(right: Properties) -> Iterator[Properties]:
    yield {**right, "password": WRONG}
    yield {**right, "connectionString": f"host=localhost password='{WRONG}' port=none"}
    yield {**right, "connectionString": f"postgres://shop:{WRONG}@localhost:{WRONG}/"}
    yield {**right, "connectionString": f"shop {WRONG}"}


def of_mysql(right: Properties) -> Iterator[Properties]:
    name = "url" if "url" in right else "connectionString"
    yield {**right, name: f"shop:{WRONG}@"}
    yield {**right, name: f"shop:{WRONG}@tcp(127.0.0.1:1)/"}
    yield {**right, name: f"mysql://shop:{WRONG}@127.0.0.1:1/orders"}


def of_rabbitmq(right: Properties) -> Iterator[Properties]:
    name = "host" if "host" in right else "connectionString"
    secure = {**right, name: right[name].replace("amqp:", "amqps:")}
    yield {**secure, "caCert": CERTIFICATE, "clientCert": KEY, "clientKey": KEY}
    yield {**right, name: f"http://shop:{WRONG}@127.0.0.1"}
    yield {**right, name: f"amqp://shop:{WRONG}@127.0.0.1:no"}
    if name == "connectionString":
        host = right[name].rpartition("@")[2]
        yield {**right, name: "", "hostname": host, "username": "shop", "password": WRONG}


def of_mqtt(right: Properties) -> Iterator[Properties]:
    yield {**right, **_CLIENT, "url": right["url"].replace("mqtt:", "mqtts:")}
    yield {**right, "url": f"http://shop:{WRONG}@127.0.0.1"}
    yield {**right, "url": f"mqtt://shop:{WRONG}@127.0.0.1:no"}


def of_nats(right: Properties) -> Iterator[Properties]:
    address = right["natsURL"].rpartition("@")[2]
    yield {"natsURL": f"nats://{address}", "token": WRONG}
    yield {"natsURL": f"nats://{WRONG}@{address}"}
    yield {"natsURL": f"nats://shop:{WRONG}@127.0.0.1:no"}
    yield {"natsURL": f"nats://{address}", "jwt": WRONG, "seedKey": WRONG}


def of_kafka(right: Properties) -> Iterator[Properties]:
    yield {**right, **_CLIENT, "authType": "mtls", "disableTls": "false"}


def of_aws(right: Properties) -> Iterator[Properties]:
    yield {**right, "sessionToken": "", "secretKey": WRONG, "endpoint": "http://127.0.0.1:1"}


def of_keyvault(right: Properties) -> Iterator[Properties]:
    certificate = {"azureCertificate": f"{CERTIFICATE}{KEY}", "azureCertificatePassword": WRONG}
    yield {**right, **certificate, "azureAuthMethods": "clientcertificate"}


def of_azure(right: Properties) -> Iterator[Properties]:
    yield from of_keyvault(right)
    application = {"azureTenantId": "t", "azureClientId": "c", "azureClientSecret": WRONG}
    yield {**right, **application, "connectionString": "", "namespaceName": "127.0.0.1"}
    yield {**right, "connectionString": f"SharedAccessKey={WRONG}"}
    yield {**right, "connectionString": f"Endpoint={WRONG};SharedAccessKey"}


def of_etcd(right: Properties) -> Iterator[Properties]:
    yield {**right, "tlsEnable": "true", "ca": CERTIFICATE, "cert": CERTIFICATE, "key": KEY}
    yield {**right, "tlsEnable": "true", "key": WRONG}


def of_http(right: Properties) -> Iterator[Properties]:
    yield {**right, "MTLSClientCert": CERTIFICATE, "MTLSClientKey": KEY}
    yield {**right, "MTLSClientCert": CERTIFICATE, "MTLSClientKey": WRONG}
    yield {**right, "url": f"http://shop:{WRONG}@127.0.0.1:no"}


def of_jwks(_right: Properties) -> Iterator[Properties]:
    keys = json.dumps({"keys": [{"kty": "oct", "kid": "canary", "k": f"{WRONG}!"}]})
    yield {"jwks": keys}
    yield {"jwks": base64.b64encode(keys.encode()).decode()}
    yield {"jwks": f"{{{WRONG}"}
    yield {"jwks": f"https://shop:{WRONG}@127.0.0.1:1/keys?key={WRONG}"}
    yield {"jwks": f"http://shop:{WRONG}@127.0.0.1:no/"}
