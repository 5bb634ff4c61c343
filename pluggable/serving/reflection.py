"""What a socket serves, told to who asks: daprd by v1alpha, others by v1."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from google.protobuf.descriptor import FileDescriptor

from .._proto import pool
from .._proto.grpc.reflection.v1 import reflection_pb2 as v1
from .._proto.grpc.reflection.v1alpha import reflection_pb2 as v1alpha
from .._wire import names
from ..transport import Code, Handler, ServerStream, Stream
from .calls import parsed
from .services import services_of

#: Both versions have the same messages and names.
_VERSIONS: Mapping[str, ModuleType] = {names.REFLECTION_V1: v1, names.REFLECTION_V1ALPHA: v1alpha}


def handlers(served: Mapping[str, Handler]) -> dict[str, Handler]:
    """Return what answers questions about these methods, and about reflection itself."""
    services = sorted([*services_of(served), *_VERSIONS])
    return {
        names.path(service, "ServerReflectionInfo"): Stream(_answering(messages, services))
        for service, messages in _VERSIONS.items()
    }


def _answering(messages: Any, services: list[str]) -> Callable[[ServerStream], Any]:
    async def handle(stream: ServerStream) -> None:
        while (data := await stream.receive()) is not None:
            request = parsed(messages.ServerReflectionRequest, data, stream)
            answer = messages.ServerReflectionResponse(valid_host=request.host, original_request=request)
            _fill(answer, request, services)
            await stream.send(answer.SerializeToString())

    return handle


def _fill(answer: Any, request: Any, services: list[str]) -> None:
    """Put the answer to one question in its place."""
    try:
        match request.WhichOneof("message_request"):
            case "list_services":
                answer.list_services_response.SetInParent()
                for service in services:
                    answer.list_services_response.service.add(name=service)
            case "file_by_filename":
                _fill_files(answer, pool().FindFileByName(request.file_by_filename))
            case "file_containing_symbol":
                _fill_files(answer, pool().FindFileContainingSymbol(request.file_containing_symbol))
            case "file_containing_extension":
                asked = request.file_containing_extension
                kind = pool().FindMessageTypeByName(asked.containing_type)
                extension: Any = pool().FindExtensionByNumber(kind, asked.extension_number)
                _fill_files(answer, extension.file)
            case "all_extension_numbers_of_type":
                name = request.all_extension_numbers_of_type
                found = pool().FindAllExtensions(pool().FindMessageTypeByName(name))
                answer.all_extension_numbers_response.base_type_name = name
                answer.all_extension_numbers_response.extension_number.extend(each.number for each in found)
            case _:
                answer.error_response.error_code = Code.INVALID_ARGUMENT
                answer.error_response.error_message = "the request asks nothing that is known here"
    except KeyError:
        answer.error_response.error_code = Code.NOT_FOUND
        answer.error_response.error_message = "there is no such file, symbol or extension here"


def _fill_files(answer: Any, file: FileDescriptor) -> None:
    """Add a file and, after it, what it needs: who asks may have none of it."""
    found: dict[str, bytes] = {}

    def add(each: FileDescriptor) -> None:
        for needed in each.dependencies:
            if needed.name not in found:
                add(needed)
        found[each.name] = each.serialized_pb

    add(file)
    answer.file_descriptor_response.file_descriptor_proto.extend(reversed(found.values()))
