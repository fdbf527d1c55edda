"""What the applications of all engines have in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypedDict

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_emrserverless as emrserverless
from aws_cdk import aws_iam as iam
from constructs import Construct

from emrguard import _actions, _arguments, _prometheus, _submitting, _wildcards, _workers, worker_image
from emrguard import interactive as _interactive
from emrguard import lifecycle as _lifecycle
from emrguard import monitoring as _monitoring
from emrguard import runtime_configuration as _runtime
from emrguard._engine import Engine
from emrguard._kept import unresolved
from emrguard._manifest import Owner
from emrguard._metrics import WithMetrics
from emrguard._reasons import Reasons
from emrguard.capacity import Capacity
from emrguard.exceptions import ArgumentError
from emrguard.execution_role import ExecutionRole
from emrguard.imported_application import ImportedApplication
from emrguard.initial_capacity import InitialCapacity
from emrguard.interactive import Interactive
from emrguard.interfaces import IApplicationKey, IJobLogs, INetwork
from emrguard.lifecycle import Lifecycle
from emrguard.monitoring import Monitoring
from emrguard.release_label import DEFAULT_RELEASE, ReleaseLabel, demand
from emrguard.release_label import release_label as read_release
from emrguard.runtime_configuration import RuntimeConfiguration
from emrguard.worker_image import WorkerImage
from emrguard_policies.releases import Feature

_IDENTITY_CENTER = re.compile(r"arn:aws[a-z-]*:sso:::instance/(?:sso)?ins-[A-Za-z0-9.-]{16}")
_NAME = re.compile(r"[A-Za-z0-9._/#-]{1,64}")
_LONG_IDLE_MINUTES = 60
_TAG_NAME = re.compile(r"[A-Za-z0-9 /_.:=+@-]{1,128}")
_TAG_VALUE = re.compile(r"[A-Za-z0-9 /_.:=+@-]{0,256}")


class CommonOptions(TypedDict, total=False):
    """Arguments that the applications of all engines have, beside those that `Tenant` names itself."""

    initial_capacity: Mapping[str, InitialCapacity]
    auto_start: bool
    idle_timeout: cdk.Duration
    never_stop_because: str
    keep_warm_because: str
    long_idle_because: str
    max_concurrent_runs: int
    queue_timeout: cdk.Duration
    runtime_configuration: Sequence[RuntimeConfiguration]
    image: WorkerImage
    worker_images: Mapping[str, WorkerImage]
    monitoring: Monitoring
    lifecycle: Lifecycle
    tags: Mapping[str, str]


@jsii.implements(ec2.IConnectable)
class Application(WithMetrics, Construct):
    """An application of some engine. Not public: `SparkApplication` and `HiveApplication` are.

    Args:
        engine: what it runs.
        defaults: checks properties of the engine's own classification for a release, and adds those that must be.
        given_defaults: those that the user gave.
        prepare: checks what only this engine has, and records its reasons; called when the release is known.
        interactive: None where the engine has no interactive use.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        engine: Engine,
        defaults: Callable[[Mapping[str, str], ReleaseLabel], Mapping[str, str]],
        given_defaults: Mapping[str, str] | None,
        prepare: Callable[[ReleaseLabel, Reasons], None] | None,
        tenant: str,
        network: INetwork,
        logs: IJobLogs,
        key: IApplicationKey,
        application_name: str | None,
        release_label: ReleaseLabel | str,
        architecture: Literal["ARM64", "X86_64"],
        maximum_capacity: Capacity | None,
        initial_capacity: Mapping[str, InitialCapacity] | None,
        auto_start: bool,
        idle_timeout: cdk.Duration | None,
        never_stop_because: str | None,
        keep_warm_because: str | None,
        long_idle_because: str | None,
        max_concurrent_runs: int,
        queue_timeout: cdk.Duration | None,
        runtime_configuration: Sequence[RuntimeConfiguration],
        image: WorkerImage | None,
        worker_images: Mapping[str, WorkerImage] | None,
        monitoring: Monitoring | None,
        lifecycle: Lifecycle | None,
        interactive: Interactive | None,
        identity_center_instance_arn: str | None,
        tags: Mapping[str, str] | None,
    ) -> None:
        super().__init__(scope, id)
        owner = Owner(tenant=_arguments.tenant_name(self, tenant))
        owner.tag(self, within=scope)
        release = read_release(self.node.path, "release_label", release_label)
        demand(self.node.path, "release_label", release, Feature.JOB_QUEUE)
        if architecture not in ("ARM64", "X86_64") and not unresolved(architecture):
            raise ArgumentError(self.node.path, "architecture", architecture, "write 'ARM64' or 'X86_64'")
        reasons = Reasons(self)
        if prepare is not None:
            prepare(release, reasons)
        ceiling = maximum_capacity or Capacity()
        maximum = _workers.maximum(self, ceiling)
        waiting = _workers.pools(self, initial_capacity or {}, engine, release)
        initial = _workers.initial(self, waiting, ceiling)
        endless = reasons.take("never_stop_because", never_stop_because, "EMRG503")
        idle = self._idle_minutes(reasons, idle_timeout, long_idle_because, endless=endless)
        self._check_warm(reasons, keep_warm_because, wanted=endless and bool(initial))
        reasons.take("release_label", release.unknown_because, "EMRG502")
        queue = _arguments.minutes(self, "queue_timeout", queue_timeout or cdk.Duration.hours(6), 15, 720)
        runs = _arguments.whole_number(self, "max_concurrent_runs", max_concurrent_runs, 1, 1000, "job runs")
        one_image, images = worker_image.images(
            self, image, dict(worker_images or {}), engine.image_keys, release, reasons
        )
        monitored = _monitoring.render(self, monitoring or Monitoring(), engine, logs, key, release, reasons)
        self._defaults, self._configuration = defaults, tuple(runtime_configuration)
        self.runtime_defaults: Mapping[str, str] = dict(defaults(given_defaults or {}, release))
        """The engine's settings that a job gets: the properties of `spark-defaults`, or of `hive-site`."""
        self.application_name = tenant if application_name is None else self._name(application_name)
        """Name of the application."""
        application = emrserverless.CfnApplication(
            self,
            "Resource",
            name=self.application_name,
            type=engine.type,
            release_label=release.label,
            architecture=architecture,
            auto_start_configuration=emrserverless.CfnApplication.AutoStartConfigurationProperty(enabled=auto_start),
            auto_stop_configuration=emrserverless.CfnApplication.AutoStopConfigurationProperty(
                enabled=not endless, idle_timeout_minutes=idle
            ),
            initial_capacity=initial or None,
            maximum_capacity=maximum,
            network_configuration=emrserverless.CfnApplication.NetworkConfigurationProperty(
                subnet_ids=network.subnet_ids, security_group_ids=[network.security_group_id]
            ),
            monitoring_configuration=monitored,
            runtime_configuration=[
                emrserverless.CfnApplication.ConfigurationObjectProperty(
                    classification=engine.defaults, properties=dict(self.runtime_defaults)
                ),
                *_runtime.render(self, "runtime_configuration", runtime_configuration, engine),
            ],
            scheduler_configuration=emrserverless.CfnApplication.SchedulerConfigurationProperty(
                max_concurrent_runs=runs, queue_timeout_minutes=queue
            ),
            interactive_configuration=None
            if interactive is None
            else _interactive.render(self, interactive, release, reasons),
            image_configuration=one_image,
            worker_type_specifications=images,
            identity_center_configuration=self._identity_center(identity_center_instance_arn, release),
        )
        self._tag(tags or {})
        self._disk_key = _lifecycle.attach(self, lifecycle or Lifecycle(), owner, application, key, reasons)
        owner.mark(application, "application", reasons.given)
        _workers.warn_of_few_addresses(self, network, waiting, ceiling, engine)
        network.accept_for(self)
        key.accept_for(self)
        logs.accept_for(self)
        self._network = network
        self._connected: list[ExecutionRole] = []
        self._prometheus_url = monitoring.prometheus_url if monitoring is not None else None
        self.engine = engine.name
        """`Spark` or `Hive`."""
        self.release = release
        """The release."""
        self._classification = engine.defaults
        self.application_id = application.attr_application_id
        """Id of the application."""
        self.application_arn = application.attr_arn
        """ARN of the application."""

    @staticmethod
    def from_application_arn(
        scope: Construct,
        id: str,
        application_arn: str,
        *,
        application_name: str,
        because: str,
        release_label: ReleaseLabel | str = DEFAULT_RELEASE,
    ) -> ImportedApplication:
        """An application that another app makes; see `ImportedApplication` for the arguments."""
        return ImportedApplication(
            scope,
            id,
            application_arn=application_arn,
            application_name=application_name,
            because=because,
            release_label=release_label,
        )

    @property
    def connections(self) -> ec2.Connections:
        """Lets workers reach data stores in the VPC; those of the network, which all its applications share."""
        return self._network.connections

    def job_configuration(self, given: Mapping[str, str]) -> list[dict[str, Any]]:
        """What a job sends as `applicationConfiguration` to change settings of the engine, and keep all others.

        A classification that a job sends replaces the application's whole (up to emr-spark-8.0), so that of the engine
        comes with all that the application has in it. With emr-spark-8.0 every classification is replaced, so the
        others come again, too.
        https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/default-configs.html

        Args:
            given: properties of `spark-defaults`, or of `hive-site`, for the job alone.

        Raises:
            ArgumentError: a property is outside of the service's limits, or takes a guardrail off.
        """
        properties = {**self.runtime_defaults, **self._defaults(given, self.release)}
        _runtime.check_properties(self, self._classification, properties)
        own = {"classification": self._classification, "properties": properties}
        return [own, *(_runtime.as_request(each) for each in self._configuration)]

    def grant_run(self, role: iam.IRole, execution_role: ExecutionRole) -> iam.Grant:
        """Let a service's role start jobs on this application that run as `execution_role`, follow and cancel them."""
        start = iam.Grant.add_to_principal(
            grantee=role, actions=list(_actions.START_JOB_RUN), resource_arns=[self.application_arn]
        )
        job_runs = _wildcards.grant(
            role,
            _actions.FOLLOW_JOB_RUNS,
            f"{self.application_arn}/jobruns/*",
            "All job runs of one application; EMR Serverless makes up their ids",
        )
        if self._disk_key is not None:
            self._disk_key.grant_disks(role)
        self._connect(execution_role)
        return start.combine(job_runs).combine(execution_role.grant_pass_to_emr_serverless(role))

    def grant_submit(self, role: iam.IRole, execution_role: ExecutionRole) -> iam.Grant:
        """Let a role run jobs on this application that run as `execution_role`, follow, cancel and inspect them.

        Includes the right to list applications, which IAM cannot limit to one. Where metrics go to Prometheus, the
        execution role may write them.
        """
        self._connect(execution_role)
        use = _submitting.grant_use(role, self.application_arn)
        if self._disk_key is not None:
            self._disk_key.grant_disks(role)
        return use.combine(execution_role.grant_pass_to_emr_serverless(role))

    def _idle_minutes(
        self, reasons: Reasons, given: cdk.Duration | None, long_because: str | None, *, endless: bool
    ) -> float | None:
        path, minutes = self.node.path, None
        if not endless:
            minutes = _arguments.minutes(self, "idle_timeout", given or cdk.Duration.minutes(15), 1, 10080)
        elif given is not None:
            mend = "leave it out or never_stop_because: one of both"
            raise ArgumentError(path, "idle_timeout", given.to_human_string(), mend)
        long = minutes is not None and not unresolved(minutes) and minutes > _LONG_IDLE_MINUTES
        if long and long_because is None:
            mend = f"write {_LONG_IDLE_MINUTES} minutes at most, or say long_idle_because: idle ones are paid for"
            raise ArgumentError(path, "idle_timeout", f"{minutes} minutes", mend)
        if reasons.take("long_idle_because", long_because, "EMRG503") and not long:
            mend = f"leave it out: it is for an idle_timeout of more than {_LONG_IDLE_MINUTES} minutes only"
            raise ArgumentError(path, "long_idle_because", long_because, mend)
        return minutes

    def _check_warm(self, reasons: Reasons, because: str | None, *, wanted: bool) -> None:
        if reasons.take("keep_warm_because", because, "EMRG504") != wanted:
            mend = (
                "initial_capacity with auto-stop off is paid for day and night: say why, or let the application stop"
                if wanted
                else "leave it out: it is for initial_capacity together with never_stop_because only"
            )
            raise ArgumentError(self.node.path, "keep_warm_because", because, mend)

    def _connect(self, execution_role: ExecutionRole) -> None:
        """Let jobs write metrics, where these go to Prometheus."""
        if self._prometheus_url is not None and execution_role not in self._connected:
            self._connected.append(execution_role)
            _prometheus.connect(self, self._prometheus_url, self._network, execution_role)

    def _name(self, name: str) -> str:
        if not unresolved(name) and not _NAME.fullmatch(name):
            mend = "write 1 to 64 letters, digits and ._/#-"
            raise ArgumentError(self.node.path, "application_name", name, mend)
        return name

    def _identity_center(
        self, arn: str | None, release: ReleaseLabel
    ) -> emrserverless.CfnApplication.IdentityCenterConfigurationProperty | None:
        if arn is None:
            return None
        if not unresolved(arn) and not _IDENTITY_CENTER.fullmatch(arn):
            mend = "write arn:aws:sso:::instance/ssoins-<16 characters>"
            raise ArgumentError(self.node.path, "identity_center_instance_arn", arn, mend)
        demand(self.node.path, "release_label", release, Feature.IDENTITY_CENTER)
        return emrserverless.CfnApplication.IdentityCenterConfigurationProperty(identity_center_instance_arn=arn)

    def _tag(self, tags: Mapping[str, str]) -> None:
        for name, value in tags.items():
            if not _TAG_NAME.fullmatch(name) or name.lower().startswith(("aws:", "emrguard:")):
                mend = "write 1 to 128 letters, digits, spaces and /_.:=+@-, not starting with 'aws:' or 'emrguard:'"
                raise ArgumentError(self.node.path, "tags", name, mend)
            if not unresolved(value) and not _TAG_VALUE.fullmatch(value):
                mend = "write up to 256 letters, digits, spaces and /_.:=+@-"
                raise ArgumentError(self.node.path, f"tags[{name!r}]", value, mend)
            cdk.Tags.of(self).add(name, value)
