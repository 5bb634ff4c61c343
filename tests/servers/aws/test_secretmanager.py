from __future__ import annotations

import pytest

from pluggable.errors import NotFoundError, TimedOutError, UnavailableError
from pluggable.secretstores import GetRequest, MultipleValues
from pluggable_servers.aws.secretmanager import SecretManagerStore
from tests.backends.moto import Moto
from tests.servers.aws.opening import opened

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("aws")]


async def test_secret_is_read_by_name_and_by_arn(moto: Moto, name: str) -> None:
    async with moto.client("secretsmanager") as client, opened(SecretManagerStore, moto.properties) as store:
        made = await client.create_secret(Name=name, SecretString="wörd")

        assert await store.get(GetRequest(key=name)) == {name: "wörd"}
        assert await store.get(GetRequest(key=made["ARN"])) == {name: "wörd"}
        assert store.features == ()


async def test_object_has_several_values(moto: Moto, name: str) -> None:
    text = '{"b": "x", "n": 5, "f": 1.0, "g": 0.5, "t": true, "o": {"z": [1, "<&>"], "a": null}, "u": null}'
    properties = {**moto.properties, "multipleKeyValuesPerSecret": "true"}
    async with moto.client("secretsmanager") as client, opened(SecretManagerStore, properties) as store:
        await client.create_secret(Name=name, SecretString=text)
        await client.create_secret(Name=f"{name}-list", SecretString="[1]")

        assert await store.get(GetRequest(key=name)) == {
            "b": "x",
            "n": "5",
            "f": "1",
            "g": "0.5",
            "t": "true",
            "o": r'{"a":null,"z":[1,"\u003c\u0026\u003e"]}',
            "u": "null",
        }
        assert await store.get(GetRequest(key=f"{name}-list")) == {f"{name}-list": "[1]"}
        assert store.features == (MultipleValues.feature,)


async def test_bytes_have_no_values(moto: Moto, name: str) -> None:
    async with moto.client("secretsmanager") as client, opened(SecretManagerStore, moto.properties) as store:
        await client.create_secret(Name=name, SecretBinary=b"x")

        assert await store.get(GetRequest(key=name)) == {}


async def test_older_version_is_read(moto: Moto, name: str) -> None:
    async with moto.client("secretsmanager") as client, opened(SecretManagerStore, moto.properties) as store:
        old = (await client.create_secret(Name=name, SecretString="old"))["VersionId"]
        await client.put_secret_value(SecretId=name, SecretString="new")

        async def value(**metadata: str) -> str:
            return (await store.get(GetRequest(key=name, metadata=metadata)))[name]

        assert await value() == "new"
        assert await value(version_id=old) == "old"
        assert await value(version_stage="AWSPREVIOUS") == "old"
        with pytest.raises(NotFoundError):
            await value(version_stage="NONE")


async def test_missing_secret_is_told(moto: Moto, name: str) -> None:
    async with opened(SecretManagerStore, moto.properties) as store:
        with pytest.raises(NotFoundError, match="GetSecretValue: ResourceNotFoundException"):
            await store.get(GetRequest(key=name))


async def test_all_pages_are_read(own_moto: Moto) -> None:
    names = [f"secret-{number}" for number in range(120)]  # AWS lists a hundred at a time.
    async with own_moto.client("secretsmanager") as client:
        for each in names:
            await client.create_secret(Name=each, SecretString=each.upper())
        async with opened(SecretManagerStore, own_moto.properties) as store:
            found = await store.bulk_get()

    assert found == {each: {each: each.upper()} for each in names}


async def test_absence_is_told_and_got_over(own_moto: Moto, name: str) -> None:
    async with opened(SecretManagerStore, own_moto.properties) as store:
        with own_moto.away():
            for asked in (store.ping(), store.get(GetRequest(key=name)), store.bulk_get()):
                with pytest.raises(UnavailableError, match=f"aws secretsmanager {own_moto.endpoint}"):
                    await asked
        async with own_moto.client("secretsmanager") as client:
            await client.create_secret(Name=name, SecretString="back")

        await store.ping()
        assert await store.get(GetRequest(key=name)) == {name: "back"}


async def test_what_is_not_answered_in_time_is_told(own_moto: Moto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pluggable_servers.aws.client._ANSWER_SECONDS", 0.2)
    monkeypatch.setattr("pluggable_servers.aws.client._ATTEMPTS", 1)
    async with opened(SecretManagerStore, own_moto.properties) as store:
        with own_moto.frozen(), pytest.raises(TimedOutError, match="Read timeout"):
            await store.ping()
