"""Moto's services, called with requests that have been judged."""

from __future__ import annotations

import io
import os
import threading
from typing import Any

from flask import Flask
from moto.iam.access_control import PermissionResult
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import FakeBucket

from emrguard_local.host import ServiceError
from emrguard_local.protocol.errors import Answer
from emrguard_local.protocol.incoming import Incoming
from emrguard_local.protocol.routing import Routed

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class MotoApp:
    """Moto's application of each service, made when first asked for."""

    def __init__(self, account_id: str) -> None:
        # Moto would otherwise look every access key up in every account, and obey a header that names the account.
        os.environ["MOTO_ACCOUNT_ID"] = account_id
        # Moto reads bucket policies without their conditions; what comes here has been judged.
        setattr(FakeBucket, "get_permission", _permitted)  # noqa: B010  (a method of moto's class)
        self._dispatcher = DomainDispatcherApplication(create_backend_app)
        self._apps: dict[str, Flask] = {}
        self._lock = threading.Lock()

    def call(self, incoming: Incoming, routed: Routed, signing_name: str, region: str) -> Answer:
        """Let moto carry out the operation.

        Raises:
            ServiceError: moto does not have the service or the operation.
        """
        app = self._app(routed.service, signing_name, region)
        environ = self._environ(incoming, routed, signing_name, region)
        answered: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
            answered.append((status, headers))
            return None

        try:
            chunks = app(environ, start_response)
            body = b"".join(chunks)
        except NotImplementedError as error:
            raise unsupported(routed) from error
        status, headers = answered[-1]
        code = int(status[:3])
        if code == 404 and not body and incoming.method != "HEAD":
            # That is how moto answers paths that it does not know.
            raise unsupported(routed)
        return Answer(code, dict(headers), body)

    def _app(self, service: str, signing_name: str, region: str) -> Flask:
        app = self._apps.get(service)
        if app is None:
            with self._lock:
                backend = self._dispatcher.get_backend_for_host(_host(signing_name, region))
                if backend is None:
                    raise ServiceError(
                        "UnsupportedByLocalCloud", f"The local cloud does not have the service {service}.", 501
                    )
                app = self._apps[service] = create_backend_app(backend)
        return app

    @staticmethod
    def _environ(incoming: Incoming, routed: Routed, signing_name: str, region: str) -> dict[str, Any]:
        """The request without what would let moto read another operation, region or account out of it."""
        environ = dict(incoming.environ)
        environ["wsgi.input"] = io.BytesIO(incoming.body)
        environ["CONTENT_LENGTH"] = str(len(incoming.body))
        environ.pop("HTTP_X_MOTO_ACCOUNT_ID", None)
        environ.pop("werkzeug.request", None)
        if "HTTP_AUTHORIZATION" not in environ and "X-Amz-Credential" in incoming.query:
            # Moto looks for the caller's key and region there.
            environ["HTTP_AUTHORIZATION"] = f"AWS4-HMAC-SHA256 Credential={incoming.query['X-Amz-Credential']}, "
        if routed.service == "s3":
            if environ.get("CONTENT_TYPE", "").startswith(_FORMS):
                # Moto would read the object as a form, and take parameters from it.
                environ["CONTENT_TYPE"] = "binary/octet-stream"
            return environ
        # Moto takes the region out of the host.
        environ["HTTP_HOST"] = _host(signing_name, region)
        if routed.protocol == "json":
            # With an Action in the URL moto does not look for one inside the body.
            environ["QUERY_STRING"] = f"Action={routed.operation.name}"
        else:
            environ.pop("HTTP_X_AMZ_TARGET", None)
            if routed.protocol == "rest-json" and not environ["QUERY_STRING"]:
                environ["QUERY_STRING"] = f"x-id={routed.operation.name}"
        return environ


def _permitted(_bucket: FakeBucket, _action: str, _resource: str) -> PermissionResult:
    return PermissionResult.PERMITTED


def _host(signing_name: str, region: str) -> str:
    return f"{signing_name}.{region}.amazonaws.com"


def unsupported(routed: Routed) -> ServiceError:
    """AWS has the operation, the local cloud does not."""
    return ServiceError(
        "UnsupportedByLocalCloud", f"The local cloud does not support {routed.operation.name} of {routed.service}.", 501
    )
