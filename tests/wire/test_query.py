"""Queries on the wire, as daprd packs them."""

from __future__ import annotations

import pytest

from pluggable._proto.dapr.proto.components.v1 import state_pb2 as pb
from pluggable._wire import query as wire
from pluggable.errors import InvalidRequestError
from pluggable.state import QueryItem, QueryRequest, QueryResponse, SortOrder

QUERY = QueryRequest(
    filter={"OR": [{"EQ": {"person.org": "Dev Ops"}}, {"IN": {"state": ["CA", "WA", 3, None]}}]},
    sort=(("state", SortOrder.DESC), ("id", SortOrder.ASC)),
    limit=2,
    token="t",
    metadata={"queryIndexName": "i"},
)


@pytest.mark.parametrize("request_", [QUERY, QueryRequest(sort=(), filter={})])
def test_query_comes_back(request_: QueryRequest) -> None:
    message = pb.QueryRequest.FromString(wire.query_request_pb(request_).SerializeToString())

    assert wire.query_request(message) == request_


def test_operand_names_no_type() -> None:
    operand = wire.query_request_pb(QueryRequest(filter={"EQ": {"state": "CA"}})).query.filter["EQ"]

    assert operand.type_url == ""
    assert operand.value == b'{"state":"CA"}'


def test_operand_that_is_no_json_is_refused() -> None:
    message = pb.QueryRequest()
    message.query.filter["EQ"].value = b"{"

    with pytest.raises(InvalidRequestError, match="operand of EQ is not JSON"):
        wire.query_request(message)


def test_rows_come_back() -> None:
    response = QueryResponse(
        items=[
            QueryItem(key="a", data=b"1", etag="e", content_type="application/json"),
            QueryItem(key="b", data=b"", error="gone"),
        ],
        token="next",
        metadata={"a": "b"},
    )

    assert wire.query_response(wire.query_response_pb(response)) == response
