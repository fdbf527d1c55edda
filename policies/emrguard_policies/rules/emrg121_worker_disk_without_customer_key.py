"""Shuffle data and spilled tables stand on the disks of workers, under a key of the service unless you name yours.

CloudFormation has no property for that key. A custom resource sets it for the application
(`diskEncryptionConfiguration` of UpdateApplication), or every job names it in its configurationOverrides.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.rules import custom_resources, jobs
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context
from emrguard_policies.rules.jobs import Job

_MEMBER = "configurationOverrides.diskEncryptionConfiguration.encryptionKeyArn"


def check(context: Context) -> Iterator[Violation]:
    """Applications for whose disks neither a custom resource nor every job names a key."""
    for application in context.applications:
        said = custom_resources.of_application(context, application).says("diskencryption")
        started = context.once(_started).get(application, [])
        if said or (started and all(job.get(_MEMBER) for job in started)):
            continue
        if said is None:
            yield Violation(application, "", "whether a key is set depends on the deployment", undecided=True)
        else:
            yield Violation(application, "", "no custom resource sets diskEncryptionConfiguration for it")


def _started(context: Context) -> dict[Resource, list[Job]]:
    found: dict[Resource, list[Job]] = {}
    for job in jobs.jobs(context):
        if job.application is not None:
            found.setdefault(job.application, []).append(job)
    return found


RULE = Rule(
    id="EMRG121",
    name="worker-disk-without-customer-key",
    severity="info",
    title="Disks of workers without a customer managed key",
    rationale=__doc__,
    mend="Set diskEncryptionConfiguration by a custom resource, or in each job's configurationOverrides.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/disk-encryption-cmk.html",
    frameworks={"AWS Well-Architected": ("SEC08-BP02",), "NIST 800-53 r5": ("SC-28(1)",)},
    check=check,
)
