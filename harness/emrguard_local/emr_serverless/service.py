"""EMR Serverless as the local cloud's front calls it: one parsed API call in, its output out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emrguard_local.call import Call
from emrguard_local.emr_serverless.applications import Applications
from emrguard_local.emr_serverless.credentials import PATH, CredentialsEndpoint
from emrguard_local.emr_serverless.errors import unsupported, validation
from emrguard_local.emr_serverless.events import Events
from emrguard_local.emr_serverless.idempotency import ClientTokens
from emrguard_local.emr_serverless.job_runs import JobRuns
from emrguard_local.emr_serverless.registry import Registry
from emrguard_local.emr_serverless.settings import Settings
from emrguard_local.emr_serverless.shapes import validate_parameters
from emrguard_local.emr_serverless.tags import Tags, check_new
from emrguard_local.engines.base import Engine
from emrguard_local.host import Host

_SESSIONS = {
    "StartSession",
    "GetSession",
    "ListSessions",
    "GetSessionEndpoint",
    "TerminateSession",
    "GetResourceDashboard",
}


class EmrServerless:
    """The service: applications and job runs, run by the first of `engines` that supports the release.

    Workers get the execution role's credentials below `/_emrguard/credentials/`, which this registers with the host.
    """

    def __init__(self, host: Host, engines: Sequence[Engine], settings: Settings | None = None) -> None:
        settings = settings or Settings()
        arn_prefix = f"arn:{host.partition}:emr-serverless:{host.region}:{host.account_id}:"
        registry = Registry()
        endpoint = CredentialsEndpoint(host.endpoint_url)
        host.routes[PATH] = endpoint
        events = Events(host.state_dir, host.account_id, host.region)
        self._tokens = ClientTokens()
        self._applications = Applications(registry, settings, arn_prefix)
        self._job_runs = JobRuns(host, engines, registry, self._applications, endpoint, events, settings)
        self._tags = tags = Tags(registry, arn_prefix)
        self._operations: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "UpdateApplication": self._applications.update,
            "GetApplication": self._applications.get,
            "ListApplications": self._applications.list,
            "StartApplication": self._applications.start,
            "StopApplication": self._applications.stop,
            "DeleteApplication": self._applications.delete,
            "GetJobRun": self._job_runs.get,
            "ListJobRuns": self._job_runs.list,
            "ListJobRunAttempts": self._job_runs.list_attempts,
            "CancelJobRun": self._job_runs.cancel,
            "GetDashboardForJobRun": self._job_runs.dashboard,
            "TagResource": tags.tag,
            "UntagResource": tags.untag,
            "ListTagsForResource": tags.list,
        }

    def handle(self, call: Call) -> Mapping[str, Any]:
        """Carry out an authorized call; the output follows botocore's output shape, times are datetimes.

        Raises:
            ServiceError: the service refuses it, with the code and status of the API model.
        """
        if call.operation in _SESSIONS:
            raise unsupported(call.operation, "interactive sessions cannot run here: submit a job run instead")
        parameters = call.parameters
        validate_parameters(call.operation, parameters)
        if call.operation == "CreateApplication":
            check_new(parameters.get("tags", {}))
            return self._tokens.once("CreateApplication", parameters, lambda: self._applications.create(parameters))
        if call.operation == "StartJobRun":
            check_new(parameters.get("tags", {}))
            if call.identity is None:
                raise validation("StartJobRun needs a signed request: it records who submitted the job run")
            caller = call.identity.principal.arn
            scope = f"StartJobRun {parameters['applicationId']}"
            return self._tokens.once(scope, parameters, lambda: self._job_runs.start(parameters, caller))
        return self._operations[call.operation](parameters)

    def describe_resource(self, arn: str) -> Mapping[str, Any] | None:
        """What the authorizer may know of an application or job run: tags, and the settings that name keys."""
        return self._tags.describe(arn)

    def close(self) -> None:
        """Cancel every job run; no process and no thread of the service is left."""
        self._job_runs.close()
        self._applications.close()
