"""A bucket or log group that no template of the assembly defines may be anybody's, and so may be what the job prints.

The rule judges marked applications. An application of no tenant may log to a bucket that stands elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_S3 = "MonitoringConfiguration.S3MonitoringConfiguration.LogUri"
_GROUP = "MonitoringConfiguration.CloudWatchLoggingConfiguration.LogGroupName"


def check(context: Context) -> Iterator[Violation]:
    """Marked applications that log to a bucket or a log group of nobody, or of another tenant."""
    for application in context.applications:
        tenant = application.mark.tenant
        for path in (_S3, _GROUP) if tenant else ():
            value = context.get(application, path)
            if not isinstance(value, str) or not value:
                continue
            name = value.removeprefix("s3://").partition("/")[0] if path == _S3 else value
            target = context.log_group(application) if path == _GROUP else context.resolver.find(name)
            if target is not None and target.mark.tenant == tenant:
                continue
            if target is None and context.unknown(name):
                yield Violation(application, path, "where the logs go depends on the deployment", undecided=True)
            else:
                whose = "is not in the assembly" if target is None else "is not the tenant's"
                yield Violation(application, path, f"{context.shown(value)} {whose}")


RULE = Rule(
    id="EMRG454",
    name="logs-that-leave-the-tenant",
    severity="warning",
    title="Application of a tenant whose logs go where the assembly does not say",
    rationale=__doc__,
    mend="Log to the tenant's own bucket and log group.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/logging.html",
    frameworks={"NIST 800-53 r5": ("AU-9", "AC-4")},
    check=check,
)
