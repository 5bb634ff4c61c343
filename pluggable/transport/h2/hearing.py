"""What a connection hears: events of the engine, told to its streams and its endpoint."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import ngh2
from ngh2 import ErrorCode, NGH2Error, Role, Setting

from .endpoint import named
from .stream import Fields, Stream

if TYPE_CHECKING:
    from .connection import Connection


def hear(connection: Connection) -> None:
    """Tell of all that has happened."""
    event: Any  # narrowed by its class, faster than isinstance
    for event in connection.engine.events():
        kind = type(event)
        if kind is ngh2.DataReceived:
            _data(connection, event)
        elif kind is ngh2.RequestReceived:
            _request(connection, event)
        elif kind is ngh2.StreamClosed:
            if (stream := connection.streams.pop(event.stream_id, None)) is not None:
                closed(connection, stream, event.error_code, _why(stream, event) if event.error_code else "")
        elif kind is ngh2.ResponseReceived or kind is ngh2.TrailersReceived:
            _response(connection, event)
        else:
            _about_all(connection, event)


def closed(connection: Connection, stream: Stream, code: int | None, reason: str) -> None:
    """Tell a stream of its end."""
    connection.half_done.discard(stream)
    stream.closed = True
    stream.wake()
    stream.on_close(code, reason)


def _request(connection: Connection, event: ngh2.RequestReceived) -> None:
    stream = connection.endpoint.accept(connection, event.stream_id, event.headers)
    if not stream.closed:
        connection.streams[event.stream_id] = stream
        if event.end_stream:
            _ended(connection, stream, ())


def _response(connection: Connection, event: ngh2.ResponseReceived | ngh2.TrailersReceived) -> None:
    if (stream := connection.streams.get(event.stream_id)) is None:
        return
    if isinstance(event, ngh2.TrailersReceived) or event.end_stream:
        _ended(connection, stream, event.headers)
    else:
        stream.on_headers(event.headers)


def _data(connection: Connection, event: ngh2.DataReceived) -> None:
    data = event.data
    if (stream := connection.streams.get(event.stream_id)) is not None:
        if data:
            stream.on_data(data)
        if event.end_stream and not stream.closed:
            _ended(connection, stream, ())
    elif data and connection.alive:  # for a stream that was reset: give the room back
        with contextlib.suppress(NGH2Error):
            connection.engine.acknowledge_received_data(len(data), event.stream_id)


def _ended(connection: Connection, stream: Stream, trailers: Fields) -> None:
    stream.peer_ended = True
    connection.half_done.discard(stream)
    stream.on_end(trailers)


def _why(stream: Stream, event: ngh2.StreamClosed) -> str:
    """Return why a stream was reset, as far as that was decided here."""
    if event.local_error is None and event.error_code == ErrorCode.PROTOCOL_ERROR and not stream.peer_reset:
        return (
            "it was refused here, since in HTTP/2 no field's value begins or ends with a space, or the like"
        )
    return str(event.local_error or "")


def _about_all(connection: Connection, event: ngh2.Event) -> None:
    """Take what concerns the whole connection."""
    match event:
        case ngh2.SettingsReceived():
            limit = event.settings.get(Setting.MAX_HEADER_LIST_SIZE, connection.peer_header_bytes)
            connection.peer_header_bytes = min(limit, connection.bounds.sent_header_list_bytes)
            if not connection.settled:
                connection.settled = True
                connection.endpoint.settled(connection)
        case ngh2.StreamReset():
            if (stream := connection.streams.get(event.stream_id)) is not None:
                stream.peer_reset = True
        case ngh2.PingAcknowledged() if connection.pongs:
            connection.pongs.pop(0)()
        case ngh2.GoAwayReceived():
            _refused(connection, event.last_stream_id)
            connection.endpoint.going_away(connection, event.error_code)
        case ngh2.ConnectionClosed():
            text = event.debug_data.decode("utf-8", "replace")
            connection.over_because(text or f"HTTP/2 ended with {named(event.error_code)}")


def _refused(connection: Connection, last: int) -> None:
    """Close the streams that a peer which leaves has not taken."""
    if connection.role is Role.CLIENT:
        for stream in [stream for number, stream in connection.streams.items() if number > last]:
            connection.streams.pop(stream.number)
            closed(connection, stream, ErrorCode.REFUSED_STREAM, "the peer is leaving")
