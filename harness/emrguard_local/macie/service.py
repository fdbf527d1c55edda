"""Macie as the local cloud's front calls it: it is turned on, and keeps custom data identifiers and discovery jobs.

Nothing looks for sensitive data: a job that Macie would run at once stays RUNNING, and no job ever has a finding.
https://docs.aws.amazon.com/macie/latest/APIReference/welcome.html
"""

from __future__ import annotations

import secrets
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from emrguard_local.call import Call
from emrguard_local.emr_serverless.errors import conflict, not_found, unsupported, validation
from emrguard_local.emr_serverless.idempotency import ClientTokens
from emrguard_local.emr_serverless.pages import page
from emrguard_local.emr_serverless.shapes import validate_parameters
from emrguard_local.emr_serverless.tags import check_new
from emrguard_local.host import Host, ServiceError

_SERVICE = "macie2"
_MOST_BUCKETS = 1000
_INSTEAD = "it has what CloudFormation and `Macie` of emrguard call"
_BECOMES = {
    "CANCELLED": ("IDLE", "PAUSED", "RUNNING", "USER_PAUSED"),
    "RUNNING": ("USER_PAUSED",),
    "USER_PAUSED": ("IDLE", "PAUSED", "RUNNING"),
}
"""The states out of which UpdateClassificationJob leads into each one that it takes."""


@dataclass
class _Job:
    number: int
    asked: dict[str, Any]
    facts: dict[str, Any]

    @property
    def described(self) -> dict[str, Any]:
        return self.asked | self.facts


class Macie:
    """The service."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._lock = threading.Lock()
        self._clear()
        self._operations: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "GetMacieSession": lambda _: dict(self._session),
            "DisableMacie": self._disable,
            "CreateCustomDataIdentifier": self._create_identifier,
            "GetCustomDataIdentifier": lambda asked: dict(self._find(self._identifiers, asked["id"], "identifier")),
            "CreateClassificationJob": self._create_job,
            "DescribeClassificationJob": lambda asked: self._find(self._jobs, asked["jobId"], "job").described,
            "UpdateClassificationJob": self._update_job,
            "ListClassificationJobs": self._list_jobs,
        }

    def handle(self, call: Call) -> Mapping[str, Any]:
        """Carry out an authorized call.

        Raises:
            ServiceError: the service refuses it, or the local cloud does not have the operation.
        """
        if call.operation != "EnableMacie" and call.operation not in self._operations:
            raise unsupported(f"{call.operation} of Macie", _INSTEAD)
        validate_parameters(call.operation, call.parameters, _SERVICE)
        with self._lock:
            if call.operation == "EnableMacie":
                return self._enable(call.parameters)
            if not self._session:
                raise ServiceError("AccessDeniedException", "Macie is not enabled", 403)
            return self._operations[call.operation](call.parameters)

    def describe_resource(self, arn: str) -> Mapping[str, Any] | None:
        """The tags of a job or an identifier, for the authorizer."""
        kind, _, name = arn.rpartition(":")[2].partition("/")
        job, identifier = self._jobs.get(name), self._identifiers.get(name)
        if kind == "classification-job" and job is not None:
            return {"tags": dict(job.asked.get("tags", {}))}
        if kind == "custom-data-identifier" and identifier is not None:
            return {"tags": dict(identifier.get("tags", {}))}
        return None

    def close(self) -> None:
        """Nothing runs."""

    def _clear(self) -> None:
        self._session: dict[str, Any] = {}
        self._identifiers: dict[str, dict[str, Any]] = {}
        self._jobs: dict[str, _Job] = {}
        self._tokens = ClientTokens()

    def _arn(self, resource: str) -> str:
        host = self._host
        return f"arn:{host.partition}:{_SERVICE}:{host.region}:{host.account_id}:{resource}"

    def _enable(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        if self._session:
            raise conflict("Macie has already been enabled")
        host, now = self._host, datetime.now(UTC)
        role = "aws-service-role/macie.amazonaws.com/AWSServiceRoleForAmazonMacie"
        self._session = {
            "createdAt": now,
            "findingPublishingFrequency": asked.get("findingPublishingFrequency", "FIFTEEN_MINUTES"),
            "serviceRole": f"arn:{host.partition}:iam::{host.account_id}:role/{role}",
            "status": asked.get("status", "ENABLED"),
            "updatedAt": now,
        }
        return {}

    def _disable(self, _: Mapping[str, Any]) -> dict[str, Any]:
        self._clear()
        return {}

    def _find(self, known: Mapping[str, Any], name: str, kind: str) -> Any:
        if name not in known:
            raise not_found(f"The {kind} {name} does not exist in this account and Region")
        return known[name]

    def _create_identifier(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        # CloudFormation's own tags, which begin with aws:, come this way, too.
        def make() -> dict[str, Any]:
            name = str(uuid.uuid4())
            kept = {key: value for key, value in asked.items() if key != "clientToken"}
            made = {"id": name, "arn": self._arn(f"custom-data-identifier/{name}"), "createdAt": datetime.now(UTC)}
            self._identifiers[name] = {**kept, **made, "deleted": False}
            return {"customDataIdentifierId": name}

        return self._tokens.once("identifier", asked, make) if asked.get("clientToken") else make()

    def _create_job(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        check_new(asked.get("tags", {}))
        self._check_buckets(asked["s3JobDefinition"])
        recurring, schedule = asked["jobType"] == "SCHEDULED", asked.get("scheduleFrequency")
        if recurring != (schedule is not None and len(schedule) == 1):
            raise validation("a SCHEDULED job has one scheduleFrequency, a ONE_TIME job has none")
        if "initialRun" in asked and not recurring:
            raise validation("initialRun is for SCHEDULED jobs only")
        if not 1 <= asked.get("samplingPercentage", 100) <= 100:
            raise validation(f"samplingPercentage is {asked['samplingPercentage']}; it must be 1 to 100")
        for identifier in asked.get("customDataIdentifierIds", []):
            self._find(self._identifiers, identifier, "custom data identifier")
        if asked.get("managedDataIdentifierSelector") == "NONE" and not asked.get("customDataIdentifierIds"):
            raise validation("managedDataIdentifierSelector NONE needs customDataIdentifierIds")

        def make() -> dict[str, Any]:
            name = secrets.token_hex(16)
            facts = {
                "jobId": name,
                "jobArn": self._arn(f"classification-job/{name}"),
                "createdAt": datetime.now(UTC),
                "jobStatus": "IDLE" if recurring and not asked.get("initialRun") else "RUNNING",
                "lastRunErrorStatus": {"code": "NONE"},
            }
            self._jobs[name] = _Job(len(self._jobs), dict(asked), facts)
            return {"jobId": name, "jobArn": facts["jobArn"]}

        return self._tokens.once("job", asked, make)

    def _check_buckets(self, definition: Mapping[str, Any]) -> None:
        listed = definition.get("bucketDefinitions")
        if not listed:
            raise unsupported("a job without bucketDefinitions", _INSTEAD)
        foreign = [each["accountId"] for each in listed if each["accountId"] != self._host.account_id]
        if foreign:
            raise validation(f"bucketDefinitions name the account {foreign[0]}, which this one does not administer")
        count = sum(len(each["buckets"]) for each in listed)
        if not 1 <= count <= _MOST_BUCKETS:
            raise validation(f"bucketDefinitions name {count} buckets; a job takes 1 to {_MOST_BUCKETS}")

    def _update_job(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        job, status = self._find(self._jobs, asked["jobId"], "job"), asked["jobStatus"]
        if job.facts["jobStatus"] not in _BECOMES.get(status, ()):
            was = job.facts["jobStatus"].lower()
            raise validation(f"cannot update {was} job for job {asked['jobId']} to {status}")
        job.facts["jobStatus"] = status
        return {}

    def _list_jobs(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        criteria = asked.get("filterCriteria", {})
        if "sortCriteria" in asked:
            raise unsupported("sortCriteria of ListClassificationJobs", _INSTEAD)
        includes, excludes = criteria.get("includes", []), criteria.get("excludes", [])
        fitting = [
            job
            for job in self._jobs.values()
            if all(_fits(job, term) for term in includes) and not any(_fits(job, term) for term in excludes)
        ]
        listed, more = page(fitting, asked, "jobs")
        shown = ("createdAt", "jobId", "jobStatus", "jobType", "lastRunErrorStatus", "name")
        items = [
            {key: job.described[key] for key in shown}
            | {"bucketDefinitions": job.asked["s3JobDefinition"]["bucketDefinitions"]}
            for job in listed
        ]
        return {"items": items, **more}


def _fits(job: _Job, term: Mapping[str, Any]) -> bool:
    if term.get("comparator") != "EQ" or term.get("key") == "createdAt":
        raise unsupported(f"the filter {dict(term)} of ListClassificationJobs", _INSTEAD)
    return bool(job.described[term["key"]] in term.get("values", []))
