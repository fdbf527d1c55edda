"""Whoever may call GetJobRun or read the definition of a state machine reads the parameters of a job.

So do its history, the trail and the Spark UI. EMR Serverless resolves `EMR.secret@<name>` when a job starts, in
sparkSubmitParameters and in the configuration that a job sends, and shows only the reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emrguard_policies.rules import jobs, secrets
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context
from emrguard_policies.rules.jobs import Job

_SUBMIT = "jobDriver.sparkSubmit.sparkSubmitParameters"
_ARGUMENTS = "jobDriver.sparkSubmit.entryPointArguments"
_HIVE = "jobDriver.hive.parameters"
_CONFIGURATION = "configurationOverrides.applicationConfiguration"


def check(context: Context) -> Iterator[Violation]:
    """Settings and arguments of jobs that are named like secrets and hold a value."""
    for job in jobs.jobs(context):
        for path in (_SUBMIT, _HIVE, _CONFIGURATION):
            text = job.get(path)
            if isinstance(text, str) and len(text) == 1 and context.unknown(text):
                yield Violation(job.resource, job.where(path), "what it holds is known only later", undecided=True)
        for path, name, value in _settings(job):
            if not secrets.exposed(name, value):
                continue
            if context.unknown(value):
                yield Violation(job.resource, job.where(path), f"{name} is known only later", undecided=True)
            else:
                found = f"{name} holds a value of {len(value)} characters in plain text"
                yield Violation(job.resource, job.where(path), found)


def _settings(job: Job) -> Iterator[tuple[str, str, Any]]:
    submitted = _HIVE if jobs.member(job.get("jobDriver"), "hive") else _SUBMIT
    for name, value in jobs.settings(job).items():
        yield submitted, name, value
    for classification, properties in jobs.classifications(job).items():
        for name, value in properties.items() if isinstance(properties, Mapping) else ():
            yield f"{_CONFIGURATION}.{classification}.{name}", str(name), value
    listed = job.get(_ARGUMENTS)
    arguments = [str(item) for item in listed] if isinstance(listed, list) else []
    for option, word in zip(arguments, [*arguments[1:], ""], strict=False):
        name, given, value = option.partition("=")
        if name.startswith("--"):
            yield _ARGUMENTS, name, value if given else "" if word.startswith("--") else word


RULE = Rule(
    id="EMRG809",
    name="secret-in-job-parameters",
    severity="error",
    title="Secret in plain text in the parameters of a job",
    rationale=__doc__,
    mend="Put the value into a secret of AWS Secrets Manager and write EMR.secret@<SecretName>.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/secrets-manager.html",
    frameworks={"AWS Well-Architected": ("SEC02-BP03",), "NIST 800-53 r5": ("IA-5(7)",)},
    check=check,
)
