"""A job that names its own place for logs replaces the application's, and its key with it.

The key must be named again, or the logs of this job are encrypted as the service and the bucket see fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from emrguard_policies.rules import jobs
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_MEMBER = "configurationOverrides.monitoringConfiguration"
_KEY = "encryptionKeyArn"
_SINKS = {
    "s3MonitoringConfiguration": "logUri",
    "managedPersistenceMonitoringConfiguration": "enabled",
    "cloudWatchLoggingConfiguration": "enabled",
}


def check(context: Context) -> Iterator[Violation]:
    """Sinks of a job that are on and name no key."""
    for job in jobs.jobs(context):
        for name, switch in _SINKS.items():
            path = f"{_MEMBER}.{name}"
            sink = job.get(path)
            if isinstance(sink, str):
                yield Violation(job.resource, job.where(path), "the logs' key is known only later", undecided=True)
                continue
            value = jobs.member(sink, switch) if isinstance(sink, Mapping) else None
            if value in (None, "") or context.flag(value) is False or jobs.member(sink, _KEY):
                continue
            if switch == "enabled" and context.unknown(value):
                yield Violation(job.resource, job.where(path), "whether it is on is known only later", undecided=True)
                continue
            group = jobs.member(sink, "logGroupName")
            target = context.resolver.find(group) if isinstance(group, str) else None
            if target is None or context.given(target, "KmsKeyId") is not True:
                yield Violation(job.resource, job.where(f"{path}.{_KEY}"), f"{_KEY} is not set")


RULE = Rule(
    id="EMRG811",
    name="job-logs-without-customer-key",
    severity="error",
    title="Job whose own logs have no customer managed key",
    rationale=__doc__,
    mend="Name the tenant's key in every sink of the job's monitoringConfiguration, or leave the sinks out.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/jobs-log-encryption.html",
    frameworks={"AWS Well-Architected": ("SEC08-BP02",), "NIST 800-53 r5": ("SC-28(1)", "AU-9(3)")},
    check=check,
)
