"""The settings that grpcio's core is given, each with its reason."""

from __future__ import annotations

from urllib.parse import quote

from ..limits import Limits

Options = list[tuple[str, int | str]]

#: Error texts travel as metadata, and core's own bound of 8 KiB is less than one stack trace of a backend.
HEADER_BYTES = 1024 * 1024
#: A component that was restarted is to be found again within two seconds: 1 s and core's 20 % of jitter.
RECONNECT_FIRST_MS = 100
RECONNECT_LAST_MS = 1000
#: How long one attempt may take, from the dial to the peer's settings; a busy peer must not look dead.
ATTEMPT_MS = 5000

_NEVER = 2**31 - 1


def server_options(limits: Limits) -> Options:
    """Return the settings of a server."""
    return [
        *_common(limits),
        # a port that another process holds is an error, not shared with it
        ("grpc.so_reuseport", 0),
        # grpc-go's keepalive pings more often than core puts up with
        ("grpc.http2.max_ping_strikes", 0),
    ]


def channel_options(address: str, limits: Limits) -> Options:
    """Return the settings of a channel to this address."""
    options: Options = [
        *_common(limits),
        # a channel is one connection: two never share one, nor what became of it
        ("grpc.use_local_subchannel_pool", 1),
        # who repeats a call is decided above
        ("grpc.enable_retries", 0),
        ("grpc.service_config_disable_resolution", 1),
        ("grpc.enable_http_proxy", 0),
        ("grpc.initial_reconnect_backoff_ms", RECONNECT_FIRST_MS),
        ("grpc.max_reconnect_backoff_ms", RECONNECT_LAST_MS),
        # in spite of its name this is the time for one attempt
        ("grpc.min_reconnect_backoff_ms", ATTEMPT_MS),
        ("grpc.client_idle_timeout_ms", _NEVER),
    ]
    if address.startswith("unix:"):
        # as grpc-go says it; core would send the escaped path, which some servers refuse
        options.append(("grpc.default_authority", "localhost"))
    return options


def target(address: str) -> str:
    """Return an address as core reads it: the path of a socket is a URI there."""
    if address.startswith("unix:"):
        return "unix:" + quote(address.removeprefix("unix:"))
    return address


def _common(limits: Limits) -> Options:
    # unset, core receives 4 MiB at most; -1 is no bound
    receive = -1 if limits.receive_bytes is None else limits.receive_bytes
    return [
        ("grpc.max_receive_message_length", receive),
        # the bound on sending is ours, statuses.check_size: core's ends the call with no word to its sender
        ("grpc.max_send_message_length", -1),
        ("grpc.max_metadata_size", HEADER_BYTES),
        ("grpc.absolute_max_metadata_size", HEADER_BYTES),
    ]
