"""A secret store over a socket."""

from __future__ import annotations

import pytest

from pluggable._proto.dapr.proto.components.v1 import secretstore_pb2 as pb
from pluggable._wire import names, secretstores as wire
from pluggable.errors import NotFoundError
from pluggable.metadata import Metadata
from pluggable.remote import Connection, RemoteSecretStore
from pluggable.secretstores import GetRequest
from tests.remote.speaking import Life, Process

SECRETS = {"redis": {"redis": "s3cret"}, "db": {"user": "u", "password": ""}}


@pytest.fixture
async def store(process: Process, life: Life, connection: Connection) -> RemoteSecretStore:
    def get(data: bytes) -> pb.GetSecretResponse:
        request = wire.get_request(pb.GetSecretRequest.FromString(data))
        if request.key not in SECRETS:
            raise NotFoundError(f'no secret "{request.key}" in {request.metadata["namespace"]}')
        return wire.get_response_pb(SECRETS[request.key])

    life.services = (names.SECRET_STORE,)
    life.features = ("MULTIPLE_KEY_VALUES_PER_SECRET",)
    life.on(names.SECRET_STORE, "Get", get)
    life.on(names.SECRET_STORE, "BulkGet", wire.bulk_get_response_pb(SECRETS))
    await process.live(life)
    store = RemoteSecretStore(connection)
    await store.init(Metadata())
    return store


async def test_secret_comes_with_all_its_values(store: RemoteSecretStore) -> None:
    assert await store.get(GetRequest(key="db")) == {"user": "u", "password": ""}


async def test_missing_secret_keeps_the_text(store: RemoteSecretStore) -> None:
    with pytest.raises(NotFoundError, match=r'^no secret "käse" in default$'):
        await store.get(GetRequest(key="käse", metadata={"namespace": "default"}))


async def test_all_secrets_come_by_name(store: RemoteSecretStore) -> None:
    assert await store.bulk_get() == SECRETS


async def test_features_are_its_own(store: RemoteSecretStore) -> None:
    assert store.features == ("MULTIPLE_KEY_VALUES_PER_SECRET",)
