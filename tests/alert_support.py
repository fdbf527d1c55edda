"""A subscriber to a topic: a small HTTP server that keeps what it is sent."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Subscriber:
    """What a topic has sent, message by message."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self._changed = threading.Condition()

    def add(self, body: bytes) -> None:
        """Keep one notification."""
        with self._changed:
            self.messages.append(json.loads(json.loads(body)["Message"]))
            self._changed.notify_all()

    def wait_for(self, wanted: Callable[[dict[str, Any]], bool], seconds: float = 30) -> dict[str, Any]:
        """The first message that is wanted, as soon as it is there."""
        end = time.monotonic() + seconds
        with self._changed:
            while True:
                found = next((each for each in self.messages if wanted(each)), None)
                if found is not None:
                    return found
                left = end - time.monotonic()
                assert left > 0, self.messages
                self._changed.wait(left)


@contextmanager
def subscribed(sns: Any, topic: str) -> Iterator[Subscriber]:
    """Subscribe to a topic for a while."""
    subscriber = Subscriber()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            subscriber.add(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Tests print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    made = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"http://127.0.0.1:{server.server_port}/")
    try:
        yield subscriber
    finally:
        sns.unsubscribe(SubscriptionArn=made["SubscriptionArn"])
        server.shutdown()
        server.server_close()
