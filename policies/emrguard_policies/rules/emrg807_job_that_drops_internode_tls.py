"""A job that sends the classification `spark-defaults` replaces that of its application: TLS between workers is gone.

Up to emr-spark-8.0 a classification of the job replaces the application's as a whole, so that a job which only wants
more memory drops `spark.ssl.internode.enabled`. From emr-spark-8.1 on they are merged, and only a job that says false
turns it off. `--conf` in sparkSubmitParameters beats both. No IAM condition forbids any of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emrguard_policies import releases
from emrguard_policies.rules import jobs
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.configurations import INTERNODE_TLS, spark_default
from emrguard_policies.rules.context import Context
from emrguard_policies.rules.jobs import Job

_CONFIGURATION = "configurationOverrides.applicationConfiguration"
_SUBMIT = "jobDriver.sparkSubmit.sparkSubmitParameters"
_AUTHENTICATE = "spark.authenticate"
_REPLACES_ALL, _MERGES = (8, 0, 0), (8, 1, 0)


def check(context: Context) -> Iterator[Violation]:
    """Spark jobs that drop or turn off what protects the traffic between workers."""
    for job in jobs.spark_jobs(context):
        if not _is_guarded(context, job):
            continue
        for path in (_SUBMIT, _CONFIGURATION):
            if context.unknown(job.get(path)):
                message = f"whether it turns {INTERNODE_TLS} off is known only later"
                yield Violation(job.resource, job.where(path), message, undecided=True)
        for setting in (INTERNODE_TLS, _AUTHENTICATE):
            yield from _judge(context, job, setting)


def _is_guarded(context: Context, job: Job) -> bool:
    """Whether the application may have TLS on; where it has not, EMRG105 speaks."""
    if job.application is None:
        return True
    if context.engine(job.application) == "HIVE":
        return False
    value = spark_default(context.get(job.application, "RuntimeConfiguration"), INTERNODE_TLS)
    return context.unknown(value) or context.flag(value) is True


def _judge(context: Context, job: Job, setting: str) -> Iterator[Violation]:
    submitted = jobs.settings(job).get(setting)
    path, value = (_SUBMIT, submitted) if submitted is not None else (_CONFIGURATION, _configured(job, setting))
    where = job.where(path)
    if context.unknown(value):
        yield Violation(job.resource, where, f"{setting} is known only later", undecided=True)
    elif value is not None and context.flag(value) is not True:
        yield Violation(job.resource, where, f"{setting} is {context.shown(value)}")
    elif value is None and setting == INTERNODE_TLS and _replaces(context, job):
        yield Violation(job.resource, where, f"the job's configuration replaces the application's, without {setting}")


def _configured(job: Job, setting: str) -> Any:
    configuration = job.get(_CONFIGURATION)
    return spark_default(configuration, setting) if isinstance(configuration, list) else None


def _replaces(context: Context, job: Job) -> bool:
    """Whether the job's configuration takes the place of the application's spark-defaults."""
    sent = jobs.classifications(job)
    label = context.get(job.application, "ReleaseLabel") if job.application is not None else None
    version = releases.version(label) if isinstance(label, str) else None
    if version is not None and version >= _MERGES:
        return False
    return "spark-defaults" in sent or (version == _REPLACES_ALL and bool(sent))


RULE = Rule(
    id="EMRG807",
    name="job-that-drops-internode-tls",
    severity="error",
    title="Job that drops the mutual TLS of its application",
    rationale=__doc__,
    mend=(
        "Repeat spark.ssl.internode.enabled: true in the job's spark-defaults, or send single settings with --conf in "
        "sparkSubmitParameters."
    ),
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/default-configs.html",
    frameworks={"AWS Well-Architected": ("SEC09-BP02",), "NIST 800-53 r5": ("SC-8(1)", "CM-6")},
    check=check,
)
