"""On the wire: what state stores can do with keys beyond Dapr's contract."""

from __future__ import annotations

import pytest

from pluggable._proto.pluggable.components.v1alpha1 import state_pb2 as pb
from pluggable._wire import common, keyspace as wire, names
from pluggable.errors import InvalidRequestError
from pluggable.keyspace import DeleteWithPrefixRequest, KeysLikeRequest, KeysLikeResponse


def test_prefix_comes_back() -> None:
    request = DeleteWithPrefixRequest(prefix="app||größe", metadata={"a": "b"})

    assert wire.delete_with_prefix_request(wire.delete_with_prefix_request_pb(request)) == request


@pytest.mark.parametrize("prefix", ["", "||"])
def test_prefix_of_everything_is_refused(prefix: str) -> None:
    with pytest.raises(InvalidRequestError, match="prefix is required"):
        wire.delete_with_prefix_request(pb.DeleteWithPrefixRequest(prefix=prefix))


@pytest.mark.parametrize(
    "request_",
    [
        KeysLikeRequest(pattern="%"),
        KeysLikeRequest(pattern="50\\%_", page_size=2**32 - 1, token="after:k"),
        KeysLikeRequest(pattern="a", token=""),
    ],
)
def test_question_for_keys_comes_back(request_: KeysLikeRequest) -> None:
    data = wire.keys_like_request_pb(request_).SerializeToString()

    assert wire.keys_like_request(pb.KeysLikeRequest.FromString(data)) == request_


def test_page_of_no_keys_is_all_keys() -> None:
    message = pb.KeysLikeRequest(pattern="%", page_size=0)

    assert wire.keys_like_request(message) == KeysLikeRequest(pattern="%")


@pytest.mark.parametrize("page", [KeysLikeResponse(keys=[]), KeysLikeResponse(keys=["b", ""], token="t")])
def test_page_comes_back(page: KeysLikeResponse) -> None:
    assert wire.keys_like_response(wire.keys_like_response_pb(page)) == page


def test_empty_token_is_none() -> None:
    message = pb.KeysLikeResponse(keys=["k"], continuation_token="")

    assert wire.keys_like_response(message) == KeysLikeResponse(keys=["k"])


@pytest.mark.parametrize(("sent", "read"), [(7, 7), (0, None), (-1, None)])
def test_limit_comes_back(sent: int, read: int | None) -> None:
    assert wire.bulk_get_limit_response(pb.BulkGetLimitResponse(max_keys=sent)) == read
    assert wire.bulk_get_limit_response(wire.bulk_get_limit_response_pb(read)) == read


def test_features_carry_what_daprs_contract_can_do() -> None:
    features = ("ETAG", "DELETE_WITH_PREFIX", "MY_OWN", "KEYS_LIKE", "NATIVE_BULK")

    assert list(common.features_response_pb(features).features) == ["ETAG", "MY_OWN"]


def test_services_of_our_own_add_to_the_features() -> None:
    services = {names.STATE_STORE, names.NATIVE_BULK_STATE_STORE, names.PREFIX_DELETING_STATE_STORE}

    assert common.with_services(("TTL", "MY_OWN", "ETAG"), services) == (
        "ETAG",
        "TTL",
        "DELETE_WITH_PREFIX",
        "NATIVE_BULK",
        "MY_OWN",
    )


def test_claim_without_a_service_counts_for_nothing() -> None:
    assert common.with_services(("TTL", "KEYS_LIKE", "ETAG"), {names.STATE_STORE}) == ("TTL", "ETAG")
