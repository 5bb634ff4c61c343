"""HTTP/1.1 as bytes, read strictly: what two readers could take for different things is refused."""

from __future__ import annotations

from .blocks import Blocks as Blocks
from .fields import (
    ExpectationError as ExpectationError,
    LongBodyError as LongBodyError,
    LongHeadError as LongHeadError,
    MalformedError as MalformedError,
    UnreadableError as UnreadableError,
    VersionError as VersionError,
)
from .requests import (
    PrefaceError as PrefaceError,
    RequestReader as RequestReader,
)
from .responses import Answer as Answer, ResponseReader as ResponseReader
