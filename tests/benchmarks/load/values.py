"""What is stored: values that are JSON, different for every key and every time."""

from __future__ import annotations

#: Keys of each worker, unless that would be too many or too much altogether.
_KEYS = 16
_KEYS_IN_ALL = 1024
_BYTES_IN_ALL = 64 * 1024 * 1024


def keys(workers: int, size: int) -> int:
    """Return how many keys each worker has."""
    return max(1, min(_KEYS, _KEYS_IN_ALL // workers, _BYTES_IN_ALL // (workers * size)))


def key(worker: int, number: int) -> str:
    """Return a key of a worker's own, so that it knows what is under it."""
    return f"order-{worker}-{number}"


def value(worker: int, number: int, turn: int, size: int) -> bytes:
    """
    Return JSON of so many bytes, or a few more where they are too few to tell it from others.

    Its names are sorted: a sidecar that reads and writes it again, as daprd does, changes nothing.
    """
    tail = f'","order":"{worker}-{number}","turn":{turn}}}'
    return ('{"note":"' + "x" * (size - len(tail) - 9) + tail).encode()
