"""Functions, state machines, rules, schedules and pipes: whoever can use one has a role act for them.

A runner acts in its own role; a rule or schedule also has the functions and state machines act that it targets. The
names of the hops are ARNs. Who may create a new runner needs the right to create and `iam:PassRole`; `CREATORS` says
which rights create one, by the service that then assumes the role:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from emrguard_policies.assembly import Resource, Template
from emrguard_policies.resolution import Resolver

FUNCTION, MACHINE = "AWS::Lambda::Function", "AWS::StepFunctions::StateMachine"
RULE, SCHEDULE, PIPE = "AWS::Events::Rule", "AWS::Scheduler::Schedule", "AWS::Pipes::Pipe"

_USE: dict[str, tuple[str, ...]] = {
    FUNCTION: (
        "lambda:UpdateFunctionCode", "lambda:InvokeFunction", "lambda:InvokeFunctionUrl",
        "lambda:UpdateFunctionConfiguration", "lambda:AddPermission", "lambda:CreateFunctionUrlConfig",
        "lambda:UpdateFunctionUrlConfig", "lambda:CreateEventSourceMapping", "lambda:UpdateEventSourceMapping",
        "lambda:InvokeAsync", "lambda:PutFunctionEventInvokeConfig", "lambda:PutResourcePolicy",
        "lambda:DeleteFunction",
    ),
    MACHINE: (
        "states:UpdateStateMachine", "states:StartExecution", "states:StartSyncExecution", "states:DeleteStateMachine",
    ),
    RULE: (
        "events:PutTargets", "events:PutRule", "events:EnableRule", "events:DisableRule", "events:RemoveTargets",
        "events:DeleteRule",
    ),
    SCHEDULE: ("scheduler:UpdateSchedule", "scheduler:DeleteSchedule"),
    PIPE: ("pipes:UpdatePipe", "pipes:StartPipe", "pipes:StopPipe", "pipes:DeletePipe"),
}  # fmt: skip
_OF_EXECUTION = ("states:RedriveExecution", "states:StopExecution")
_SENDING: dict[str, tuple[str, ...]] = {
    "sqs": ("sqs:SendMessage",),
    "sns": ("sns:Publish",),
    "kinesis": ("kinesis:PutRecord", "kinesis:PutRecords"),
    "dynamodb": ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"),
    "kafka": ("kafka-cluster:WriteData",),
    "s3": ("s3:PutObject", "s3:DeleteObject"),
}  # fmt: skip
TYPES = tuple(_USE)

CREATORS: dict[str, tuple[str, tuple[str, ...]]] = {
    "lambda.amazonaws.com": ("lambda", ("lambda:CreateFunction", "lambda:UpdateFunctionConfiguration")),
    "states.amazonaws.com": ("states", ("states:CreateStateMachine", "states:UpdateStateMachine", "states:TestState")),
    "events.amazonaws.com": ("events", ("events:PutTargets",)),
    "scheduler.amazonaws.com": ("scheduler", ("scheduler:CreateSchedule", "scheduler:UpdateSchedule")),
    "pipes.amazonaws.com": ("pipes", ("pipes:CreatePipe", "pipes:UpdatePipe")),
    "emr-serverless.amazonaws.com": (
        "emr-serverless",
        ("emr-serverless:StartJobRun", "emr-serverless:StartSession"),
    ),
    "glue.amazonaws.com": (
        "glue",
        ("glue:CreateJob", "glue:UpdateJob", "glue:CreateSession", "glue:CreateDevEndpoint", "glue:CreateCrawler"),
    ),
    "codebuild.amazonaws.com": ("codebuild", ("codebuild:CreateProject", "codebuild:UpdateProject")),
}
"""Service principal → its prefix in ARNs, and what creates something that runs with a passed role.

For any other service `iam:PassRole` alone is taken to be enough.
"""


@dataclass(frozen=True, eq=False)
class Run:
    """A role that acts, and the ARNs of the runners on the way to it, the one that is used first.

    `role` is text where it is not in the assembly: its ARN, or empty for any.
    """

    hops: tuple[str, ...]
    role: Resource | str


@dataclass(frozen=True, eq=False)
class Runner:
    """`uses` has the actions, each with the resources that they are judged on, that start or change the runner.

    `triggers` are actions on something else that start it, such as a message to its queue.
    """

    resource: Resource
    arn: str
    uses: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    triggers: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    runs: tuple[Run, ...]


def runners(resolver: Resolver) -> list[Runner]:
    """Every runner of an assembly."""
    return _Reader(resolver).run()


def function_of(resolver: Resolver, template: Template, value: Any) -> Resource | None:
    """The function that a name, ARN, alias or version stands for; None if it is not one of the assembly."""
    target = resolver.target(template, value)
    for _ in range(3):
        if target is None or target.type not in ("AWS::Lambda::Alias", "AWS::Lambda::Version"):
            break
        target = resolver.target(target.template, target.properties.get("FunctionName"))
    if target is None:
        text = resolver.resolve(template, value)
        if isinstance(text, str) and ":function:" in text:
            head, _, name = text.partition(":function:")
            target = resolver.find(f"{head}:function:{name.split(':')[0]}")
    return target if target is not None and target.type == FUNCTION else None


class _Reader:
    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._triggers: dict[Resource, list[tuple[tuple[str, ...], tuple[str, ...]]]] = {}

    def run(self) -> list[Runner]:
        self._mappings()
        return [self._runner(resource) for resource in self._resolver.assembly.resources(*TYPES)]

    def _runner(self, resource: Resource) -> Runner:
        arn = self._arn(resource)
        texts = (arn, f"{arn}:*") if resource.type in (FUNCTION, MACHINE) else (arn,)
        uses = [(_USE[resource.type], texts)]
        if resource.type == MACHINE:
            uses.append((_OF_EXECUTION, (f"{arn.replace(':stateMachine:', ':execution:')}:*",)))
        triggers = list(self._triggers.get(resource, ()))
        if resource.type == RULE:
            triggers += self._events(resource)
        elif resource.type == PIPE:
            triggers += self._source(resource.template, resource.properties.get("Source"))
        return Runner(resource, arn, tuple(uses), tuple(triggers), tuple(self._runs(resource, ())))

    def _arn(self, resource: Resource) -> str:
        arn = self._resolver.arn(resource) or ""
        if resource.type == RULE and resource.properties.get("EventBusName") is not None:
            # The bus stands between `rule/` and the name.
            return arn.replace(":rule/", ":rule/?*/", 1)
        if resource.type == SCHEDULE:
            group = self._resolver.resolve(resource.template, resource.properties.get("GroupName"))
            return arn.replace(":schedule/", f":schedule/{group if isinstance(group, str) else 'default'}/", 1)
        return arn

    def _runs(self, resource: Resource, above: tuple[Resource, ...]) -> Iterator[Run]:
        if resource in above:
            return
        path = (*above, resource)
        hops = tuple(self._arn(each) for each in path)
        for value in self._roles(resource):
            role = self._resolver.target(resource.template, value)
            if role is not None and role.type == "AWS::IAM::Role":
                yield Run(hops, role)
            else:
                yield Run(hops, str(self._resolver.resolve(resource.template, value)))
        for value in self._targets(resource):
            target = function_of(self._resolver, resource.template, value)
            target = target or self._resolver.target(resource.template, value)
            if target is not None and target.type in TYPES:
                yield from self._runs(target, path)

    def _roles(self, resource: Resource) -> Iterator[Any]:
        properties = resource.properties
        if resource.type == FUNCTION:
            yield properties.get("Role")
        for key in ("RoleArn",) if resource.type in (MACHINE, RULE, PIPE) else ():
            if properties.get(key) is not None or resource.type != RULE:
                yield properties.get(key)
        for target in self._listed(resource):
            if isinstance(target, Mapping) and target.get("RoleArn") is not None:
                yield target["RoleArn"]

    def _targets(self, resource: Resource) -> Iterator[Any]:
        for target in self._listed(resource):
            if isinstance(target, Mapping):
                yield target.get("Arn")
        if resource.type == PIPE:
            yield from (resource.properties.get(key) for key in ("Enrichment", "Target"))

    @staticmethod
    def _listed(resource: Resource) -> list[Any]:
        if resource.type == RULE:
            found = resource.properties.get("Targets")
            return found if isinstance(found, list) else []
        return [resource.properties.get("Target")] if resource.type == SCHEDULE else []

    # What starts a runner from elsewhere

    def _events(self, rule: Resource) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
        """Events on the rule's bus, unless the rule wants those that only AWS's services send."""
        pattern = self._resolver.resolve(rule.template, rule.properties.get("EventPattern"))
        if pattern is None:
            return
        sources = pattern.get("source") if isinstance(pattern, Mapping) else None
        listed = sources if isinstance(sources, list) else [None]
        if all(isinstance(each, str) and each.startswith("aws.") for each in listed):
            return
        bus = self._resolver.resolve(rule.template, rule.properties.get("EventBusName"))
        name = bus.rpartition("/")[2] if isinstance(bus, str) else "default"
        head = (self._resolver.arn(rule) or "").partition(":rule/")[0]
        yield ("events:PutEvents",), (f"{head}:event-bus/{name}",)

    def _mappings(self) -> None:
        resolver = self._resolver
        for each in resolver.assembly.resources("AWS::Lambda::EventSourceMapping"):
            self._started(each, each.properties.get("FunctionName"), each.properties.get("EventSourceArn"))
        for each in resolver.assembly.resources("AWS::SNS::Subscription"):
            self._started(each, each.properties.get("Endpoint"), each.properties.get("TopicArn"))
        for bucket in resolver.assembly.resources("AWS::S3::Bucket"):
            settings = bucket.properties.get("NotificationConfiguration")
            listed = settings.get("LambdaConfigurations") if isinstance(settings, Mapping) else None
            for item in listed if isinstance(listed, list) else []:
                if isinstance(item, Mapping):
                    self._started(bucket, item.get("Function"), {"Fn::GetAtt": [bucket.logical_id, "Arn"]})

    def _started(self, resource: Resource, function: Any, source: Any) -> None:
        target = function_of(self._resolver, resource.template, function)
        if target is not None:
            self._triggers.setdefault(target, []).extend(self._source(resource.template, source))

    def _source(self, template: Template, value: Any) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
        target = self._resolver.target(template, value)
        text = self._resolver.resolve(template, value)
        if target is not None and target.type.startswith("AWS::DynamoDB::"):
            # The stream of a table has an ARN of its own; it is written through the table.
            text = self._resolver.arn(target)
        parts = text.split(":") if isinstance(text, str) else []
        actions = _SENDING.get(parts[2]) if len(parts) > 5 else None
        if actions and isinstance(text, str):
            text = text.partition("/stream/")[0] if parts[2] == "dynamodb" else text
            text = f"{text.replace(':cluster/', ':topic/', 1)}/?*" if parts[2] == "kafka" else text
            yield actions, (f"{text}/?*" if parts[2] == "s3" else text,)
