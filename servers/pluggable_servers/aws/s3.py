"""
Objects in a bucket of S3.

Facts: components-contrib ``bindings/aws/s3/s3.go``.
"""

from __future__ import annotations

import base64
import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from pluggable.about import About
from pluggable.bindings import InvokeRequest, InvokeResponse, OutputBinding
from pluggable.errors import InitError, InvalidRequestError
from pluggable.metadata import Metadata, parse_bool, parse_duration, setting

from .bucket import SERVICE, Bucket
from .bulk import Bulk
from .client import AWS
from .contents import decoded, payload, read, unquoted
from .gojson import go_json
from .settings import AUTHENTICATION, AWSSettings

logger = logging.getLogger(__name__)

_MOST_LISTED: Final = 1000
_NO_DURATION: Final = "wanted a duration of a second or more, such as 15m"

#: What may be asked for, and what it does.
_OPERATIONS: Final = {
    "create": "Stores an object.",
    "get": "Returns an object.",
    "delete": "Deletes an object.",
    "list": "Lists objects.",
    "presign": "Returns an address at which anyone gets an object for a while.",
    "bulkGet": "Returns several objects, or writes them into files.",
    "bulkCreate": "Stores several objects.",
    "bulkDelete": "Deletes several objects.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Settings(AWSSettings):
    """The properties of ``bindings.aws.s3``."""

    bucket: str = setting(description="The bucket, which must exist.", example="orders")
    decode_base64: bool = setting(default=False, description="Decodes what is stored from base64.")
    encode_base64: bool = setting(default=False, description="Encodes what is returned in base64.")
    force_path_style: bool = setting(
        default=False, description="Puts the bucket into the path of the address instead of the host."
    )
    disable_ssl: bool = setting(
        default=False, name="disableSSL", description="Takes an endpoint without a scheme for http."
    )
    insecure_ssl: bool = setting(
        default=False,
        name="insecureSSL",
        description="Takes any certificate of the endpoint; for trying things out only.",
    )
    file_path: str = setting(default="", description="A file to store, where a request names none.")
    presign_ttl: str = setting(
        default="",
        name="presignTTL",
        description="How long addresses are good for, where a request does not say.",
        example="15m",
    )
    storage_class: str = setting(
        default="", description="The class of what is stored.", example="STANDARD_IA"
    )


class S3Binding(OutputBinding):
    """Stores, returns, deletes and lists the objects of one bucket."""

    about = About(
        settings=S3Settings,
        title="AWS S3",
        description="Objects in a bucket of S3, or of what speaks as it does.",
        url="https://docs.dapr.io/reference/components-reference/supported-bindings/s3/",
        authentication=AUTHENTICATION,
        operations=_OPERATIONS,
    )
    operations = tuple(_OPERATIONS)

    def __init__(self) -> None:
        self._opened: tuple[S3Settings, AWS, Bucket] | None = None

    async def init(self, metadata: Metadata) -> None:
        settings = metadata.parse(S3Settings)
        if settings.insecure_ssl:
            logger.warning('bindings.aws.s3 "%s": insecureSSL takes any certificate', metadata.name)
        aws = await AWS.open(
            settings,
            SERVICE,
            name=metadata.name,
            endpoint=_endpoint(settings),
            verify=False if settings.insecure_ssl else None,
            options={
                "signature_version": "s3v4",
                "s3": {"addressing_style": "path" if settings.force_path_style else "auto"},
            },
        )
        self._opened = settings, aws, Bucket(aws, settings.bucket)

    async def close(self) -> None:
        if self._opened is not None:
            await self._opened[1].close()

    async def ping(self) -> None:
        await self._initialised()[1].ping()

    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        settings, bucket = self._initialised()
        asked = _Asked(settings, request.metadata)
        match request.operation:
            case "create":
                return await _create(bucket, asked, request.data)
            case "get":
                data = await bucket.get(asked.key())
                return InvokeResponse(data=base64.b64encode(data) if asked.encodes else data)
            case "delete":
                await bucket.delete(asked.key())
                return InvokeResponse()
            case "list":
                return await _list(bucket, request.data)
            case "presign":
                url = await bucket.signed(asked.key(), asked.seconds(needed=True))
                return _answer({"presignURL": url})
        bulk = Bulk(bucket, asked.location, decodes=asked.decodes, encodes=asked.encodes)
        match request.operation:
            case "bulkGet":
                return _answer(await bulk.get(request.data))
            case "bulkCreate":
                return _answer(await bulk.create(request.data))
            case "bulkDelete":
                return _answer(await bulk.delete(request.data))
        raise InvalidRequestError(
            f"s3 binding error: unsupported operation {request.operation}, "
            f"wanted one of {', '.join(self.operations)}"
        )

    def _initialised(self) -> tuple[S3Settings, Bucket]:
        if self._opened is None:
            raise InitError("bindings.aws.s3 was not initialised: await init first")
        settings, _, bucket = self._opened
        return settings, bucket


class _Asked:
    """What a request's metadata ask for; where they say nothing the settings count."""

    def __init__(self, settings: S3Settings, metadata: Mapping[str, str]) -> None:
        self._settings = settings
        self._metadata = metadata
        self.decodes = self._switch("decodeBase64", settings.decode_base64)
        self.encodes = self._switch("encodeBase64", settings.encode_base64)
        self.path = metadata.get("filePath") or settings.file_path
        self._ttl = metadata.get("presignTTL") or settings.presign_ttl

    def key(self) -> str:
        """Return the key, which there must be."""
        if key := self._metadata.get("key"):
            return key
        raise InvalidRequestError("s3 binding error: required metadata 'key' missing")

    def key_or_new(self) -> str:
        """Return the key, or one that nobody has."""
        return self._metadata.get("key") or str(uuid.uuid4())

    def seconds(self, *, needed: bool = False) -> int:
        """Return how long an address is to be good for; 0 where none is asked for."""
        if not self._ttl:
            if needed:
                raise InvalidRequestError("s3 binding error: required metadata 'presignTTL' missing")
            return 0
        text = f's3 binding error: presignTTL is "{self._ttl}", {_NO_DURATION}'
        if self._ttl.isdecimal():
            raise InvalidRequestError(text)
        try:
            seconds = int(parse_duration(self._ttl).total_seconds())
        except ValueError as error:
            raise InvalidRequestError(text) from error
        if seconds < 1:
            raise InvalidRequestError(text)
        return seconds

    def options(self) -> dict[str, str]:
        """Return what is stored beside an object."""
        options = {
            "ContentType": self._metadata.get("Content-Type", "").strip(),
            "StorageClass": self._metadata.get("storageClass") or self._settings.storage_class,
            "Tagging": _tagging(self._metadata["tags"]) if "tags" in self._metadata else "",
        }
        return {name: value for name, value in options.items() if value}

    def location(self, key: str) -> str:
        """Return where an object is, in the words of daprd's component."""
        settings = self._settings
        if settings.endpoint:
            return f"{(_endpoint(settings) or '').rstrip('/')}/{settings.bucket}/{key}"
        if settings.force_path_style:
            return f"https://s3.amazonaws.com/{settings.bucket}/{key}"
        return f"https://{settings.bucket}.s3.amazonaws.com/{key}"

    def _switch(self, name: str, default: bool) -> bool:
        text = self._metadata.get(name)
        return parse_bool(text) if text else default


async def _create(bucket: Bucket, asked: _Asked, data: bytes) -> InvokeResponse:
    key = asked.key_or_new()
    options, seconds = asked.options(), asked.seconds()
    if asked.path and not asked.decodes:
        stored = await bucket.put_file(key, asked.path, **options)
    else:
        content = await read(asked.path) if asked.path else unquoted(data)
        stored = await bucket.put(key, decoded(content) if asked.decodes else content, **options)
    answer: dict[str, Any] = {
        "location": stored.get("Location") or asked.location(key),
        "versionID": stored.get("VersionId"),
    }
    if seconds:
        answer["presignURL"] = await bucket.signed(key, seconds)
    return _answer(answer, {"key": key})


async def _list(bucket: Bucket, data: bytes) -> InvokeResponse:
    given = payload(data, "list")
    most = given.get("maxResults") or 0
    texts = {name: given.get(name) or "" for name in ("marker", "prefix", "delimiter")}
    if not isinstance(most, int) or not all(isinstance(text, str) for text in texts.values()):
        raise InvalidRequestError(
            "s3 binding error: invalid list payload: "
            "wanted a whole number as maxResults, and texts as marker, prefix and delimiter"
        )
    page = {name.capitalize(): text for name, text in texts.items()}
    return _answer(await bucket.listed(MaxKeys=most if most >= 1 else _MOST_LISTED, **page))


def _tagging(text: str) -> str:
    """Return tags written ``name=value,name=value`` as S3 takes them; what is escaped already stays so."""
    pairs = []
    for entry in text.split(","):
        name, _, value = (part.strip() for part in entry.strip().partition("="))
        if not name or not value:
            raise InvalidRequestError(
                f"s3 binding error: parsing tags failed: invalid tag format: '{entry}' (expected key=value)"
            )
        pairs.append(f"{quote(name, safe='%+')}={quote(value, safe='%+')}")
    return "&".join(pairs)


def _answer(value: Any, metadata: Mapping[str, str] | None = None) -> InvokeResponse:
    return InvokeResponse(data=go_json(value).encode(), metadata=metadata or {})


def _endpoint(settings: S3Settings) -> str | None:
    """Return the endpoint with a scheme, if there is one."""
    if not settings.endpoint or "://" in settings.endpoint:
        return settings.endpoint or None
    return f"{'http' if settings.disable_ssl else 'https'}://{settings.endpoint}"
