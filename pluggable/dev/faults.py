"""What is wrong with an author's module, for its author: the traceback without the frames that are ours."""

from __future__ import annotations

import importlib
import traceback
from pathlib import Path
from typing import Final

from ..serving.child import CannotLoadError

#: Where the frames of this package and of the import machinery are.
_OURS: Final = (str(Path(__file__).parents[1]), "<frozen importlib", importlib.__file__)


def readable(error: Exception) -> str:
    """Return the traceback from the author's first line on; where there is none, the sentence."""
    cause = error.__cause__ if isinstance(error, CannotLoadError) and error.__cause__ else error
    trace = traceback.TracebackException.from_exception(cause)
    _strip(trace)
    if not trace.stack and cause is not error:
        return str(error)
    lines = trace.format() if trace.stack else trace.format_exception_only()
    return "".join(lines).rstrip()


def _strip(trace: traceback.TracebackException) -> None:
    """Leave out the frames of the import machinery and of this package, along the whole chain."""
    trace.stack = traceback.StackSummary.from_list(
        [frame for frame in trace.stack if not frame.filename.startswith(_OURS)]
    )
    for each in (trace.__cause__, trace.__context__):
        if each is not None:
            _strip(each)
