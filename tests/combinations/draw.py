"""Draws apps: any valid combination of what the public constructs take, as plain values that a report can print."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from emrguard import (
    Capacity,
    Feature,
    InitialCapacity,
    Interactive,
    MacieJob,
    Monitoring,
    ObjectLock,
    ReleaseLabel,
    RuntimeConfiguration,
    WorkerImage,
    WorkerSize,
)
from emrguard._regions import LACKING
from emrguard_policies.releases import RELEASES
from emrguard_policies.worker_sizes import MAX_DISK_GB, MEMORY_GB

ACCOUNT = "111122223333"
_KNOWN_REGIONS = ("ap-northeast-2", "eu-central-1", "eu-west-1", "sa-east-1", "us-east-1", "us-west-2")
_OTHER_REGIONS = ("eu-south-1", "ca-west-1", "me-central-1", "us-gov-west-1", "cn-north-1")
_REASONS = st.sampled_from(
    [
        "analysts explore statistics",
        'the ward\'s nightly "roster" – agreed with the DPO',
        "50 % of runs, <1 min & cheap",
    ]
)
_MAYBE_REASON = st.none() | _REASONS
_ROLES = st.sampled_from(["role/DataEngineers", "role/pipelines/nightly", "user/ci"])
GRANTS = ("glue", "glue tables", "secret", "dynamodb", "kinesis", "kafka", "metrics")
"""What `combinations.build` lets jobs reach."""
_PEOPLE = st.none() | st.lists(_ROLES, min_size=1, max_size=3, unique=True)
_PREFIXES = ("jobs/", "input/", "reference/2026/", "landing/day=1/", "output/", "output/tmp/", "archive(old)/", "x/")


@dataclass(frozen=True)
class TenantDraw:
    """One tenant: arguments of `Tenant`, or of the parts it is put together from.

    `added` has further applications by name, those for Hive with `plaintext_between_workers_because`; `grants` names
    what its jobs reach beside the tenant's bucket; `viewer` and `ways` are the roles of its people.
    """

    name: str
    arguments: dict[str, Any]
    by_hand: dict[str, Any] | None = None
    added: dict[str, dict[str, Any]] = field(default_factory=dict)
    grants: tuple[str, ...] = ()
    viewer: dict[str, Any] | None = None
    ways: tuple[str, ...] = ()


@dataclass(frozen=True)
class AppDraw:
    """An app: where it goes, its tenants, and what they share."""

    region: str | None
    one_stack: bool
    tenants: tuple[TenantDraw, ...]
    platform: dict[str, Any] = field(default_factory=dict)
    by_hand: bool = False


@st.composite
def apps(draw: st.DrawFn, tenants: int = 5) -> AppDraw:
    """An app of some tenants, most made by `Tenant`, over which there is a `Platform`, or its parts."""
    region = draw(st.none() | st.sampled_from(_KNOWN_REGIONS) | st.sampled_from(_OTHER_REGIONS))
    teams = tuple(draw(_tenant(f"team-{number}", region)) for number in range(tenants))
    by_hand = any(team.by_hand is not None for team in teams) or draw(st.booleans())
    return AppDraw(
        region=region,
        one_stack=draw(st.booleans()),
        tenants=teams,
        platform=draw(_platform(region, [team.name for team in teams], by_hand=by_hand)),
        by_hand=by_hand,
    )


@st.composite
def sizes(draw: st.DrawFn, *, shuffle: bool = True) -> WorkerSize:
    """A worker that exists."""
    cpu = draw(st.sampled_from(list(MEMORY_GB)))
    optimized = shuffle and draw(st.booleans())
    largest = MAX_DISK_GB["SHUFFLE_OPTIMIZED" if optimized else "STANDARD"]
    memory = draw(st.sampled_from(MEMORY_GB[cpu]))
    return WorkerSize(cpu=cpu, memory=memory, disk=draw(st.integers(20, largest)), shuffle_optimized=optimized)


@st.composite
def application(draw: st.DrawFn, region: str | None) -> dict[str, Any]:
    """Arguments of `SparkApplication`, less those that name its tenant and its surroundings."""
    labels = [ReleaseLabel.of(label) for label in RELEASES]
    release = draw(st.sampled_from([label for label in labels if label.supports(Feature.JOB_QUEUE)]))
    warm = draw(_warm(release))
    endless = draw(st.booleans())
    idle = None if endless else draw(st.none() | st.integers(1, 10080))
    found: dict[str, Any] = {
        "release_label": release,
        "architecture": draw(st.sampled_from(["ARM64", "X86_64"])),
        "maximum_capacity": draw(_ceiling(warm)),
        "initial_capacity": warm,
        "auto_start": draw(st.booleans()),
        "never_stop_because": draw(_REASONS) if endless else None,
        "keep_warm_because": draw(_REASONS) if endless and warm else None,
        "idle_timeout": idle,
        "long_idle_because": draw(_REASONS) if idle and idle > 60 else None,
        "max_concurrent_runs": draw(st.integers(1, 1000)),
        "queue_timeout": draw(st.none() | st.integers(15, 720)),
        "spark_defaults": draw(_spark_defaults(release)),
        "runtime_configuration": draw(_runtime()),
        "monitoring": draw(_monitoring(release, region or "eu-west-1")),
        "interactive": draw(_interactive(release)),
        "tags": draw(_tags()),
        "lifecycle": draw(_lifecycle()),
        **draw(_images(region or "eu-west-1")),
    }
    if release.supports(Feature.IDENTITY_CENTER) and draw(st.booleans()):
        found["identity_center_instance_arn"] = "arn:aws:sso:::instance/ssoins-0123456789abcdef"
    return found


def _lifecycle() -> st.SearchStrategy[dict[str, Any] | None]:
    """Arguments of `Lifecycle`; `drain` in minutes."""
    given = {"drain": st.none() | st.integers(0, 30), "job_level_cost_allocation": st.booleans()}
    return st.one_of(st.none(), st.fixed_dictionaries(given), st.fixed_dictionaries({"no_function_because": _REASONS}))


@st.composite
def _hive(draw: st.DrawFn) -> dict[str, Any]:
    """Arguments of `HiveApplication`, less those that name its tenant and its surroundings."""
    labels = [ReleaseLabel.of(label) for label, release in RELEASES.items() if release.hive]
    release = draw(st.sampled_from([label for label in labels if label.supports(Feature.JOB_QUEUE)]))
    size = sizes(shuffle=release.supports(Feature.SHUFFLE_OPTIMIZED_DISKS))
    capacity = st.builds(InitialCapacity, workers=st.integers(1, 20), size=size)
    warm = draw(st.dictionaries(st.sampled_from(["DRIVER", "TEZ_TASK"]), capacity))
    return {
        "plaintext_between_workers_because": draw(_REASONS),
        "release_label": release,
        "maximum_capacity": draw(_ceiling(warm)),
        "initial_capacity": warm,
        "hive_site": draw(st.sampled_from([{}, {"hive.tez.container.size": "8192"}])),
        "inputs": draw(st.none() | _folders()),
        "lifecycle": draw(_lifecycle()),
    }


@st.composite
def _spark(draw: st.DrawFn) -> dict[str, Any]:
    """Arguments of a further Spark application."""
    return {
        "outputs": draw(st.none() | _folders()),
        "submitters": draw(_PEOPLE),
        "maximum_capacity": draw(_ceiling({})),
        "lifecycle": draw(_lifecycle()),
    }


@st.composite
def _tenant(draw: st.DrawFn, name: str, region: str | None) -> TenantDraw:
    letters = st.lists(st.sampled_from("abcd"), min_size=1, max_size=4, unique=True)
    zones = draw(st.none() | letters) if region else None
    arguments = {
        "inputs": draw(_folders()),
        "outputs": draw(_folders()),
        "submitters": draw(_PEOPLE),
        "cidr": draw(st.sampled_from(["10.0.0.0/16", "10.1.0.0/20", "172.16.4.0/22", "192.168.4.0/26"])),
        "availability_zones": zones,
        "one_zone_because": draw(_REASONS) if zones and len(zones) == 1 else None,
        "s3_prefix_list_id": "pl-0123456789abcdef0" if region in _OTHER_REGIONS or draw(st.booleans()) else None,
        **draw(application(region)),
    }
    people = {"assumed_by": draw(_PEOPLE), "session": draw(st.none() | st.integers(1, 12))}
    by_hand = draw(st.booleans()) and draw(st.booleans())
    return TenantDraw(
        name=name,
        arguments=arguments,
        by_hand=draw(_parts()) if by_hand else None,
        added=draw(st.dictionaries(st.sampled_from(["sql", "on-call-2"]), _hive() | _spark())) if not by_hand else {},
        grants=tuple(draw(st.lists(st.sampled_from(GRANTS), unique=True))),
        viewer=None if by_hand or draw(st.booleans()) else {"logs": draw(st.booleans()), **people},
        ways=() if by_hand else tuple(sorted(open_ways(arguments))),
    )


def open_ways(arguments: dict[str, Any]) -> set[str]:
    """The ways of interactive use that the arguments of an application open."""
    given: Interactive = arguments["interactive"]
    ways = {"studio": given.studio_because, "livy": given.livy_because, "sessions": given.sessions_because}
    return {way for way, because in ways.items() if because is not None}


@st.composite
def _parts(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "keep_old_versions_for": draw(st.none() | st.integers(1, 400)),
        "object_lock": draw(st.none() | _locks()),
        "require_source_arn": draw(st.booleans()),
        **draw(_kept()),
    }


@st.composite
def _kept(draw: st.DrawFn) -> dict[str, Any]:
    """How long records are kept, with a reason where one is needed."""
    retention = draw(st.sampled_from(["ONE_DAY", "ONE_MONTH", "THREE_MONTHS", "ONE_YEAR", "TEN_YEARS", "INFINITE"]))
    days = draw(st.none() | st.integers(1, 4000))
    unusual = retention in ("ONE_DAY", "ONE_MONTH", "INFINITE") or (days is not None and days < 90)
    because = draw(_REASONS) if unusual else None
    return {"retention": retention, "expire_after": days, "retention_because": because}


@st.composite
def _platform(draw: st.DrawFn, region: str | None, names: list[str], *, by_hand: bool) -> dict[str, Any]:
    alerts = draw(st.sampled_from(["own", "own", "existing"]))
    organization = draw(st.booleans()) and draw(st.booleans())
    limits = st.dictionaries(st.sampled_from(names), st.integers(1, 10**6) | st.just(0.5), max_size=len(names))
    budgets = {} if region in LACKING["AWS::Budgets::Budget"] else draw(limits)
    macie = [None, "existing"] + (["new"] if region not in LACKING["AWS::Macie::Session"] else [])
    found: dict[str, Any] = {
        "emails": draw(st.lists(st.sampled_from(["a@example.com", "b+c@x.example.org"]), unique=True))
        if alerts == "own"
        else [],
        "alerts": alerts,
        "organization_trail": organization,
        "auditors": None if organization else draw(_PEOPLE),
        "admins": draw(_PEOPLE),
        "monthly_budgets": budgets,
        "no_budget_because": draw(_REASONS) if 0 < len(budgets) < len(names) else None,
        "macie": draw(st.sampled_from(macie)),
        "macie_job": draw(_macie_jobs()),
        "viewer_because": draw(_MAYBE_REASON),
    }
    if by_hand:
        identifiers = st.sampled_from([{}, {"staff-number": r"\bSTAFF-[0-9]{6}\b"}])
        lock = draw(st.none() | _locks(least=90))
        found |= {
            "object_lock": lock,
            "no_object_lock_because": None if lock else draw(_MAYBE_REASON),
            "denied_calls": draw(st.integers(1, 100)),
            **draw(_kept()),
            "thresholds": draw(st.lists(st.integers(1, 1000), min_size=1, max_size=9, unique=True)),
            "publishing": draw(st.sampled_from(["FIFTEEN_MINUTES", "ONE_HOUR", "SIX_HOURS"])),
            "identifiers": {} if region in LACKING["AWS::Macie::CustomDataIdentifier"] else draw(identifiers),
        }
    return found


@st.composite
def _macie_jobs(draw: st.DrawFn) -> MacieJob | None:
    schedule: Any = draw(st.sampled_from([None, "DAILY", "WEEKLY", "MONTHLY", "ONCE", "no job"]))
    if schedule is None:
        return None
    if schedule == "no job":
        return MacieJob(no_job_because=draw(_REASONS))
    days = {"WEEKLY": st.sampled_from([None, "MONDAY"]), "MONTHLY": st.none() | st.integers(1, 28)}
    return MacieJob(
        schedule=schedule,
        day=draw(days.get(schedule, st.none())),
        sampling=draw(st.integers(1, 100)),
        existing=schedule == "ONCE" or draw(st.booleans()),
        managed=draw(st.sampled_from(["RECOMMENDED", "ALL"])),
    )


def _locks(least: int = 7) -> st.SearchStrategy[ObjectLock]:
    return st.builds(ObjectLock, days=st.integers(least, 36_500), mode=st.sampled_from(["GOVERNANCE", "COMPLIANCE"]))


def _folders() -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(_PREFIXES), min_size=1, max_size=3, unique=True)


def _warm(release: ReleaseLabel) -> st.SearchStrategy[dict[str, InitialCapacity]]:
    size = sizes(shuffle=release.supports(Feature.SHUFFLE_OPTIMIZED_DISKS))
    capacity = st.builds(InitialCapacity, workers=st.integers(1, 20), size=size)
    return st.dictionaries(st.sampled_from(["DRIVER", "EXECUTOR"]), capacity)


@st.composite
def _ceiling(draw: st.DrawFn, warm: dict[str, InitialCapacity]) -> Capacity | None:
    """A ceiling that holds the initial workers, often exactly."""
    needed = {
        name: sum(each.workers * getattr(each.size, name) for each in warm.values())
        for name in ("cpu", "memory", "disk")
    }
    more = st.just(0) | st.integers(0, 10_000)
    if not warm and draw(st.booleans()):
        return None
    return Capacity(**{name: max(1, least + draw(more)) for name, least in needed.items()})


@st.composite
def _spark_defaults(draw: st.DrawFn, release: ReleaseLabel) -> dict[str, str]:
    pool = [
        ("spark.executor.memory", "8g"),
        ("spark.sql.shuffle.partitions", "9"),
        ("spark.authenticate", "true"),
    ]
    for name, value, feature in (
        ("spark.aws.serverlessStorage.enabled", "true", Feature.SERVERLESS_STORAGE),
        ("spark.emr-serverless.lakeformation.enabled", "true", Feature.LAKE_FORMATION_FINE_GRAINED),
        ("spark.emr-serverless.executor.disk.type", "shuffle_optimized", Feature.SHUFFLE_OPTIMIZED_DISKS),
    ):
        if release.supports(feature):
            pool.append((name, value))
    return dict(draw(st.lists(st.sampled_from(pool), max_size=3, unique=True)))


def _runtime() -> st.SearchStrategy[list[RuntimeConfiguration]]:
    export = RuntimeConfiguration(classification="export", properties={"ZONE": "UTC"})
    known = [
        RuntimeConfiguration(classification="spark-env", configurations=[export]),
        RuntimeConfiguration(classification="spark-driver-log4j2", properties={"rootLogger.level": "warn"}),
        RuntimeConfiguration(classification="hive-site", properties={"hive.cli.print.header": "true"}),
    ]
    return st.lists(st.sampled_from(known), unique_by=lambda each: each.classification)


@st.composite
def _monitoring(draw: st.DrawFn, release: ReleaseLabel, region: str) -> Monitoring:
    types = st.lists(st.sampled_from(["STDOUT", "STDERR"]), min_size=1, max_size=2, unique=True)
    more: dict[str, Any] = {}
    if draw(st.booleans()):
        more["log_types"] = draw(
            st.dictionaries(st.sampled_from(["SPARK_DRIVER", "SPARK_EXECUTOR"]), types, min_size=1)
        )
    if release.supports(Feature.PROMETHEUS) and draw(st.booleans()):
        suffix = ".cn" if region.startswith("cn-") else ""
        host = f"aps-workspaces.{region}.amazonaws.com{suffix}"
        more["prometheus_url"] = f"https://{host}/workspaces/ws-1/api/v1/remote_write"
    return Monitoring(
        log_stream_prefix=draw(st.none() | st.just("nightly/%s")),
        no_managed_logs_because=draw(_MAYBE_REASON),
        no_cloudwatch_because=draw(_MAYBE_REASON),
        **more,
    )


@st.composite
def _interactive(draw: st.DrawFn, release: ReleaseLabel) -> Interactive:
    return Interactive(
        studio_because=draw(_MAYBE_REASON),
        livy_because=draw(_MAYBE_REASON),
        sessions_because=draw(_MAYBE_REASON) if release.supports(Feature.SESSIONS) else None,
    )


def _images(region: str) -> st.SearchStrategy[dict[str, Any]]:
    suffix = ".cn" if region.startswith("cn-") else ""
    repository = f"{ACCOUNT}.dkr.ecr.{region}.amazonaws.com{suffix}/team/spark"
    digest = WorkerImage(uri=f"{repository}@sha256:{'0a' * 32}")
    tag = WorkerImage(uri=f"{repository}:v1.2", mutable_tag_because="the registry's tags are immutable")
    ways: list[dict[str, Any]] = [{}, {"image": digest}, {"image": tag}]
    ways.append({"worker_images": {"Driver": digest, "Executor": tag}})
    return st.sampled_from(ways)


def _tags() -> st.SearchStrategy[dict[str, str]]:
    names = st.sampled_from(["cost center", "team", "a/b_c.d:e=f+g@h-i"])
    return st.dictionaries(names, st.sampled_from(["", "4711", "x y/z_1.2:3=4+5@6-7"]), max_size=2)
