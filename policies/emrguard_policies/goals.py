"""What a tenant must not do to another one: the resources of each tenant with the actions that would break the seal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from emrguard_policies import goal_actions as actions_on
from emrguard_policies.assembly import Resource
from emrguard_policies.carriers import BUS, TABLES, Carriers, name_of
from emrguard_policies.iam.boxes import Atom, KeyAtom, TextAtom, key_dimension
from emrguard_policies.iam.glob import Space
from emrguard_policies.iam.symbolic import Compiled, Target, left_to
from emrguard_policies.resolution import KAFKA_CLUSTERS, KEYS, Resolver
from emrguard_policies.runners import CREATORS, Run, Runner
from emrguard_policies.tags import Tags
from emrguard_policies.tenants import APPLICATION, Tenants

KINDS = ("data", "keys", "logs", "secrets", "catalog", "applications", "images", "services", "roles")
"""Kinds of the isolation matrix."""
AUDIT, ESCALATION, OWN = "audit", "escalation", "least-privilege"
STREAM = "AWS::Kinesis::Stream"
ALARMS = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")


@dataclass(frozen=True, eq=False)
class Goal:
    """Requests of one kind on one resource. `owner` is its tenant; None: the trail, or a resource without an owner.

    A goal with `runs` is a way to have these roles act; it needs the right `also` as well, if there is one. `path`
    says that it is a way and nothing more: it breaks no seal by itself. `own` says that it is asked of its owner.
    `abroad` goals are about any role of another account; one that a policy names in full is taken to be meant.
    """

    owner: str | None
    kind: str
    name: str
    actions: tuple[str, ...]
    target: Target
    resource: Resource | None = None
    runs: tuple[Run, ...] = ()
    also: Goal | None = None
    path: bool = False
    own: bool = False
    abroad: bool = False


class GoalBuilder:
    """Makes the goals of an assembly."""

    def __init__(self, resolver: Resolver, space: Space, found: Carriers, tenants: Tenants, tags: Tags) -> None:
        self._resolver = resolver
        self._space = space
        self._found = found
        self._tenants = tenants
        self._tags = tags

    def of_tenants(self) -> Iterator[Goal]:
        """What belongs to a tenant, by mark or by a prefix of a shared bucket, or to nobody."""
        for resource in self._resolver.assembly.resources(*_OWNED):
            mark = self._tenants.mark(resource)
            if mark.prefixes and resource.type == "AWS::S3::Bucket":
                for tenant, prefixes in mark.prefixes.items():
                    yield from self._bucket(resource, tenant, "data", prefixes)
            elif mark.shared is None:
                kind = "logs" if mark.part == "log-bucket" else ""
                yield from self._of(resource, mark.tenant, kind)
        yield from self._images_that_run()

    def of_trails(self) -> Iterator[Goal]:
        """The trails of the assembly with their buckets, keys and log groups, and what gives the alarm."""
        resolver = self._resolver
        seen: set[Resource] = set()
        for trail in resolver.assembly.resources("AWS::CloudTrail::Trail"):
            arn = resolver.arn(trail)
            if arn:
                yield self._goal(trail, None, AUDIT, actions_on.TRAIL, (arn,))
            for key in ("S3BucketName", "KMSKeyId", "CloudWatchLogsLogGroupArn"):
                value = trail.properties.get(key)
                target = None if value is None else resolver.target(trail.template, value)
                if target is not None and target not in seen and self._tenants.mark(target).tenant is None:
                    seen.add(target)
                    yield from self._of(target, None, AUDIT)
        for resource in resolver.assembly.resources(*_WATCHING):
            if self._tenants.mark(resource).tenant is None:
                seen.add(resource)
                yield from self._watching(resource)
        for alarm in resolver.assembly.resources(*ALARMS):
            listed = alarm.properties.get("AlarmActions")
            for value in listed if isinstance(listed, list) and alarm in seen else []:
                topic = resolver.target(alarm.template, value)
                if topic is not None and topic.type == "AWS::SNS::Topic" and topic not in seen:
                    seen.add(topic)
                    yield self._goal(topic, None, AUDIT, actions_on.TOPIC, (resolver.arn(topic) or "",))

    def own_logs(self) -> Iterator[Goal]:
        """What a tenant must not do to its own record: erase it or cut it short."""
        for group in self._resolver.assembly.resources("AWS::Logs::LogGroup"):
            owner, arn = self._tenants.mark(group).tenant, self._resolver.arn(group)
            if owner and arn:
                yield self._goal(group, owner, AUDIT, actions_on.ERASE_STREAM, (f"{arn}:log-stream:?*",), own=True)
                yield self._goal(group, owner, AUDIT, actions_on.ERASE_GROUP, (arn, f"{arn}:*"), own=True)
        for bucket, owner, prefix in self._log_buckets():
            arn = self._resolver.arn(bucket)
            if arn:
                yield self._goal(bucket, owner, AUDIT, actions_on.ERASE_OBJECT, (f"{arn}/{prefix}?*",), own=True)
                yield self._goal(bucket, owner, AUDIT, actions_on.ERASE_BUCKET, (arn,), own=True)

    def own_rights(self) -> Iterator[Goal]:
        """What an execution role must not do to what guards its tenant: policies of buckets, keys and roles."""
        for resource in self._resolver.assembly.resources(*_GUARDED):
            owner, arn = self._tenants.mark(resource).tenant, self._resolver.arn(resource)
            if owner is None or arn is None:
                continue
            gate = resource.type in KEYS
            yield self._goal(resource, owner, OWN, _GUARDED[resource.type], (arn,), gate=gate, own=True)
            if gate:
                never = KeyAtom(
                    key_dimension(self._space, "kms:GrantIsForAWSResource"), True, True,
                    self._space.automaton(("false",), "text", "exact"),
                )  # fmt: skip
                yield self._goal(
                    resource, owner, OWN, actions_on.GRANT_ON_KEY, (arn,), gate=True, own=True, atoms=(never,)
                )

    def tagging(self) -> Iterator[Goal]:
        """Changing tags, where policies rely on them."""
        if not self._tags.relied_on:
            return
        for resource in self._resolver.assembly.resources(*_OWNED):
            arn = self._resolver.arn(resource)
            if arn is not None:
                texts = (arn, f"{arn}/?*") if resource.type in ("AWS::S3::Bucket", APPLICATION) else (arn, f"{arn}:*")
                yield self._goal(
                    resource, self._tenants.mark(resource).tenant, ESCALATION, actions_on.TAGGING, texts,
                    gate=resource.type in KEYS, tagged=False,
                )  # fmt: skip

    def of_account(self) -> Iterator[Goal]:
        """Rights over the account by which a principal can give itself any others: IAM, and the lake's grants."""
        seen: set[tuple[str, str, str]] = set()
        for template in self._resolver.assembly.templates:
            account, partition = self._resolver.account(template), self._resolver.partition(template)
            region = self._resolver.region(template)
            if (account, partition, "") not in seen:
                seen.add((account, partition, ""))
                kinds = ("role", "user", "group", "policy")
                texts = tuple(f"arn:{partition}:iam::{account}:{kind}/?*" for kind in kinds)
                name = "roles, users and policies of the account"
                yield Goal(None, ESCALATION, name, actions_on.WIDENING, Target(texts, account))
            if (account, partition, region) not in seen and self._resolver.assembly.has(*_CATALOG):
                seen.add((account, partition, region))
                catalog = f"arn:{partition}:glue:{region}:{account}:catalog"
                yield Goal(
                    None, ESCALATION, "the account's data catalog", actions_on.CATALOG, Target((catalog,), account)
                )
                lake = f"arn:{partition}:lakeformation:{region}:{account}:catalog:{account}"
                yield Goal(
                    None, ESCALATION, "the account's Lake Formation grants", actions_on.LAKE,
                    Target((lake, "*"), account),
                )  # fmt: skip

    def assuming(self, resource: Resource, trust: Compiled | None) -> Goal:
        """Becoming a role."""
        arn = self._resolver.arn(resource) or ""
        account = self._resolver.account(resource.template)
        target = Target((arn,), account, (trust,) if trust else (), gate=True)
        owner = self._tenants.mark(resource).tenant
        run = Run((), resource)
        return Goal(owner, "roles", name_of(resource), actions_on.ASSUME, target, resource, runs=(run,), path=True)

    def passing(self, resource: Resource, services: Iterator[str]) -> Iterator[Goal]:
        """Passing a role to a service, which then acts in it."""
        arn = self._resolver.arn(resource) or ""
        template = resource.template
        account, region = self._resolver.account(template), self._resolver.region(template)
        for service in services:
            plain = service.removesuffix(".cn")
            to = KeyAtom(
                key_dimension(self._space, "iam:PassedToService"), False, True,
                self._space.automaton((service,), "text", "exact"),
            )  # fmt: skip
            also: Goal | None = None
            if plain in CREATORS:
                prefix, creating = CREATORS[plain]
                anything = f"arn:{self._resolver.partition(template)}:{prefix}:{region}:{account}:?*"
                also = Goal(
                    None, "services", f"anything of {service}", creating, Target((anything,), account), path=True
                )
            target = Target((arn,), account, atoms=(to,))
            run = Run((f"a new job, function or other runner of {service}",), resource)
            owner = self._tenants.mark(resource).tenant
            yield Goal(
                owner, "roles", name_of(resource), ("iam:PassRole",), target, resource, (run,), also, path=True
            )  # fmt: skip

    def outside(self, known: list[str], other: Callable[[str], str]) -> Iterator[Goal]:
        """Becoming or passing a role that is not in the assembly; `other` gives another account than the given one."""
        for template in self._resolver.assembly.templates[:1]:
            account, partition = self._resolver.account(template), self._resolver.partition(template)
            accounts = list(dict.fromkeys(map(self._resolver.account, self._resolver.assembly.templates)))
            unknown = TextAtom("resource", self._space.automaton(tuple(known), "text", "exact"), False)
            for each in dict.fromkeys((*accounts, other(account))):
                text = f"arn:{partition}:iam::{each}:role/?*"
                target = Target((text,), each, (left_to(accounts),), gate=True, atoms=(unknown,))
                for actions in (actions_on.ASSUME, ("iam:PassRole",)):
                    yield Goal(
                        None, "roles", "a role outside of the assembly", actions, target,
                        runs=(Run((), ""),), path=True, abroad=each not in accounts,
                    )  # fmt: skip

    def using(self, runner: Runner) -> Iterator[Goal]:
        """Starting or changing a function, state machine, rule, schedule or pipe."""
        mark = self._tenants.mark(runner.resource)
        for actions, texts in runner.uses:
            yield self._goal(
                runner.resource, mark.tenant, "services", actions, texts, runs=runner.runs, path=mark.tenant is None
            )
        for actions, texts in runner.triggers if mark.tenant is None else ():
            source = texts[0].partition("/?*")[0].replace(":topic/", ":cluster/")
            policies = self._policies(self._resolver.find(source), _SOURCES.get(source.split(":")[2], ""))
            target = Target(texts, self._resolver.account(runner.resource.template), policies)
            yield Goal(
                None, "services", name_of(runner.resource), actions, target, runner.resource, runner.runs, path=True
            )

    def _of(self, resource: Resource, owner: str | None, kind: str) -> Iterator[Goal]:
        if resource.type == "AWS::S3::Bucket":
            yield from self._bucket(resource, owner, kind or "data")
            return
        if resource.type in ("AWS::Glue::Database", "AWS::Glue::Table"):
            yield from self._catalog(resource, owner)
            return
        arn = self._resolver.arn(resource)
        if arn is None:
            return
        if resource.type in KEYS:
            yield self._goal(resource, owner, kind or "keys", actions_on.KEY, (arn,), gate=True)
        elif resource.type == "AWS::Logs::LogGroup":
            yield self._goal(resource, owner, kind or "logs", actions_on.LOG_STREAM, (f"{arn}:log-stream:?*",))
            yield self._goal(resource, owner, kind or "logs", actions_on.LOG_GROUP, (arn, f"{arn}:*"))
        elif resource.type == APPLICATION:
            yield self._goal(resource, owner, "applications", actions_on.ON_APPLICATION, (arn,))
            yield self._goal(resource, owner, "applications", actions_on.ON_JOB_RUN, (f"{arn}/jobruns/?*",))
            yield self._goal(resource, owner, "applications", actions_on.ON_SESSION, (f"{arn}/sessions/?*",))
        elif resource.type == "AWS::IAM::Role":
            yield self._goal(resource, owner, "roles", actions_on.ON_ROLE, (arn,))
        elif resource.type == "AWS::IAM::User":
            yield self._goal(resource, owner, "roles", actions_on.ON_USER, (arn,))
        elif resource.type == "AWS::SecretsManager::Secret":
            yield self._goal(resource, owner, "secrets", actions_on.SECRET, (arn,))
        elif resource.type == "AWS::SQS::Queue":
            yield self._goal(resource, owner, "data", actions_on.MESSAGES, (arn,))
        elif resource.type == "AWS::SNS::Topic":
            yield self._goal(resource, owner, "data", actions_on.ON_TOPIC_OF_TENANT, (arn,))
        elif resource.type in TABLES:
            if resource.type == "AWS::DynamoDB::GlobalTable":
                # It has a table of this name in each of its Regions.
                arn = arn.replace(f":{self._resolver.region(resource.template)}:", ":?*:", 1)
            yield self._goal(resource, owner, "data", actions_on.ITEMS, (arn,))
            yield self._goal(resource, owner, "data", actions_on.BELOW_TABLE, (f"{arn}/?*",))
        elif resource.type == STREAM:
            yield self._goal(resource, owner, "data", actions_on.RECORDS, (arn,))
            yield self._goal(resource, owner, "data", actions_on.ON_CONSUMER, (f"{arn}/?*",))
        elif resource.type in KAFKA_CLUSTERS:
            topics, groups = (arn.replace(":cluster/", f":{kind}/", 1) for kind in ("topic", "group"))
            yield self._goal(resource, owner, "data", actions_on.ON_KAFKA, (arn,))
            yield self._goal(resource, owner, "data", actions_on.ON_TOPIC, (f"{topics}/?*",))
            yield self._goal(resource, owner, "data", actions_on.ON_GROUP, (f"{groups}/?*",))
        elif resource.type == "AWS::ECR::Repository":
            yield self._goal(resource, owner, "images", (*actions_on.PUSH, *actions_on.PULL), (arn,))
        elif resource.type in ALARMS and owner is not None:
            yield self._goal(resource, owner, "services", actions_on.ALARM, (arn,))

    def _bucket(
        self, resource: Resource, owner: str | None, kind: str, prefixes: tuple[str, ...] = ("",)
    ) -> Iterator[Goal]:
        arn = self._resolver.arn(resource)
        if arn is None:
            return
        texts = tuple(f"{arn}/{prefix}?*" for prefix in prefixes)
        yield self._goal(resource, owner, kind, actions_on.OBJECT, texts)
        atoms = (self._listing(prefixes),) if any(prefixes) else ()
        yield self._goal(resource, owner, kind, actions_on.LIST, (arn,), atoms=atoms)
        yield self._goal(resource, owner, kind, actions_on.BUCKET, (arn,))

    def _listing(self, prefixes: tuple[str, ...]) -> KeyAtom:
        """The lists that show keys below the prefixes: of a longer prefix, of a part of one, or of the whole bucket."""
        texts = [f"{prefix}*" for prefix in prefixes]
        texts += sorted({prefix[:end] for prefix in prefixes for end in range(len(prefix))}, reverse=True)
        automaton = self._space.automaton(texts, "text", "glob")
        return KeyAtom(key_dimension(self._space, "s3:prefix"), True, True, automaton)

    def _catalog(self, resource: Resource, owner: str | None) -> Iterator[Goal]:
        """A database with all its tables, or one table: Glue asks for the right on the table itself as well."""
        template = resource.template
        head = (
            f"arn:{self._resolver.partition(template)}:glue:{self._resolver.region(template)}"
            f":{self._resolver.account(template)}"
        )
        if resource.type == "AWS::Glue::Database":
            name = self._resolver.ref(resource)
            yield self._goal(resource, owner, "catalog", actions_on.TABLE, (f"{head}:table/{name}/?*",))
            yield self._goal(resource, owner, "catalog", actions_on.DATABASE, (f"{head}:database/{name}",))
            return
        database = self._resolver.resolve(template, resource.properties.get("DatabaseName"))
        text = f"{head}:table/{database}/{self._resolver.ref(resource)}"
        yield self._goal(resource, owner, "catalog", actions_on.TABLE, (text,))

    def _images_that_run(self) -> Iterator[Goal]:
        """Changing an image that a tenant's application runs, in a repository that is not that tenant's own."""
        for application in self._resolver.assembly.resources(APPLICATION):
            owner = self._tenants.mark(application).tenant
            for value in _image_uris(application):
                repository = self._repository(application, value)
                if repository is not None and owner and self._tenants.mark(repository).tenant != owner:
                    arn = self._resolver.arn(repository) or ""
                    yield self._goal(repository, owner, "images", actions_on.PUSH, (arn,))

    def _repository(self, application: Resource, value: Any) -> Resource | None:
        target = self._resolver.target(application.template, value)
        if target is not None and target.type == "AWS::ECR::Repository":
            return target
        text = self._resolver.resolve(application.template, value)
        name = text.partition("/")[2].partition("@")[0].partition(":")[0] if isinstance(text, str) else ""
        found = self._resolver.find(name) if name else None
        return found if found is not None and found.type == "AWS::ECR::Repository" else None

    def _watching(self, resource: Resource) -> Iterator[Goal]:
        resolver, template = self._resolver, resource.template
        head = f"{resolver.region(template)}:{resolver.account(template)}"
        partition = resolver.partition(template)
        if resource.type in ALARMS:
            yield self._goal(resource, None, AUDIT, actions_on.ALARM, (resolver.arn(resource) or "",))
        elif resource.type == "AWS::Events::Rule":
            if _watches(resource):
                bus = "?*/" if resource.properties.get("EventBusName") is not None else ""
                text = (resolver.arn(resource) or "").replace(":rule/", f":rule/{bus}", 1)
                yield self._goal(resource, None, AUDIT, actions_on.WATCH, (text,))
        elif resource.type == "AWS::GuardDuty::Detector":
            text = f"arn:{partition}:guardduty:{head}:detector/?*"
            yield self._goal(resource, None, AUDIT, actions_on.DETECTOR, (text,))
        elif resource.type == "AWS::Config::ConfigurationRecorder":
            text = f"arn:{partition}:config:{head}:configuration-recorder/?*"
            yield self._goal(resource, None, AUDIT, actions_on.RECORDER, (text,))
        else:
            text = f"arn:{partition}:cloudtrail:{head}:eventdatastore/?*"
            yield self._goal(resource, None, AUDIT, actions_on.EVENT_STORE, (text,))

    def _log_buckets(self) -> Iterator[tuple[Resource, str, str]]:
        """The buckets with a tenant's logs: bucket, tenant, and the prefix below which the logs are."""
        for bucket in self._resolver.assembly.resources("AWS::S3::Bucket"):
            mark = self._tenants.mark(bucket)
            if mark.tenant and mark.part == "log-bucket":
                yield bucket, mark.tenant, ""
        for application in self._resolver.assembly.resources(APPLICATION):
            owner = self._tenants.mark(application).tenant
            found = log_uri(self._resolver, application)
            its = self._tenants.mark(found[0]) if found else None
            if owner and found and its and its.tenant == owner and its.part != "log-bucket":
                yield found[0], owner, found[1]

    def _policies(self, resource: Resource | None, kind: str) -> tuple[Compiled, ...]:
        """The policies that stand on a resource, and those that may stand on any of its type."""
        own = self._found.policies_of.get(resource, ()) if resource is not None else ()
        return (*own, *self._found.everywhere.get(kind, ()))

    def _goal(
        self, resource: Resource, owner: str | None, kind: str, actions: tuple[str, ...], texts: tuple[str, ...],
        *, gate: bool = False, atoms: tuple[Atom, ...] = (), own: bool = False, path: bool = False,
        runs: tuple[Run, ...] = (), tagged: bool = True,
    ) -> Goal:  # fmt: skip
        policies = self._policies(resource, resource.type)
        account = self._resolver.account(resource.template)
        if tagged:
            atoms = (*atoms, *self._tags.atoms(resource))
        target = Target(texts, account, policies, gate, atoms)
        return Goal(owner, kind, name_of(resource), actions, target, resource, runs, own=own, path=path)


def log_uri(resolver: Resolver, application: Resource) -> tuple[Resource, str] | None:
    """The bucket of the assembly where an application's logs go, and the prefix in it; None if it names none."""
    found: Any = application.properties
    for key in ("MonitoringConfiguration", "S3MonitoringConfiguration", "LogUri"):
        found = found.get(key) if isinstance(found, Mapping) else None
    text = None if found is None else resolver.resolve(application.template, found)
    if not isinstance(text, str):
        return None
    name, _, prefix = text.removeprefix("s3://").partition("/")
    bucket = resolver.find(name)
    return (bucket, prefix) if bucket is not None and bucket.type == "AWS::S3::Bucket" else None


def _image_uris(application: Resource) -> Iterator[Any]:
    settings = application.properties.get("WorkerTypeSpecifications")
    places = [application.properties, *(settings.values() if isinstance(settings, Mapping) else ())]
    for place in places:
        image = place.get("ImageConfiguration") if isinstance(place, Mapping) else None
        if isinstance(image, Mapping) and image.get("ImageUri") is not None:
            yield image["ImageUri"]


def _watches(rule: Resource) -> bool:
    """Whether a rule reports what happens in the account, rather than starts work."""
    text = str(rule.properties.get("EventPattern"))
    return any(word in text for word in ("CloudTrail", "aws.guardduty", "aws.securityhub", "aws.config"))


_GUARDED: dict[str, tuple[str, ...]] = {
    "AWS::S3::Bucket": actions_on.OWN_BUCKET,
    **dict.fromkeys(KEYS, actions_on.OWN_KEY),
    "AWS::IAM::Role": actions_on.OWN_ROLE,
    "AWS::SecretsManager::Secret": actions_on.OWN_SECRET,
    "AWS::ECR::Repository": actions_on.OWN_REPOSITORY,
    **dict.fromkeys(TABLES, actions_on.OWN_TABLE),
    STREAM: actions_on.OWN_STREAM,
}
_SOURCES = {
    "sqs": "AWS::SQS::Queue", "sns": "AWS::SNS::Topic", "kinesis": "AWS::Kinesis::Stream", "events": BUS,
    "s3": "AWS::S3::Bucket", "dynamodb": "AWS::DynamoDB::Table", "kafka": "AWS::MSK::Cluster",
}  # fmt: skip
"""What starts a runner, by the service of its ARN."""
_CATALOG = ("AWS::Glue::Database", "AWS::Glue::Table")
_OWNED = (
    "AWS::S3::Bucket", *KEYS, "AWS::Logs::LogGroup", APPLICATION, "AWS::IAM::Role", "AWS::IAM::User",
    "AWS::SecretsManager::Secret", *_CATALOG, "AWS::ECR::Repository", *ALARMS, *TABLES, STREAM, *KAFKA_CLUSTERS,
    "AWS::SQS::Queue", "AWS::SNS::Topic",
)  # fmt: skip
_WATCHING = (
    *ALARMS, "AWS::Events::Rule", "AWS::GuardDuty::Detector", "AWS::Config::ConfigurationRecorder",
    "AWS::CloudTrail::EventDataStore",
)  # fmt: skip
