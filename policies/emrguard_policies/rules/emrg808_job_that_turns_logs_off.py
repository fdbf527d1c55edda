"""The monitoring configuration of a job beats that of its application, sink by sink.

A job that sends `enabled: false`, or an empty S3 configuration, leaves no trace in the place where people look for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from emrguard_policies.rules import jobs
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context
from emrguard_policies.rules.jobs import Job

_MEMBER = "configurationOverrides.monitoringConfiguration"
_SWITCHES = ("managedPersistenceMonitoringConfiguration", "cloudWatchLoggingConfiguration")
_S3 = "s3MonitoringConfiguration"


def check(context: Context) -> Iterator[Violation]:
    """Jobs that turn off a log that their application keeps, or may keep."""
    for job in jobs.jobs(context):
        if context.unknown(job.get(_MEMBER)):
            yield Violation(job.resource, job.where(_MEMBER), "what it turns off is known only later", undecided=True)
            continue
        for name in _SWITCHES:
            path = f"{_MEMBER}.{name}.enabled"
            value = job.get(path)
            if value is None or context.flag(value) is True or not _keeps(context, job, name, "Enabled"):
                continue
            if context.unknown(value):
                yield Violation(job.resource, job.where(path), "whether it is on is known only later", undecided=True)
            else:
                yield Violation(job.resource, job.where(path), f"{name}.enabled is {value}")
        sink = job.get(f"{_MEMBER}.{_S3}")
        if isinstance(sink, Mapping) and not jobs.member(sink, "logUri") and _keeps(context, job, _S3, "LogUri"):
            yield Violation(job.resource, job.where(f"{_MEMBER}.{_S3}"), "logUri is not set, so nothing goes to S3")


def _keeps(context: Context, job: Job, sink: str, name: str) -> bool:
    """Whether the application has the sink on, or may have."""
    if job.application is None:
        return True
    path = f"MonitoringConfiguration.{sink[:1].upper()}{sink[1:]}.{name}"
    value = context.get(job.application, path)
    if name == "LogUri":
        return context.given(job.application, path) is not False
    return sink == _SWITCHES[0] if value is None else context.flag(value) is not False


RULE = Rule(
    id="EMRG808",
    name="job-that-turns-logs-off",
    severity="error",
    title="Job that turns off logs of its application",
    rationale=__doc__,
    mend="Leave the sinks of the application out of the job's monitoringConfiguration.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/logging.html",
    frameworks={"AWS Well-Architected": ("SEC04-BP01",), "NIST 800-53 r5": ("AU-12",)},
    check=check,
)
