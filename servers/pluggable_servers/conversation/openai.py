"""
``conversation.openai``: a model of OpenAI's, of Azure's, or at any address that speaks as they do.

Source: components-contrib ``conversation/openai``.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from pluggable.about import About
from pluggable.conversation import Conversation, ConverseRequest, ConverseResponse
from pluggable.errors import (
    ComponentError,
    DeniedError,
    InvalidRequestError,
    LimitExceededError,
    MetadataError,
    UnavailableError,
)
from pluggable.metadata import Metadata, setting

from .cache import AnswerCache
from .chat import answered, asked

if TYPE_CHECKING:
    import aiohttp

OPENAI: Final = "https://api.openai.com/v1"
CONNECT_SECONDS: Final = 15.0
#: No answer is longer, and of an error's text no more is told.
MOST_BYTES: Final = 16 * 1024 * 1024
MOST_TOLD: Final = 500
_HIDDEN: Final = "(not shown)"
_ERRORS: Final[dict[int, type[ComponentError]]] = {
    401: DeniedError,
    403: DeniedError,
    408: UnavailableError,
    429: LimitExceededError,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What the YAML says."""

    key: str = setting(
        default="",
        secret=True,
        description="The key that the host wants; OpenAI and Azure want one.",
        example="sk-000000000000",
    )
    model: str = setting(
        default="",
        description="The model, gpt-5-nano if it is not given, or with Azure gpt-4.1-nano; the environment's "
        "OPENAI_MODEL, or AZURE_OPENAI_MODEL, goes before it.",
        example="gpt-5-nano",
    )
    endpoint: str = setting(
        default="",
        description="The address of another host that speaks as OpenAI does.",
        example="http://localhost:11434/v1",
    )
    response_cache_ttl: timedelta | None = setting(  # noqa: RUF009  frozen
        default=None,
        name="responseCacheTTL",
        aliases=("cacheTTL",),
        description="How long an answer is given again to the same question; else each question is asked.",
        example="10m",
    )
    api_type: str = setting(
        default="", name="apiType", description="Azure's OpenAI service, if it is azure.", example="azure"
    )
    api_version: str = setting(
        default="",
        name="apiVersion",
        description="The version of the API to use; wanted with Azure.",
        example="2025-01-01-preview",
    )

    def __post_init__(self) -> None:
        """
        See that what Azure wants is there.

        Raises:
            ValueError: it is not.
        """
        if self.azure and not (self.endpoint and self.api_version):
            raise ValueError("endpoint and apiVersion must be provided when apiType is set to 'azure'")

    @property
    def azure(self) -> bool:
        """Whether it is Azure's service."""
        return self.api_type.lower() == "azure"

    def model_in_use(self) -> str:
        """Return the model; who runs the sidecar may choose another than the YAML."""
        variable, usual = (
            ("AZURE_OPENAI_MODEL", "gpt-4.1-nano") if self.azure else ("OPENAI_MODEL", "gpt-5-nano")
        )
        return os.environ.get(variable) or self.model or usual


class OpenAIConversation(Conversation):
    """Asks a model over HTTP, and waits for its answer as long as the caller does."""

    about = About(
        settings=Settings,
        title="OpenAI",
        description="A model of OpenAI's, of Azure's, or at any address that speaks as they do.",
        url="https://docs.dapr.io/reference/components-reference/supported-conversation/openai/",
    )

    _session: aiohttp.ClientSession
    _key: str
    _url: str
    _model: str
    _openai: bool
    _cache: AnswerCache | None = None

    async def init(self, metadata: Metadata) -> None:
        settings = metadata.parse(Settings)
        self._key, self._model = settings.key.strip(), settings.model_in_use()
        self._openai = settings.azure or settings.endpoint.rstrip("/") in {"", OPENAI}
        if self._openai and not self._key:
            raise MetadataError(["key is missing, which OpenAI and Azure want; set it under spec.metadata"])
        self._url = _url(settings, self._model)
        if settings.response_cache_ttl:
            self._cache = AnswerCache(settings.response_cache_ttl.total_seconds())
        import aiohttp  # heavy: only who has such a component pays for it

        self._session = aiohttp.ClientSession(
            headers=_headers(self._key, azure=settings.azure),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=True,
        )

    async def close(self) -> None:
        await self._session.close()

    async def converse(self, request: ConverseRequest) -> ConverseResponse:
        body = asked(request, self._model, openai=self._openai)
        if self._cache is not None and (kept := self._cache.get(body)) is not None:
            return kept
        response = answered(await self._answer(body), self._model)
        if request.tool_choice == "required" and not any(
            choice.content or choice.tool_calls for output in response.outputs for choice in output.choices
        ):
            raise ComponentError(f"{self._model} called none of {len(request.tools)} tools, and said nothing")
        if self._cache is not None:
            self._cache.put(body, response)
        return response

    async def _answer(self, body: dict[str, Any]) -> Any:
        """
        Return the body of the host's answer.

        Raises:
            ComponentError: it is an error, or none came.
        """
        import aiohttp

        try:
            async with self._session.post(self._url, json=body, allow_redirects=False) as answer:
                data = bytearray()
                while len(data) <= MOST_BYTES and (more := await answer.content.readany()):
                    data += more
        except aiohttp.ClientError as error:
            raise UnavailableError(f"{self._model} cannot be asked: {self._hidden(str(error))}") from None
        if answer.status != 200:
            raise self._failed(answer.status, bytes(data))
        try:
            return json.loads(data)
        except (ValueError, RecursionError):
            raise ComponentError(f"{self._model} answered with what is no JSON") from None

    def _failed(self, status: int, data: bytes) -> ComponentError:
        usual = UnavailableError if status >= 500 else InvalidRequestError
        said = self._hidden(_reason(data))
        return _ERRORS.get(status, usual)(f"{self._model} answered with status {status}: {said}"[:MOST_TOLD])

    def _hidden(self, text: str) -> str:
        """Return the text without the key, which a host may repeat."""
        return text.replace(self._key, _HIDDEN) if self._key else text


def _url(settings: Settings, model: str) -> str:
    base = (settings.endpoint or OPENAI).rstrip("/")
    if settings.azure:
        version = quote(settings.api_version)
        return f"{base}/openai/deployments/{quote(model, safe='')}/chat/completions?api-version={version}"
    return f"{base}/chat/completions"


def _headers(key: str, *, azure: bool) -> dict[str, str]:
    if not key:
        return {}
    return {"api-key": key} if azure else {"Authorization": f"Bearer {key}"}


def _reason(data: bytes) -> str:
    """Return what an error says: its message, where it is as OpenAI writes them."""
    text = data.decode(errors="replace")
    try:
        message = json.loads(text)["error"]["message"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return text.strip()
    return str(message)
