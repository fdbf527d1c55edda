"""The HTTP server: werkzeug's threaded one, with connections kept alive.

Werkzeug closes every connection after one answer and waits 10 ms for more input before; both cost Spark and boto3
dearly.
The front reads each body to its end, so that the next request on a connection starts where it should.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.exceptions import ClientDisconnected
from werkzeug.serving import ThreadedWSGIServer
from werkzeug.wsgi import LimitedStream

from emrguard_local.protocol.incoming import HEADERS

_LOG = logging.getLogger(__name__)
# What a peer may leave unread of a body before the connection is not worth keeping.
_DRAIN_BYTES = 1 << 20
_IDLE_SECONDS = 120
_OWN_HEADERS = {"connection", "content-length", "date", "server", "status", "transfer-encoding"}
_ONE_LINE = re.compile(r"[\r\n]+")


class RequestHandler(MotoRequestHandler):
    """Answers the requests of one connection, one after the other, without a word on stdout."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = _IDLE_SECONDS

    def make_environ(self) -> dict[str, Any]:
        """The WSGI environ, with the headers as they were sent under `emrguard.headers`."""
        environ = super().make_environ()
        environ[HEADERS] = list(self.headers.items())
        return environ

    def handle_expect_100(self) -> bool:
        """Ask for the body at once: the request is judged when it is complete."""
        self.send_response_only(HTTPStatus.CONTINUE)
        self.end_headers()
        return True

    def run_wsgi(self) -> None:
        """Answer one request."""
        environ = self.environ = self.make_environ()
        chunked = environ.get("wsgi.input_terminated", False)
        try:
            length = int(environ.get("CONTENT_LENGTH") or 0)
        except ValueError:
            length = -1
        if length < 0 or (chunked and "CONTENT_LENGTH" in environ):
            # Two lengths are how requests are smuggled.
            self.close_connection = True
            self.send_error(HTTPStatus.BAD_REQUEST)
            return
        stream = environ["wsgi.input"]
        if not chunked:
            stream = environ["wsgi.input"] = LimitedStream(stream, length)
            environ["wsgi.input_terminated"] = True
        answered: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
            answered.append((status, headers))
            return None

        try:
            answer: Iterable[bytes] = self.server.app(environ, start_response)
            body = b"".join(answer)
            if hasattr(answer, "close"):
                answer.close()
            left = stream.read(_DRAIN_BYTES + 1)
            if len(left or b"") > _DRAIN_BYTES:
                self.close_connection = True
            self._answer(*answered[-1], body)
        except (OSError, ClientDisconnected):
            self.close_connection = True
        except Exception:  # noqa: BLE001  (one request must not end the connection thread unseen)
            _LOG.exception("%s %s failed", self.command, self.path)
            self.close_connection = True

    def _answer(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        head = self.command == "HEAD"
        bodiless = status.startswith(("1", "204", "304"))
        lines = [f"HTTP/1.1 {status}", f"Date: {self.date_time_string()}"]
        length = None if bodiless else 0 if head else len(body)
        for name, value in headers:
            lowered = name.lower()
            if lowered == "content-length" and head:
                length = int(value)
            elif lowered not in _OWN_HEADERS:
                lines.append(f"{name}: {_ONE_LINE.sub(' ', str(value))}")
        if length is not None:
            lines.append(f"Content-Length: {length}")
        if self.close_connection:
            lines.append("Connection: close")
        start = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        self.wfile.write(start if head or bodiless else start + body)
        self.wfile.flush()

    def log(self, type: str, message: str, *args: Any) -> None:
        """Nothing is logged a request: the trail is the record."""


class Server(ThreadedWSGIServer):
    """A thread a connection; threads die with the process."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
