"""What is wrong with the policies of a Resiliency resource; they are applied elsewhere, if at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...metadata import parse_duration

_RETRIES = ("constant", "exponential")
_SCOPES = ("type", "id", "both")
#: The durations of each sort of policy.
_RETRY_TIMES = ("duration", "maxInterval")
_BREAKER_TIMES = ("interval", "timeout")


def faults_of(spec: Mapping[str, Any]) -> list[str]:
    """
    Return why a spec cannot be applied; empty if it can.

    Source: dapr/dapr ``pkg/resiliency/resiliency.go``.
    """
    policies, targets = _table(spec, "policies"), _table(spec, "targets")
    return [
        *_timeouts(_table(policies, "timeouts")),
        *_retries(_table(policies, "retries")),
        *_breakers(_table(policies, "circuitBreakers")),
        *_actors(_table(targets, "actors")),
    ]


def _timeouts(timeouts: Mapping[str, Any]) -> Iterator[str]:
    for name, written in timeouts.items():
        if not _is_time(written):
            yield f'invalid duration "{name}", {written}: wanted one such as 5s or 500ms'


def _retries(retries: Mapping[str, Any]) -> Iterator[str]:
    for name, retry in retries.items():
        what = f'invalid retry configuration "{name}"'
        if (policy := str(_value(retry, "policy", "constant"))).lower() not in _RETRIES:
            yield f'{what}: policy is "{policy}", wanted {" or ".join(_RETRIES)}'
        times = _value(retry, "maxRetries", -1)
        if not isinstance(times, int):
            yield f'{what}: maxRetries is "{times}", wanted an integer; -1 is without end'
        yield from _times(what, retry, _RETRY_TIMES)
        for key, least, most in (("httpStatusCodes", 100, 599), ("gRPCStatusCodes", 0, 16)):
            codes = str(_value(_table(retry, "matching"), key, ""))
            if not all(_is_range(part, least, most) for part in codes.split(",") if codes):
                yield f'{what}: {key} is "{codes}", wanted numbers of {least} to {most} or ranges, as 1-9'


def _breakers(breakers: Mapping[str, Any]) -> Iterator[str]:
    for name, breaker in breakers.items():
        yield from _times(f'invalid circuit breaker configuration "{name}"', breaker, _BREAKER_TIMES)


def _actors(actors: Mapping[str, Any]) -> Iterator[str]:
    for name, actor in actors.items():
        scope = str(_value(actor, "circuitBreakerScope", ""))
        if _value(actor, "circuitBreaker", "") and scope not in _SCOPES:
            yield f'actor {name}: circuitBreakerScope is "{scope}", wanted one of {", ".join(_SCOPES)}'


def _times(what: str, policy: Mapping[str, Any], keys: tuple[str, ...]) -> Iterator[str]:
    for key in keys:
        if not _is_time(written := _value(policy, key, "0s")):
            yield f'{what}: {key} is "{written}", wanted a duration such as 5s'


def _is_time(written: Any) -> bool:
    try:
        parse_duration(str(written))
    except ValueError:
        return False
    return True


def _is_range(part: str, least: int, most: int) -> bool:
    """Whether a text is a number, or a range of numbers, within the bounds."""
    low, dash, high = part.strip().partition("-")
    ends = [low, high] if dash else [low]
    return all(end.isdecimal() and least <= int(end) <= most for end in ends) and int(ends[0]) <= int(
        ends[-1]
    )


def _table(written: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = _value(written, key, {})
    return found if isinstance(found, Mapping) else {}


def _value(written: Any, key: str, default: Any) -> Any:
    """Return what stands under a key in any case; what is no mapping has no keys."""
    if not isinstance(written, Mapping):
        return default
    found = next((value for name, value in written.items() if name.lower() == key.lower()), None)
    return default if found is None else found
