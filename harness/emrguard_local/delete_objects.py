"""S3's DeleteObjects: many keys in one call, each judged on its own.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol
from xml.sax.saxutils import escape

from emrguard_local.protocol.errors import Answer
from emrguard_local.protocol.results import parse_answer, serialize_result
from emrguard_local.protocol.routing import Routed


class RefusedObject(Protocol):
    """An object that must not be deleted, and why."""

    @property
    def key(self) -> str:
        """Its key."""
        ...

    @property
    def version_id(self) -> str | None:
        """The version, where the request names one."""
        ...

    @property
    def message(self) -> str:
        """AWS's sentence for the refusal."""
        ...


def delete_objects(
    parameters: Mapping[str, Any],
    refused: Sequence[RefusedObject],
    routed: Routed,
    request_id: str,
    delete: Callable[[bytes], Answer],
) -> Answer:
    """Delete the objects that may be deleted; the answer names the others with their errors, as AWS's does.

    `delete` carries out a request with the given body. The body is always written anew from the parameters that have
    been judged, so that no other reading of the original one counts.
    """
    asked = parameters.get("Delete") or {}
    forbidden = {(each.key, each.version_id) for each in refused}
    left = [each for each in asked.get("Objects") or [] if (each.get("Key"), each.get("VersionId")) not in forbidden]
    if not refused:
        return delete(_body(left, asked))
    output: dict[str, Any] = {}
    if left:
        answer = delete(_body(left, asked))
        output = parse_answer(answer, routed)
        if answer.status >= 300 or "Error" in output:
            return answer
    errors = [
        {"Key": each.key, "Code": "AccessDenied", "Message": each.message}
        | ({"VersionId": each.version_id} if each.version_id else {})
        for each in refused
    ]
    return serialize_result(output | {"Errors": [*output.get("Errors", []), *errors]}, routed, request_id)


def _body(objects: Sequence[Mapping[str, Any]], asked: Mapping[str, Any]) -> bytes:
    parts = ['<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">']
    for each in objects:
        parts.append(f"<Object><Key>{escape(str(each['Key']))}</Key>")
        parts += [f"<{name}>{escape(str(each[name]))}</{name}>" for name in ("VersionId", "ETag") if each.get(name)]
        parts.append("</Object>")
    parts.append(f"<Quiet>{'true' if asked.get('Quiet') else 'false'}</Quiet></Delete>")
    return "".join(parts).encode()
