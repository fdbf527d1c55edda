"""What starts jobs and cannot be read cannot be judged: no rule about jobs sees what is in it.

A definition that is not JSON fails when it is deployed. One that a parameter or a file in S3 decides may start a job
in any way.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules import jobs
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context


def check(context: Context) -> Iterator[Violation]:
    """Definitions of state machines, and requests of schedules, that cannot be read, where there are applications."""
    if context.applications:
        yield from context.once(jobs.read).unread


RULE = Rule(
    id="EMRG812",
    name="unreadable-job",
    severity="error",
    title="State machine or request for a job that cannot be read",
    rationale=__doc__,
    mend="Write the definition into the template, or publish it as an asset of the assembly.",
    source="https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html",
    check=check,
)
