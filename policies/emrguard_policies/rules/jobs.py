"""Job runs that a template starts: from Step Functions, EventBridge Scheduler, or a custom resource that calls the API.

All three write the request of StartJobRun as JSON, with names in the case of the API (`applicationId`) or with a
capital (`ApplicationId`):
https://docs.aws.amazon.com/step-functions/latest/dg/connect-emr-serverless.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
https://docs.aws.amazon.com/emr-serverless/latest/APIReference/API_StartJobRun.html
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from emrguard_policies.assembly import Resource
from emrguard_policies.iam.symbols import FIRST, LAST
from emrguard_policies.rules.base import Violation
from emrguard_policies.rules.context import Context

MACHINE = "AWS::StepFunctions::StateMachine"
_SCHEDULE = "AWS::Scheduler::Schedule"
_CUSTOM = ("Custom::AWS", "AWS::CloudFormation::CustomResource")
_TASK = re.compile(r":states:[^:]*:[^:]*:(emr-serverless|aws-sdk:emrserverless):startjobrun(\.\S+)?$", re.IGNORECASE)
_POLL = re.compile(r":(emr-serverless|aws-sdk:emrserverless):getjobrun\b", re.IGNORECASE)
_TARGET = re.compile(r":scheduler:[^:]*:[^:]*:aws-sdk:emrserverless:startjobrun$", re.IGNORECASE)
_SERVICE = re.compile(r"^(@aws-sdk/client-)?emr-?serverless$", re.IGNORECASE)
_BARE = re.compile(rf"([:\[,]\s*)([{chr(FIRST)}-{chr(LAST)}])(?=\s*[,}}\]])")
_DRIVER = "jobDriver.sparkSubmit"


@dataclass(frozen=True, eq=False)
class Job:
    """One call of StartJobRun.

    `resource` and `path` say where the request stands, `request` is what it says; what is decided only at run time
    (JSONPath `"x.$"`, JSONata `{% … %}`) is a text of which nothing is known. `application` and `role` are those of the
    assembly; None where the request names others, or nobody knows which. `state` is the Task of a state machine, and
    `waits` says whether the machine follows the job: by `.sync`, by a callback, or by asking for the state of the job;
    None for callers that never do.
    """

    resource: Resource
    path: str
    request: Any = field(repr=False)
    application: Resource | None = None
    role: Resource | None = None
    state: Mapping[str, Any] = field(default_factory=dict, repr=False)
    waits: bool | None = None

    def get(self, path: str) -> Any:
        """The value at a dotted path of members as the API writes them; None where nothing is."""
        value = self.request
        for key in path.split("."):
            if isinstance(value, str):
                return value
            value = member(value, key)
        return value

    def where(self, path: str) -> str:
        """The property path of a member."""
        return f"{self.path}.{path}"


@dataclass(frozen=True)
class Jobs:
    """Every job that the assembly starts, and what may start jobs but cannot be read."""

    jobs: tuple[Job, ...]
    unread: tuple[Violation, ...]


def jobs(context: Context) -> tuple[Job, ...]:
    """Every job that the assembly starts."""
    return context.once(read).jobs


def spark_jobs(context: Context) -> Iterator[Job]:
    """Jobs that run Spark, or may."""
    return (job for job in jobs(context) if member(job.get("jobDriver"), "hive") is None)


def member(value: Any, name: str) -> Any:
    """A member of an object in either case; None where there is none."""
    if not isinstance(value, Mapping):
        return None
    return value.get(name, value.get(name[:1].upper() + name[1:]))


def classifications(job: Job) -> dict[str, Any]:
    """The properties by classification that a job sends in place of its application's."""
    found: dict[str, Any] = {}
    listed = job.get("configurationOverrides.applicationConfiguration")
    for item in listed if isinstance(listed, list) else ():
        name = member(item, "classification")
        if isinstance(name, str):
            found[name] = member(item, "properties") or {}
    return found


def settings(job: Job) -> dict[str, str]:
    """The settings `--conf name=value` (Spark) and `--hiveconf name=value` of a job."""
    found: dict[str, str] = {}
    for path in (f"{_DRIVER}.sparkSubmitParameters", "jobDriver.hive.parameters"):
        words = split(job.get(path))
        for option, word in pairwise(words):
            if option in ("--conf", "-c", "--hiveconf"):
                name, _, value = word.partition("=")
                found[name] = value
        for word in words:
            if word.startswith(("--conf=", "--hiveconf=")):
                name, _, value = word.partition("=")[2].partition("=")
                found[name] = value
    return found


def split(text: Any) -> list[str]:
    """The words of a command line; none where it is no text. Where quotes are left open, spaces end words."""
    if not isinstance(text, str):
        return []
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def mode(job: Job) -> Any:
    """`BATCH`, `STREAMING`, or a text that is unknown."""
    value = job.get("mode")
    return value.upper() if isinstance(value, str) else "BATCH"


def read(context: Context) -> Jobs:
    """Read all callers of StartJobRun."""
    return _Reader(context).run()


class _Reader:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._jobs: list[Job] = []
        self._unread: list[Violation] = []
        self._polls = False

    def run(self) -> Jobs:
        for machine in self._context.of(MACHINE):
            self._machine(machine)
        for schedule in self._context.of(_SCHEDULE):
            if _TARGET.search(str(self._context.get(schedule, "Target.Arn"))):
                self._add(schedule, "Target.Input", self._json(schedule, "Target.Input"))
        for custom in self._context.of(*_CUSTOM):
            for name in ("Create", "Update", "Delete"):
                self._call(custom, name)
        return Jobs(tuple(self._jobs), tuple(self._unread))

    # Step Functions

    def _machine(self, machine: Resource) -> None:
        ways = {"Definition": self._context.get, "DefinitionString": self._json, "DefinitionS3Location": self._asset}
        for path, read_at in ways.items():
            given = self._context.given(machine, path)
            if given is None:
                self._leave(machine, path, "the definition depends on the deployment", opaque=True)
            elif given:
                definition = read_at(machine, path)
                self._polls = bool(_POLL.search(json.dumps(definition, default=str)))
                self._states(machine, path, definition)

    def _asset(self, machine: Resource, path: str) -> Any:
        """The definition that stands in a file of the assembly, as CDK publishes it."""
        key = self._context.get(machine, f"{path}.Key")
        file = machine.template.path.parent / f"asset.{key}"
        try:
            text = file.read_text(encoding="utf-8-sig") if isinstance(key, str) and "/" not in key else None
        except (OSError, UnicodeDecodeError, ValueError):
            text = None
        if text is None:
            return self._leave(machine, path, "the definition is in S3, not in the assembly", opaque=True)
        return self._parsed(machine, path, text)

    def _states(self, machine: Resource, path: str, definition: Any) -> None:
        if isinstance(definition, str):
            self._leave(machine, path, "the definition depends on the deployment", opaque=True)
        states = definition.get("States") if isinstance(definition, Mapping) else None
        if self._context.unknown(states):
            self._leave(machine, f"{path}.States", "the states depend on the deployment", opaque=True)
        for name, state in states.items() if isinstance(states, Mapping) else ():
            here = f"{path}.States.{name}"
            does = state.get("Resource") if isinstance(state, Mapping) else state
            if self._context.anything(does):
                self._leave(machine, here, "what the state does depends on the deployment", opaque=True)
            if not isinstance(state, Mapping):
                continue
            match = _TASK.search(str(state.get("Resource")))
            if match:
                request = "Arguments" if "Arguments" in state else "Parameters"
                waits = bool(match[2]) or self._polls
                origin = f"{machine.construct_path} {here}.{request}"
                body = self._at_run_time(self._filled(machine, state.get(request)), origin)
                self._add(machine, f"{here}.{request}", body, state, waits)
            for inner in ("Iterator", "ItemProcessor"):
                self._states(machine, f"{here}.{inner}", state.get(inner, {}))
            branches = state.get("Branches")
            for index, branch in enumerate(branches if isinstance(branches, list) else ()):
                self._states(machine, f"{here}.Branches[{index}]", branch)

    def _at_run_time(self, value: Any, origin: str) -> Any:
        """A request without the marks of JSONPath and JSONata: what they give is unknown."""
        if isinstance(value, str):
            return self._unknown(origin) if value.startswith("{%") and value.rstrip().endswith("%}") else value
        if isinstance(value, list):
            return [self._at_run_time(item, f"{origin}[{index}]") for index, item in enumerate(value)]
        if not isinstance(value, Mapping):
            return value
        return {
            str(name).removesuffix(".$"): self._unknown(f"{origin}.{name}")
            if str(name).endswith(".$")
            else self._at_run_time(item, f"{origin}.{name}")
            for name, item in value.items()
        }

    def _unknown(self, origin: str) -> str:
        return self._context.resolver.symbols.symbol(f"{origin}: at run time", "unknown").char

    def _filled(self, machine: Resource, value: Any) -> Any:
        """A value with the placeholders of DefinitionSubstitutions replaced."""
        if isinstance(value, str):
            return self._substituted(machine, value)
        if isinstance(value, Mapping):
            return {key: self._filled(machine, item) for key, item in value.items()}
        return [self._filled(machine, item) for item in value] if isinstance(value, list) else value

    def _substituted(self, machine: Resource, text: str) -> str:
        values = self._context.get(machine, "DefinitionSubstitutions")
        for name, value in values.items() if isinstance(values, Mapping) and "${" in text else ():
            written = str(value).lower() if isinstance(value, bool) else str(value)
            text = text.replace(f"${{{name}}}", written)
        return text

    # The API by a custom resource

    def _call(self, custom: Resource, name: str) -> None:
        value = self._context.get(custom, name)
        if isinstance(value, str) and "startjobrun" in value.lower():
            value = self._json(custom, name)
        if not isinstance(value, Mapping) or not _SERVICE.match(str(value.get("service"))):
            return
        if str(value.get("action")).lower().removesuffix("command") == "startjobrun":
            self._add(custom, f"{name}.parameters", value.get("parameters"))

    # All

    def _add(
        self,
        resource: Resource,
        path: str,
        request: Any,
        state: Mapping[str, Any] | None = None,
        waits: bool | None = None,
    ) -> None:
        if request is None:
            return
        job = Job(resource, path, request)
        application, role = (self._named(job, name) for name in ("applicationId", "executionRoleArn"))
        self._jobs.append(Job(resource, path, request, application, role, state or {}, waits))

    def _named(self, job: Job, name: str) -> Resource | None:
        text = job.get(name)
        return self._context.resolver.find(text) if isinstance(text, str) else None

    def _json(self, resource: Resource, path: str) -> Any:
        text = self._context.get(resource, path)
        if not isinstance(text, str):
            return text
        text = self._substituted(resource, text) if resource.type == MACHINE else text
        return self._parsed(resource, path, text)

    def _parsed(self, resource: Resource, path: str, text: str) -> Any:
        for written in (text, _BARE.sub(r'\1"\2"', text)):
            try:
                return json.loads(written)
            except (ValueError, RecursionError) as error:
                problem = error
        opaque = self._context.unknown(text)
        found = "it depends on the deployment" if opaque else f"it is not JSON: {problem}"
        return self._leave(resource, path, found, opaque=opaque)

    def _leave(self, resource: Resource, path: str, problem: str, *, opaque: bool) -> None:
        self._unread.append(Violation(resource, path, problem, undecided=opaque))
