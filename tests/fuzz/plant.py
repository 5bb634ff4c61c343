"""
Writes a first corpus for methods that have none: ``python -m tests.fuzz.plant``.

An empty message, a full one, and a few in between, always the same.
"""

from __future__ import annotations

from pluggable._proto import pool
from tests.fuzz.fuzzing import methods
from tests.fuzz.inputs import CORPUS, Inputs

INPUTS = 8


def main() -> None:
    """Write what is missing."""
    CORPUS.mkdir(exist_ok=True)
    for service, method in methods():
        path = CORPUS / f"{service.rpartition('.')[2]}.{method}.txt"
        if path.exists():
            continue
        about = pool().FindServiceByName(service).methods_by_name[method]
        inputs = Inputs(about.input_type, [b""], f"{service}.{method}")
        found = {inputs.message() for _ in range(INPUTS)} | {b""}
        path.write_text("".join(f"{each.hex()}\n" for each in sorted(found, key=len)))


if __name__ == "__main__":
    main()
