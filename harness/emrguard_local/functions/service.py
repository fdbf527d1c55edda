"""Lambda as the local cloud's front calls it: functions are created, described and invoked, and nothing more.

An invocation runs in the Python that runs the local cloud, whichever version the function's runtime has, with a session
of the function's role: all its calls come back to the local cloud, are judged and recorded.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import logging
import re
import secrets
import threading
import time
import uuid
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from emrguard_local.call import Call
from emrguard_local.credentials import Credentials
from emrguard_local.emr_serverless.logs import batches
from emrguard_local.functions.process import Outcome, Processes
from emrguard_local.host import Host, ServiceError

SERVICE = "lambda.amazonaws.com"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_RUNTIME = re.compile(r"python3\.\d+")
_MODELLED = {
    "Architectures", "Code", "Description", "Environment", "FunctionName", "Handler", "LoggingConfig", "MemorySize",
    "PackageType", "Publish", "Role", "Runtime", "Tags", "Timeout",
}  # fmt: skip
_TAIL = 4096
"""Characters of the log that an invocation gives back."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Function:
    configuration: dict[str, Any]
    code: bytes
    variables: Mapping[str, str]
    tags: Mapping[str, str]


class Functions:
    """The service."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._functions: dict[str, _Function] = {}
        self._lock = threading.Lock()
        self._processes = Processes()
        self._operations: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "CreateFunction": self._create,
            "GetFunction": self._get,
            "Invoke": self._invoke,
        }

    def handle(self, call: Call) -> Mapping[str, Any]:
        """Carry out an authorized call.

        Raises:
            ServiceError: the service refuses it, or the local cloud does not have the operation.
        """
        operation = self._operations.get(call.operation)
        if operation is None:
            raise _unsupported(f"{call.operation} of Lambda")
        return operation(call.parameters)

    def describe_resource(self, arn: str) -> Mapping[str, Any] | None:
        """The tags of a function, for the authorizer."""
        function = self._functions.get(arn.rpartition(":")[2])
        return None if function is None else {"tags": dict(function.tags)}

    def close(self) -> None:
        """End the invocations that run."""
        self._processes.close()

    def _create(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        for name in sorted(set(asked) - _MODELLED):
            raise _unsupported(f"{name} of a function")
        name, runtime, code = asked["FunctionName"], asked.get("Runtime", ""), asked.get("Code", {}).get("ZipFile")
        seconds = asked.get("Timeout", 3)
        if not _NAME.fullmatch(name):
            raise _invalid(f"FunctionName is {name!r}; use up to 64 letters, digits, _ and -")
        if asked.get("PackageType", "Zip") != "Zip" or code is None:
            raise _unsupported("a function whose code is not in Code.ZipFile")
        if not _RUNTIME.fullmatch(runtime):
            raise _unsupported(f"the runtime {runtime or '(none)'}, only python3.*,")
        if not 1 <= seconds <= 900:
            raise _invalid(f"Timeout is {seconds}; use 1 to 900 seconds")
        if not zipfile.is_zipfile(io.BytesIO(code)):
            raise _invalid("Code.ZipFile is not a zip archive")
        host = self._host
        configuration = {
            "FunctionName": name,
            "FunctionArn": f"arn:{host.partition}:lambda:{host.region}:{host.account_id}:function:{name}",
            "Runtime": runtime,
            "Role": asked["Role"],
            "Handler": asked["Handler"],
            "Description": asked.get("Description", ""),
            "Timeout": seconds,
            "MemorySize": asked.get("MemorySize", 128),
            "Architectures": asked.get("Architectures", ["x86_64"]),
            "CodeSize": len(code),
            "CodeSha256": base64.b64encode(hashlib.sha256(code).digest()).decode(),
            "LastModified": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
            "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"} | asked.get("LoggingConfig", {}),
            "PackageType": "Zip",
            "Version": "$LATEST",
            "State": "Active",
            "LastUpdateStatus": "Successful",
        }
        variables = asked.get("Environment", {}).get("Variables", {})
        if variables:
            configuration["Environment"] = {"Variables": variables}
        with self._lock:
            if name in self._functions:
                raise ServiceError("ResourceConflictException", f"Function already exist: {name}", 409)
            self._functions[name] = _Function(configuration, code, variables, asked.get("Tags", {}))
        return configuration

    def _get(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        function = self._function(asked)
        return {"Configuration": function.configuration, "Tags": dict(function.tags)}

    def _function(self, asked: Mapping[str, Any]) -> _Function:
        if asked.get("Qualifier") not in (None, "$LATEST"):
            raise _unsupported("a version or alias of a function")
        name = asked["FunctionName"].rpartition(":")[2]
        function = self._functions.get(name)
        if function is None or asked["FunctionName"] not in (name, function.configuration["FunctionArn"]):
            raise ServiceError("ResourceNotFoundException", f"Function not found: {asked['FunctionName']}", 404)
        return function

    def _invoke(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        function = self._function(asked)
        if asked.get("InvocationType", "RequestResponse") != "RequestResponse":
            raise _unsupported("an asynchronous invocation")
        try:
            event = json.loads(asked.get("Payload") or b"{}")
        except ValueError as error:
            raise ServiceError("InvalidRequestContentException", f"The payload is not JSON: {error}", 400) from error
        configuration = function.configuration
        credentials = self._assume(configuration)
        request_id = str(uuid.uuid4())
        invocation = {
            "arn": configuration["FunctionArn"],
            "event": event,
            "handler": configuration["Handler"],
            "log_group": configuration["LoggingConfig"]["LogGroup"],
            "log_stream": f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{secrets.token_hex(16)}",
            "memory": configuration["MemorySize"],
            "name": configuration["FunctionName"],
            "request_id": request_id,
            "seconds": configuration["Timeout"],
        }
        begun = time.monotonic()
        outcome = self._processes.run(function.code, invocation, self._environment(function, invocation, credentials))
        log = _log(outcome, request_id, time.monotonic() - begun)
        undelivered = self._deliver(log, invocation, credentials)
        if undelivered:
            log.append(undelivered)
        answer: dict[str, Any] = {
            "StatusCode": 200,
            "ExecutedVersion": "$LATEST",
            "Payload": outcome.payload.encode(),
        }
        if outcome.failed:
            answer["FunctionError"] = "Unhandled"
        if asked.get("LogType") == "Tail":
            answer["LogResult"] = base64.b64encode("\n".join(log)[-_TAIL:].encode()).decode()
        return answer

    def _assume(self, configuration: Mapping[str, Any]) -> Credentials:
        try:
            return self._host.assume_for_service(
                SERVICE, configuration["Role"], configuration["FunctionName"], context={}
            )
        except ServiceError as error:
            said = f"The role defined for the function cannot be assumed by Lambda: {error.message}"
            raise ServiceError("AccessDeniedException", said, 403) from error

    def _environment(
        self, function: _Function, invocation: Mapping[str, Any], credentials: Credentials
    ) -> dict[str, str]:
        """https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html and the way to the local cloud."""
        return {
            **function.variables,
            "AWS_ACCESS_KEY_ID": credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
            "AWS_SESSION_TOKEN": credentials.session_token or "",
            "AWS_REGION": self._host.region,
            "AWS_DEFAULT_REGION": self._host.region,
            "AWS_ENDPOINT_URL": self._host.endpoint_url,
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_LAMBDA_FUNCTION_NAME": str(invocation["name"]),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(invocation["memory"]),
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_LOG_GROUP_NAME": str(invocation["log_group"]),
            "AWS_LAMBDA_LOG_STREAM_NAME": str(invocation["log_stream"]),
            "LANG": "en_US.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "TZ": ":UTC",
        }

    def _deliver(self, log: list[str], invocation: Mapping[str, Any], credentials: Credentials) -> str:
        """Write the log with the role's rights, as Lambda does; says why it could not be written, if so."""
        client = self._host.client("logs", credentials)
        group, stream = invocation["log_group"], invocation["log_stream"]
        try:
            client.create_log_stream(logGroupName=group, logStreamName=stream)
            for batch in batches(log, int(time.time() * 1000)):
                client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=batch)
        except (ClientError, BotoCoreError) as error:
            _LOG.warning("log of %s: %s", invocation["name"], error)
            return f"(this log could not be delivered to {group}: {error})"
        return ""


def _log(outcome: Outcome, request_id: str, seconds: float) -> list[str]:
    failure = [outcome.payload] if outcome.failed and "Traceback" not in outcome.printed else []
    return [
        f"START RequestId: {request_id} Version: $LATEST",
        *outcome.printed.splitlines(),
        *failure,
        f"END RequestId: {request_id}",
        f"REPORT RequestId: {request_id} Duration: {1000 * seconds:.2f} ms",
    ]


def _unsupported(what: str) -> ServiceError:
    said = f"{what} is not supported by the local cloud; it has Lambda for custom resources only"
    return ServiceError("UnsupportedByLocalCloud", said, 501)


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidParameterValueException", message, 400)
