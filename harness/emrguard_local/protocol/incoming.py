"""A request as it came over the wire, read once."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from moto.core.request import Request
from werkzeug.wsgi import get_input_stream

HEADERS = "emrguard.headers"
"""Environ key under which the HTTP server leaves the headers as they came: WSGI itself forgets their spelling."""


@dataclass
class Incoming:
    """Method, raw path and query, headers as sent, and the whole body."""

    environ: dict[str, Any]
    method: str
    raw_path: str
    raw_query: str
    headers: list[tuple[str, str]]
    body: bytes
    _lower: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, environ: dict[str, Any]) -> Incoming:
        """Read the request with its body; the environ afterwards has a body that can be read again."""
        raw_path, _, raw_query = environ["RAW_URI"].partition("?")
        if "://" in raw_path:
            # The absolute form, as proxies send it.
            raw_path = "/" + raw_path.split("://", 1)[1].partition("/")[2]
        headers: list[tuple[str, str]] = environ[HEADERS]
        lower: dict[str, str] = {}
        for name, value in headers:
            name = name.lower()
            lower[name] = f"{lower[name]},{value}" if name in lower else value
        body = get_input_stream(environ).read()
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        return cls(environ, environ["REQUEST_METHOD"], raw_path, raw_query, headers, body, lower)

    def header(self, name: str, default: str = "") -> str:
        """A header by its lower-case name; repeated ones are joined with commas."""
        return self._lower.get(name, default)

    @property
    def lower_headers(self) -> dict[str, str]:
        """All headers by their lower-case names."""
        return self._lower

    @cached_property
    def query(self) -> dict[str, str]:
        """The first value of each query parameter, decoded."""
        found: dict[str, str] = {}
        for part in self.raw_query.split("&"):
            if part:
                name, _, value = part.partition("=")
                found.setdefault(unquote(name), unquote(value))
        return found

    @cached_property
    def request(self) -> Request:
        """The request as moto's router and parsers take it."""
        return Request(self.environ)
