"""Who a component is to AWS, and what it says when it is nobody."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from aiobotocore.session import get_session

from pluggable import Metadata
from pluggable.errors import DeniedError, InitError, MetadataError
from pluggable.secretstores import GetRequest
from pluggable_servers.aws.client import AWS, OPEN_SECONDS
from pluggable_servers.aws.secretmanager import SecretManagerStore
from pluggable_servers.aws.settings import AWSSettings
from tests.backends.moto import ACCOUNT, REGION, Moto
from tests.servers.aws.opening import opened

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("aws")]


class Suspicious(Moto):
    """A moto that looks at who asks, after so many requests as the test says."""

    trusting = 0

    def environment(self) -> Mapping[str, str]:
        return {"INITIAL_NO_AUTH_ACTION_COUNT": str(self.trusting)}


class Trusting(Suspicious):
    """One that lets a user be made first."""

    trusting = 3


@pytest.fixture(autouse=True)
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that says nothing of AWS."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def silent_machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A metadata service that takes connections, and answers none."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", address)
        yield


async def test_credentials_of_the_environment_are_found(moto: Moto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_REGION", REGION)

    async with opened(SecretManagerStore, {"endpoint": moto.endpoint}) as store:
        await store.ping()


async def test_role_is_taken_on(moto: Moto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    settings = AWSSettings(
        endpoint=moto.endpoint,
        region=REGION,
        assume_role_arn=f"arn:aws:iam::{ACCOUNT}:role/orders",
        assume_role_session_name="shop",
    )

    aws = await AWS.open(settings, "sts")
    try:
        found = await aws.call("sts", "get_caller_identity")
    finally:
        await aws.close()

    assert found["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/orders/shop"


async def test_no_credentials_are_told_at_once(moto: Moto) -> None:
    with pytest.raises(InitError, match="no credentials were found; set accessKey and secretKey"):
        await SecretManagerStore().init(Metadata({"endpoint": moto.endpoint, "region": REGION}))


@pytest.mark.usefixtures("silent_machine")
async def test_silent_machine_does_not_hold_init(moto: Moto) -> None:
    begun = time.monotonic()
    with pytest.raises(InitError, match="no credentials were found"):
        await SecretManagerStore().init(Metadata({"endpoint": moto.endpoint, "region": REGION}))

    assert time.monotonic() - begun < OPEN_SECONDS + 5


async def test_missing_region_is_told(moto: Moto) -> None:
    properties = {**moto.properties, "region": ""}

    with pytest.raises(
        InitError, match=r"no region is known; set region under spec\.metadata, or AWS_REGION"
    ):
        await SecretManagerStore().init(Metadata(properties))


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({"accessKey": "AKIA-HIDDEN"}, "only one is set, secretKey is missing"),
        ({"secretKey": "s3cr3t-hidden"}, "only one is set, accessKey is missing"),
        ({"trustAnchorArn": "arn:a"}, "trustAnchorArn is not supported here"),
        ({"trustProfileArn": "arn:p"}, "trustProfileArn is not supported here"),
    ],
)
async def test_half_a_key_is_refused(properties: dict[str, str], said: str) -> None:
    with pytest.raises(MetadataError, match=said) as refused:
        await SecretManagerStore().init(Metadata({"region": REGION, **properties}))

    assert "hidden" not in str(refused.value).lower()


async def test_older_names_are_read() -> None:
    found = Metadata({"awsRegion": "r", "awsAccountID": "a", "awsSecret": "s"}).parse(AWSSettings)

    assert (found.region, found.access_key, found.secret_key) == ("r", "a", "s")


async def test_endpoint_that_is_no_address_is_told(moto: Moto) -> None:
    with pytest.raises(InitError, match="Invalid endpoint: nowhere"):
        await SecretManagerStore().init(Metadata({**moto.properties, "endpoint": "nowhere"}))


async def test_keys_stand_in_no_text(own_moto: Moto, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "pluggable_servers")
    properties = {**own_moto.properties, "sessionToken": "t0ken-of-the-session"}
    settings = Metadata(properties).parse(AWSSettings)
    async with opened(SecretManagerStore, properties) as store:
        with own_moto.away():
            try:
                await store.ping()
            except Exception as error:  # noqa: BLE001  whatever it is, it is read
                said = f"{error!r} {error.__cause__!r}"

    texts = f"{said} {settings!r} {caplog.text}"
    for secret in ("accessKey", "secretKey", "sessionToken"):
        assert properties[secret] not in texts


async def test_refusal_says_what_to_look_at() -> None:
    with Suspicious.running() as moto:
        async with opened(SecretManagerStore, moto.properties) as store:
            with pytest.raises(
                DeniedError, match=r"GetSecretValue: 403: (?s:.*); check accessKey, secretKey"
            ):
                await store.get(GetRequest(key="x"))
            await store.ping()  # Whoever refuses is there.


async def test_keys_that_were_exchanged_are_picked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", REGION)
    with Trusting.running() as moto:
        async with moto.client("iam") as iam:
            await iam.create_user(UserName="orders")
            everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
            document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
            await iam.put_user_policy(UserName="orders", PolicyName="all", PolicyDocument=document)
            first = (await iam.create_access_key(UserName="orders"))["AccessKey"]
        _write(tmp_path, first)
        async with opened(SecretManagerStore, {"endpoint": moto.endpoint}) as store:
            assert await store.bulk_get() == {}
            _write(tmp_path, await _exchanged(moto, first))

            assert await store.bulk_get() == {}
            (tmp_path / "credentials").unlink()
            assert await store.bulk_get() == {}


async def _exchanged(moto: Moto, first: dict[str, str]) -> dict[str, str]:
    """Return a second key of the user; the first is no more."""
    async with get_session().create_client(
        "iam",
        region_name=REGION,
        endpoint_url=moto.endpoint,
        aws_access_key_id=first["AccessKeyId"],
        aws_secret_access_key=first["SecretAccessKey"],
    ) as iam:
        second: dict[str, str] = (await iam.create_access_key(UserName="orders"))["AccessKey"]
        await iam.delete_access_key(UserName="orders", AccessKeyId=first["AccessKeyId"])
    return second


def _write(folder: Path, key: Mapping[str, str]) -> None:
    (folder / "credentials").write_text(
        f"[default]\naws_access_key_id={key['AccessKeyId']}\naws_secret_access_key={key['SecretAccessKey']}\n"
    )
