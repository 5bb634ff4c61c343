"""What a component says before its Init, and whether its features go with its services."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from pluggable._proto.dapr.proto.components.v1 import common_pb2 as pb
from pluggable._wire import names
from pluggable.doctor.findings import Report, Severity
from pluggable.serving import ComponentServer
from pluggable.transport import Code, Handler, ServerCall, StatusError, Unary
from pluggable_servers.http.binding import HTTPBinding
from pluggable_servers.memory.state import InMemoryStateStore
from tests.conformance.honest import Book, Echo
from tests.doctor.conftest import Examined, checks, found
from tests.doctor.situations import STATE, reflecting

FEATURES = names.path(names.STATE_STORE, "Features")
PING = names.path(names.STATE_STORE, "Ping")


def featured(*features: str) -> dict[str, Handler]:
    async def answer(_: bytes, __: ServerCall) -> bytes:
        return pb.FeaturesResponse(features=features).SerializeToString()

    return {FEATURES: Unary(answer)}


def refusing(path: str, code: Code) -> dict[str, Handler]:
    async def refuse(_: bytes, __: ServerCall) -> bytes:
        raise StatusError(code, "no")

    return {path: Unary(refuse)}


async def asked(
    folder: Path, examined: Examined, handlers: dict[str, Handler], services: Sequence[str] = STATE
) -> Report:
    reflection = names.REFLECTION_V1ALPHA
    async with reflecting(folder / "x.sock", reflection, services=services, handlers=handlers):
        return await examined()


async def test_missing_features_are_fatal(socket_folder: Path, examined: Examined) -> None:
    report = await asked(socket_folder, examined, refusing(FEATURES, Code.UNIMPLEMENTED))

    finding = found(report, "call-missing")
    assert finding.found == "StateStore.Features is not implemented"
    assert finding.severity is Severity.ERROR


async def test_missing_operations_are_fatal(socket_folder: Path, examined: Examined) -> None:
    refusal = refusing(names.path(names.OUTPUT_BINDING, "ListOperations"), Code.UNIMPLEMENTED)
    report = await asked(socket_folder, examined, refusal, [names.OUTPUT_BINDING])

    assert found(report, "call-missing").found == "OutputBinding.ListOperations is not implemented"


async def test_missing_ping_is_a_note(socket_folder: Path, examined: Examined) -> None:
    report = await asked(socket_folder, examined, refusing(PING, Code.UNIMPLEMENTED))

    assert found(report, "call-missing").severity is Severity.NOTE
    assert report.usable


@pytest.mark.slow
async def test_hung_call_is_given_up(socket_folder: Path, examined: Examined) -> None:
    async def hang(_: bytes, __: ServerCall) -> bytes:
        await asyncio.Event().wait()
        return b""

    report = await asked(socket_folder, examined, {PING: Unary(hang)})

    assert found(report, "call-hangs").found == "StateStore.Ping got no answer within 2 s"
    assert not report.usable


async def test_answer_of_another_kind_is_broken(socket_folder: Path, examined: Examined) -> None:
    async def babble(_: bytes, __: ServerCall) -> bytes:
        return b"\x0a\xff\x01"

    report = await asked(socket_folder, examined, {FEATURES: Unary(babble)})

    assert "no FeaturesResponse" in found(report, "call-broken").found


async def test_unknown_feature_is_guessed_at(socket_folder: Path, examined: Examined) -> None:
    report = await asked(socket_folder, examined, featured("ETAG", "TRANSACTION"))

    finding = found(report, "feature-unknown")
    assert '"TRANSACTION", which is none' in finding.found
    assert finding.mend == "did you mean TRANSACTIONAL?"


@pytest.mark.parametrize(
    ("feature", "service"),
    [("TRANSACTIONAL", names.TRANSACTIONAL_STATE_STORE), ("QUERY_API", names.QUERIABLE_STATE_STORE)],
)
async def test_feature_needs_its_service(
    feature: str, service: str, socket_folder: Path, examined: Examined
) -> None:
    lying = await asked(socket_folder, examined, featured(feature))
    honest = await asked(socket_folder, examined, featured(feature), [*STATE, service])

    assert f"has the feature {feature}" in found(lying, "feature-without-service").found
    assert "feature-without-service" not in checks(honest)


async def test_stray_service_is_named_beside_a_good_one(socket_folder: Path, examined: Examined) -> None:
    report = await asked(socket_folder, examined, {}, [*STATE, "dapr.proto.components.v1.Pubsub"])

    finding = found(report, "services-unknown")
    assert finding.severity is Severity.WARNING
    assert f"did you mean {names.PUBSUB}?" in finding.found


async def test_block_beyond_daprs_is_none_to_a_daprd(socket_folder: Path, examined: Examined) -> None:
    served = {"mine": [InMemoryStateStore, Book, Echo]}
    async with ComponentServer(served, folder=socket_folder):
        report = await examined()

    finding = found(report, "services-further")
    assert finding.severity is Severity.NOTE
    assert finding.found.startswith("conversation.mine, nameresolution.mine: a block beyond")
    assert "serves conversation.mine, nameresolution.mine, state.mine" in found(report, "socket").found


async def test_hint_names_what_a_daprd_knows(socket_folder: Path, examined: Examined) -> None:
    report = await asked(socket_folder, examined, {}, ["dapr.proto.components.v1.Nothing"])

    assert names.PUBSUB in found(report, "services-unknown").mend
    assert "pluggable." not in found(report, "services-unknown").mend


async def test_refusal_before_init_is_right(socket_folder: Path, examined: Examined) -> None:
    served = {"mine": [InMemoryStateStore, HTTPBinding]}
    async with ComponentServer(served, folder=socket_folder):
        report = await examined()

    assert checks(report) == {"variable", "socket", "init-not-tried"} | (checks(report) & {"image-user"})
    assert "serves bindings.mine, state.mine" in found(report, "socket").found
