"""Whoever can write the entry point of a job runs code with all rights of the job's role.

A script, a library or a query that stands in the bucket of another tenant is the other tenant's to change. Resources
without a tenant's mark belong to the only application of their stack.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from emrguard_policies.assembly import Resource, Template
from emrguard_policies.rules import jobs
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context, tenant_of

_MEMBERS = (
    "jobDriver.sparkSubmit.entryPoint", "jobDriver.sparkSubmit.sparkSubmitParameters", "jobDriver.hive.query",
    "jobDriver.hive.initQueryFile",
)  # fmt: skip
_OBJECT = re.compile(r"s3[an]?://([^/\s,'\"]+)/?([^\s,'\"]*)")


def check(context: Context) -> Iterator[Violation]:
    """Jobs whose code stands in the bucket, or below the prefix, of another tenant."""
    for job in jobs.jobs(context):
        tenant = _owner(context, job.application or job.role or job.resource)
        for path in _MEMBERS:
            text = job.get(path)
            if not isinstance(text, str):
                continue
            where = job.where(path)
            if context.unknown(text):
                yield Violation(job.resource, where, "which code runs is known only later", undecided=True)
                continue
            for name, key in _OBJECT.findall(text):
                bucket = context.resolver.find(name)
                if bucket is None:
                    if len(context.applications) > 1:
                        message = f"bucket {context.shown(name)} is not in the assembly; it may be another tenant's"
                        yield Violation(job.resource, where, message, undecided=True)
                    continue
                owner = _owner_of_object(context, bucket, key)
                if tenant and owner and owner != tenant:
                    message = f"{context.shown(key)} in {bucket.logical_id} belongs to {owner}, the job to {tenant}"
                    yield Violation(job.resource, where, message)


def _owner_of_object(context: Context, bucket: Resource, key: str) -> str:
    owners = [tenant for tenant, prefixes in bucket.mark.prefixes.items() if key.startswith(prefixes)]
    if owners:
        return f"tenant {owners[0]}"
    return "" if bucket.mark.shared or bucket.mark.prefixes else _owner(context, bucket)


def _owner(context: Context, resource: Resource) -> str:
    """Whose a resource is: by its mark, or of the only application in its stack; empty where nobody can tell."""
    if resource.mark.shared:
        return ""
    beside = context.once(_by_stack).get(_top(resource.template), [])
    return tenant_of(resource) or (tenant_of(beside[0]) if len(beside) == 1 else "")


def _by_stack(context: Context) -> dict[Template, list[Resource]]:
    found: dict[Template, list[Resource]] = {}
    for application in context.applications:
        found.setdefault(_top(application.template), []).append(application)
    return found


def _top(template: Template) -> Template:
    while template.parent is not None:
        template = template.parent
    return template


RULE = Rule(
    id="EMRG804",
    name="job-code-of-another-tenant",
    severity="error",
    title="Job whose code another tenant can change",
    rationale=__doc__,
    mend="Keep the code of a tenant's jobs in a bucket, or below a prefix, that only this tenant's pipeline writes.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/security-best-practices.html",
    frameworks={"AWS Well-Architected": ("SEC11-BP06",), "NIST 800-53 r5": ("SI-7", "CM-5")},
    check=check,
)
