"""Any valid combination of an application's arguments synthesizes, and the service's own checks accept it."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
from construct_support import synthesize
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emrguard import (
    ApplicationKey,
    Capacity,
    DataBucket,
    Feature,
    HiveApplication,
    InitialCapacity,
    Interactive,
    IsolatedNetwork,
    JobLogs,
    Monitoring,
    ReleaseLabel,
    SparkApplication,
    WorkerImage,
    WorkerSize,
)
from emrguard._engine import HIVE, SPARK, Engine
from emrguard_local.emr_serverless.application_rules import check_settings
from emrguard_local.resources.emr_serverless import _api_form
from emrguard_policies.releases import RELEASES
from emrguard_policies.worker_sizes import MAX_DISK_GB, MEMORY_GB

_WHY = "a combination of the test"
_IMAGE = WorkerImage(uri=f"111122223333.dkr.ecr.eu-west-1.amazonaws.com/spark@sha256:{'0a' * 32}")
_HUGE = Capacity(cpu=10_000, memory=100_000, disk=1_000_000)


@st.composite
def _sizes(draw: st.DrawFn, *, shuffle: bool) -> WorkerSize:
    cpu = draw(st.sampled_from(list(MEMORY_GB)))
    optimized = shuffle and draw(st.booleans())
    largest = MAX_DISK_GB["SHUFFLE_OPTIMIZED" if optimized else "STANDARD"]
    return WorkerSize(
        cpu=cpu,
        memory=draw(st.sampled_from(MEMORY_GB[cpu])),
        disk=draw(st.integers(20, largest)),
        shuffle_optimized=optimized,
    )


@st.composite
def _arguments(draw: st.DrawFn, engine: Engine) -> dict[str, Any]:
    labels = [ReleaseLabel.of(label) for label in RELEASES]
    release = draw(
        st.sampled_from(
            [label for label in labels if label.supports(Feature.JOB_QUEUE) and (label.hive_version or engine is SPARK)]
        )
    )
    size = st.none() | _sizes(shuffle=release.supports(Feature.SHUFFLE_OPTIMIZED_DISKS))
    capacity = st.builds(InitialCapacity, workers=st.integers(1, 100), size=size)
    warm = draw(st.dictionaries(st.sampled_from(engine.capacity_keys), capacity))
    endless = draw(st.booleans())
    each_image = dict.fromkeys(engine.image_keys, _IMAGE)
    ways: list[dict[str, Any]] = [{}, {"image": _IMAGE}, {"worker_images": each_image}]
    why = st.sampled_from([None, _WHY])
    interactive = Interactive(
        studio_because=draw(why),
        livy_because=draw(why),
        sessions_because=draw(why) if release.supports(Feature.SESSIONS) else None,
    )
    logs = st.dictionaries(st.sampled_from(list(engine.log_types)), st.just(["STDERR"]), min_size=1)
    return {
        "release_label": release,
        "architecture": draw(st.sampled_from(["ARM64", "X86_64"])),
        "maximum_capacity": _HUGE,
        "initial_capacity": warm,
        "never_stop_because": _WHY if endless else None,
        "keep_warm_because": _WHY if endless and warm else None,
        "monitoring": Monitoring(
            log_types=draw(st.none() | logs), no_managed_logs_because=draw(why), no_cloudwatch_because=draw(why)
        ),
        **({"interactive": interactive} if engine is SPARK else {"plaintext_between_workers_because": _WHY}),
        **draw(st.sampled_from(ways)),
    }


@settings(max_examples=4, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    st.lists(_arguments(SPARK), min_size=10, max_size=10),
    st.lists(_arguments(HIVE), min_size=5, max_size=5),
)
def test_valid_combinations_are_accepted(spark: list[dict[str, Any]], hive: list[dict[str, Any]]) -> None:
    """What passes at synth, the service does not refuse at deployment."""

    def build(stack: cdk.Stack) -> None:
        key = ApplicationKey(stack, "Key", tenant="flights")
        logs = JobLogs(stack, "Logs", tenant="flights", key=key)
        data = DataBucket(stack, "Data", tenant="flights", key=key)
        network = IsolatedNetwork(stack, "Network", tenant="flights", key=key, data=data, logs=logs)
        shared: dict[str, Any] = {"tenant": "flights", "network": network, "logs": logs, "key": key}
        for number, arguments in enumerate(spark):
            SparkApplication(stack, f"Spark{number}", **shared, **arguments)
        for number, arguments in enumerate(hive):
            HiveApplication(stack, f"Hive{number}", **shared, data=data, **arguments)

    applications = synthesize(build).of("AWS::EMRServerless::Application")
    assert len(applications) == len(spark) + len(hive)
    for properties in applications.values():
        asked = {name[0].lower() + name[1:]: _api_form(name, value) for name, value in properties.items()}
        check_settings(properties["Type"].capitalize(), asked)
