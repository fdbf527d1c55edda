"""EMR Serverless takes the ARN of a key; an alias is refused when the application is created.

An alias could also be moved to another key later, without any change of the application.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import KEY_PATHS, Context


def check(context: Context) -> Iterator[Violation]:
    """Applications that name a key by its alias."""
    for application in context.applications:
        for path in KEY_PATHS:
            value = context.get(application, path)
            if not isinstance(value, str):
                continue
            target = context.target(application, path)
            if ":alias/" in value or value.startswith("alias/") or (target and target.type == "AWS::KMS::Alias"):
                yield Violation(application, path, f"found the alias {context.shown(value)}")
            elif context.unknown(value):
                yield Violation(application, path, "the key depends on the deployment", undecided=True)


RULE = Rule(
    id="EMRG112",
    name="key-alias-in-place-of-arn",
    severity="error",
    title="Alias where EMR Serverless wants the ARN of a key",
    rationale=__doc__,
    mend="Write the ARN of the key (Fn::GetAtt Arn of the AWS::KMS::Key).",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/jobs-log-encryption.html",
    check=check,
)
