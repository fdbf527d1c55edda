"""Whether a role that runs jobs stays within what belongs to its tenant, is shared, or is named in full.

Wildcards are what is judged: `arn:aws:s3:::*`, `s3:*` on `*`, `key/*`. A resource that a policy names in full, although
it is not in the assembly, is taken to be meant. Statements that ask for a tag say by it what they are for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from emrguard_policies import goal_actions as actions_on
from emrguard_policies.goals import OWN, Goal
from emrguard_policies.iam.boxes import TextAtom
from emrguard_policies.iam.glob import Space
from emrguard_policies.iam.model import Statement
from emrguard_policies.iam.symbolic import Compiled, Held, Target

# What can be asked for of each service, and the resources that it is judged on.
_SERVICES: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("s3", (*actions_on.OBJECT, *actions_on.LIST, *actions_on.BUCKET), ("arn:{P}:s3:::?*",)),
    ("kms", (*actions_on.KEY, *actions_on.GRANT_ON_KEY), ("arn:{P}:kms:{R}:{A}:key/?*",)),
    (
        "logs",
        (*actions_on.LOG_STREAM, "logs:FilterLogEvents", "logs:DeleteLogGroup", "logs:PutRetentionPolicy"),
        ("arn:{P}:logs:{R}:{A}:log-group:?*",),
    ),
    ("secretsmanager", actions_on.SECRET, ("arn:{P}:secretsmanager:{R}:{A}:secret:?*",)),
    ("glue", (*actions_on.TABLE, *actions_on.DATABASE), ("arn:{P}:glue:{R}:{A}:table/?*",)),
    (
        "emr-serverless",
        (*actions_on.ON_APPLICATION, *actions_on.ON_JOB_RUN, *actions_on.ON_SESSION),
        ("arn:{P}:emr-serverless:{R}:{A}:/applications/?*",),
    ),
    ("ecr", actions_on.PUSH, ("arn:{P}:ecr:{R}:{A}:repository/?*",)),
    ("lambda", ("lambda:InvokeFunction", "lambda:UpdateFunctionCode"), ("arn:{P}:lambda:{R}:{A}:function:?*",)),
    ("states", ("states:StartExecution", "states:UpdateStateMachine"), ("arn:{P}:states:{R}:{A}:stateMachine:?*",)),
    ("dynamodb", ("dynamodb:GetItem", "dynamodb:Scan", "dynamodb:PutItem"), ("arn:{P}:dynamodb:{R}:{A}:table/?*",)),
    ("kinesis", ("kinesis:GetRecords", "kinesis:PutRecord"), ("arn:{P}:kinesis:{R}:{A}:stream/?*",)),
    ("kinesis", ("kinesis:SubscribeToShard",), ("arn:{P}:kinesis:{R}:{A}:stream/?*/consumer/?*",)),
    ("kafka", ("kafka-cluster:Connect",), ("arn:{P}:kafka:{R}:{A}:cluster/?*",)),
    ("kafka", ("kafka-cluster:ReadData", "kafka-cluster:WriteData"), ("arn:{P}:kafka:{R}:{A}:topic/?*",)),
    ("kafka", ("kafka-cluster:AlterGroup",), ("arn:{P}:kafka:{R}:{A}:group/?*",)),
    ("sqs", ("sqs:ReceiveMessage", "sqs:SendMessage"), ("arn:{P}:sqs:{R}:{A}:?*",)),
    ("ssm", ("ssm:GetParameter", "ssm:PutParameter"), ("arn:{P}:ssm:{R}:{A}:parameter/?*",)),
)
_NAME = re.compile(r"/?[A-Za-z-]+[:/].+")
_BELOW = re.compile(r"(:log-stream:\*|/(jobruns|sessions)/\*|[:/]\*|-\?{6}|-\*)$")


def beyond(space: Space, held: Held, own: Sequence[str], place: tuple[str, str, str]) -> Iterator[tuple[Goal, Held]]:
    """The questions: what could these policies reach with their wildcards outside of the texts `own`?

    `place` is partition, region and account. The policies to ask with come with each question.
    """
    wide, named = _split(held.identity)
    if not wide:
        return
    partition, region, account = place
    inside = TextAtom("resource", space.automaton((*own, *named), "text", "arn"), False)
    for service, actions, texts in _SERVICES:
        written = tuple(text.format(P=partition, R=region, A=account) for text in texts)
        target = Target(written, account, atoms=(inside,))
        yield Goal(None, OWN, f"{service} beyond its tenant", actions, target), Held(tuple(wide), held.boundary)


def _split(policies: Sequence[Compiled]) -> tuple[list[Compiled], list[str]]:
    """The policies with only those statements whose wildcards leave open what they name; and what is named in full."""
    wide, named = [], []
    for policy in policies:
        grants = [each for each in policy.grants if not each.opaque and _is_wide(each.statement)]
        named += [
            pattern for grant in policy.grants for pattern in grant.statement.resources or () if not is_open(pattern)
        ]
        if grants or policy.bars:
            wide.append(Compiled(policy.policy, tuple(grants), policy.bars))
    return (wide if any(each.grants for each in wide) else []), named


def _is_wide(statement: Statement) -> bool:
    if any(each.key.lower().startswith("aws:resourcetag/") for each in statement.conditions):
        return False
    return statement.resources is None or any(map(is_open, statement.resources))


def is_open(pattern: str) -> bool:
    """Whether a resource pattern leaves open which resource it means, rather than only what lies in one."""
    if pattern == "*":
        return True
    parts = pattern.split(":", 5)
    if len(parts) < 6:
        return "*" in pattern or "?" in pattern
    if parts[2] == "s3":
        name = parts[5].split("/")[0]
        return "*" in name or "?" in name
    name = _BELOW.sub("", parts[5])
    return "*" in name or "?" in name or (name != parts[5] and not _NAME.fullmatch(name))
