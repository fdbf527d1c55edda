"""Outputs of our own services as the protocol writes them, and moto's answers read back."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from botocore.parsers import ResponseParserError, create_parser
from moto.core.serialize import SerializationContext, get_serializer_class

from emrguard_local.protocol.errors import Answer
from emrguard_local.protocol.routing import Routed


def serialize_result(output: Mapping[str, Any], routed: Routed, request_id: str) -> Answer:
    """The output of an operation as an HTTP answer."""
    serializer = get_serializer_class(routed.service, routed.protocol)(
        routed.operation, SerializationContext(request_id)
    )
    made = serializer.serialize(dict(output))
    body = made["body"]
    return Answer(
        made["status_code"],
        dict(made["headers"]) | {"x-amzn-RequestId": request_id},
        body.encode() if isinstance(body, str) else body,
    )


@functools.cache
def _parser(protocol: str) -> Any:
    return create_parser(protocol)


def parse_answer(answer: Answer, routed: Routed) -> dict[str, Any]:
    """An answer as botocore would hand it to its caller; errors under `Error`. Streams are left out."""
    shape = routed.operation.output_shape
    if routed.operation.has_streaming_output and answer.status < 300:
        return {}
    response = {"status_code": answer.status, "headers": _Headers(answer.headers), "body": answer.body}
    try:
        parsed: dict[str, Any] = _parser(routed.protocol).parse(response, shape)
    except (ResponseParserError, ValueError, KeyError):
        return {}
    parsed.pop("ResponseMetadata", None)
    return parsed


class _Headers(dict[str, str]):
    """Headers that are found in any spelling."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__({name.lower(): value for name, value in headers.items()})

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.lower())

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())
