"""Queries of state stores on the wire."""

from __future__ import annotations

import json
from typing import Any

from .._proto.dapr.proto.components.v1 import state_pb2 as pb
from ..errors import InvalidRequestError
from ..state import QueryItem, QueryRequest, QueryResponse, SortOrder
from .common import mapping
from .state import etag, etag_pb


def query_request(message: pb.QueryRequest) -> QueryRequest:
    """
    Return the query.

    Raises:
        InvalidRequestError: the operand of a filter is not JSON.
    """
    query = message.query
    return QueryRequest(
        filter={operator: _operand(operator, operand.value) for operator, operand in query.filter.items()},
        sort=tuple(
            (by.key, SortOrder.DESC if by.order == pb.Sorting.DESC else SortOrder.ASC) for by in query.sort
        ),
        limit=query.pagination.limit,
        token=query.pagination.token,
        metadata=mapping(message.metadata),
    )


def query_request_pb(request: QueryRequest) -> pb.QueryRequest:
    """Pack the query as daprd does: each operand as JSON in an ``Any`` that names no type."""
    query = pb.Query(
        sort=[
            pb.Sorting(key=key, order=pb.Sorting.DESC if order is SortOrder.DESC else pb.Sorting.ASC)
            for key, order in request.sort
        ],
        pagination=pb.Pagination(limit=request.limit, token=request.token),
    )
    for operator, operand in request.filter.items():
        query.filter[operator].value = json.dumps(operand, separators=(",", ":")).encode()
    return pb.QueryRequest(query=query, metadata=dict(request.metadata) or None)


def query_response(message: pb.QueryResponse) -> QueryResponse:
    """Return the rows found."""
    return QueryResponse(
        items=[_item(item) for item in message.items],
        token=message.token,
        metadata=mapping(message.metadata),
    )


def query_response_pb(response: QueryResponse) -> pb.QueryResponse:
    """Pack the rows found."""
    return pb.QueryResponse(
        items=[_item_pb(item) for item in response.items],
        token=response.token,
        metadata=dict(response.metadata) or None,
    )


def _operand(operator: str, text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise InvalidRequestError(f"query: the operand of {operator} is not JSON: {error}") from error


def _item(item: pb.QueryItem) -> QueryItem:
    return QueryItem(
        key=item.key,
        data=item.data,
        etag=etag(item),
        error=item.error or None,
        content_type=item.content_type or None,
    )


def _item_pb(item: QueryItem) -> pb.QueryItem:
    return pb.QueryItem(
        key=item.key,
        data=item.data,
        etag=etag_pb(item.etag),
        error=item.error or "",
        content_type=item.content_type or "",
    )
