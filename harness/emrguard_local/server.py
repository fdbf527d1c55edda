"""The server process of a local cloud: `python -m emrguard_local.server`.

It prints one line of JSON on stdout when it is ready, and ends when its stdin is closed, which happens whenever the
process that started it ends, however it ends.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from emrguard_local.alerting.alerting import Alerting
from emrguard_local.credentials import Credentials
from emrguard_local.front import Front, JudgesCalls
from emrguard_local.host import Host, Service
from emrguard_local.http_server import RequestHandler, Server
from emrguard_local.identity import Identities
from emrguard_local.moto_app import MotoApp
from emrguard_local.service_roles import ServiceRoles
from emrguard_local.sts import Sts
from emrguard_local.trail.delivery import Trails

ACCOUNT_ID = "123456789012"
PARTITION = "aws"
ADDRESS = "127.0.0.1"

_LOG = logging.getLogger(__name__)
_PARENT_SECONDS = 1.0


class LocalServer:
    """The server inside this process.

    Args:
        state_dir: where services keep their files.
        region: the region of the services that we implement ourselves.
        port: the port on 127.0.0.1; 0 for a free one.
        make_authorizer: makes the judge of every call; by default `emrguard_local.authorizer.Authorizer`.
        make_services: makes our own services, by botocore's name; by default EMR Serverless with its engines,
            Lambda and Macie.
    """

    def __init__(
        self,
        state_dir: Path,
        region: str,
        port: int = 0,
        *,
        make_authorizer: Callable[[str, str, str], JudgesCalls] | None = None,
        make_services: Callable[[Host], Mapping[str, Service]] | None = None,
    ) -> None:
        identities = Identities(ACCOUNT_ID, PARTITION)
        authorizer: Any = (make_authorizer or _authorizer)(ACCOUNT_ID, region, PARTITION)
        moto = MotoApp(ACCOUNT_ID)
        self.alerting = Alerting(ACCOUNT_ID, PARTITION, authorizer)
        self.trails = Trails(ACCOUNT_ID, region, PARTITION, authorizer, self.alerting)
        roles = ServiceRoles(identities, authorizer, self.trails, ACCOUNT_ID, region, PARTITION)
        self._server = Server(ADDRESS, port, _not_ready, handler=RequestHandler)
        self.endpoint_url = f"http://{ADDRESS}:{self._server.server_port}"
        self.admin: Credentials = identities.create_admin()
        host = Host(self.endpoint_url, ACCOUNT_ID, region, PARTITION, state_dir, roles.assume)
        front = Front(host, identities, authorizer, moto, self.trails.record)
        front.services["sts"] = Sts(identities)
        for name, service in (make_services or _services)(host).items():
            front.services[name] = service
            if hasattr(service, "describe_resource"):
                # So that conditions on the tags of its resources are judged.
                authorizer.sources[name] = service
        front.operations["cloudtrail", "GetTrailStatus"] = self.trails.status
        front.operations["cloudtrail", "PutEventSelectors"] = self.trails.put_event_selectors
        self._front = front
        self.alerting.start()
        self.trails.start(host)
        self._server.app = front
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True, name="server")

    def start(self) -> None:
        """Answer requests from now on."""
        self._thread.start()

    def stop(self) -> None:
        """End the services with all that they run, deliver what is recorded, close the port."""
        for name, service in self._front.services.items():
            try:
                service.close()
            except Exception:  # noqa: BLE001  (the others must be closed too)
                _LOG.exception("closing %s failed", name)
        self.trails.stop()
        self.alerting.stop()
        self._server.shutdown()
        self._server.server_close()


def _authorizer(account_id: str, region: str, partition: str) -> JudgesCalls:
    from emrguard_local.authorizer import Authorizer

    made: JudgesCalls = Authorizer(account_id, region, partition)
    return made


def _services(host: Host) -> Mapping[str, Service]:
    from emrguard_local.emr_serverless.service import EmrServerless
    from emrguard_local.engines.spark import SparkEngine
    from emrguard_local.functions.service import Functions
    from emrguard_local.macie.service import Macie

    return {"emr-serverless": EmrServerless(host, [SparkEngine()]), "lambda": Functions(host), "macie2": Macie(host)}


def _not_ready(_: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("503 Service Unavailable", [])
    return []


def main(arguments: list[str] | None = None, **parts: Any) -> None:
    """Run the server until stdin is closed or a signal comes; `parts` are keyword arguments of `LocalServer`."""
    parser = argparse.ArgumentParser(prog="python -m emrguard_local.server")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0: a free one")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--state-dir", type=Path, help="where services keep their files; default: a temporary one")
    asked = parser.parse_args(arguments)
    # Ctrl-C in a terminal reaches this process too; the one that started it decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    parent = os.getppid()
    threading.Thread(target=_watch_stdin, args=(ended,), daemon=True, name="stdin").start()
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    with tempfile.TemporaryDirectory(prefix="emrguard-") as temporary:
        server = LocalServer(asked.state_dir or Path(temporary), asked.region, asked.port, **parts)
        server.start()
        ready = {
            "endpoint": server.endpoint_url,
            "account": ACCOUNT_ID,
            "region": asked.region,
            "access_key_id": server.admin.access_key_id,
            "secret_access_key": server.admin.secret_access_key,
            "time": datetime.now(UTC).isoformat(),
        }
        with suppress(BrokenPipeError):
            print(json.dumps(ready), flush=True)
        # Nobody reads stdout from now on; moto prints there.
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        # The pipe tells of the parent's end at once, unless a fork of the parent holds it open as well.
        while not ended.wait(_PARENT_SECONDS) and os.getppid() == parent:
            pass
        server.stop()


def _watch_stdin(ended: threading.Event) -> None:
    with suppress(OSError, ValueError):
        while os.read(sys.stdin.fileno(), 4096):
            pass
    ended.set()


if __name__ == "__main__":
    main()
