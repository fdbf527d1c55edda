"""One wrong argument among valid ones is refused where it is written, with its name, its value and what to write."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import aws_cdk as cdk
import hypothesis
import pytest
from combinations.build import _values
from combinations.draw import application
from construct_support import new_app
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st

from emrguard import (
    ApplicationKey,
    ArgumentError,
    Capacity,
    DataBucket,
    InitialCapacity,
    IsolatedNetwork,
    JobLogs,
    Monitoring,
    RuntimeConfiguration,
    SparkApplication,
    WorkerImage,
    WorkerSize,
)

_NO_DIGEST = WorkerImage(uri="111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/spark:latest")
_ONE = InitialCapacity(workers=1)
_WRONG: list[tuple[str, st.SearchStrategy[Any]]] = [
    ("release_label", st.sampled_from(["", "7.14.0", "emr-7.99.0", "emr-6.15.0", "emr-5.36.0"])),
    ("architecture", st.sampled_from(["", "arm64", "x86_64", "AMD64"])),
    ("maximum_capacity", st.builds(Capacity, cpu=st.integers(-5, 0)) | st.builds(Capacity, memory=st.just(10**9))),
    ("maximum_capacity", st.builds(Capacity, disk=st.sampled_from([0, -1, 10**12]))),
    ("initial_capacity", st.builds(lambda kind: {kind: _ONE}, st.sampled_from(["Driver", "TEZ_TASK", ""]))),
    ("initial_capacity", st.builds(lambda count: {"DRIVER": InitialCapacity(workers=count)}, st.sampled_from([0, -1]))),
    ("idle_timeout", st.sampled_from([0, 10_081, 10**6])),
    ("never_stop_because", st.sampled_from(["", "  ", "because"])),
    ("keep_warm_because", st.sampled_from(["", "ok"])),
    ("long_idle_because", st.sampled_from(["", "ok"])),
    ("max_concurrent_runs", st.integers(-3, 0) | st.integers(1001, 10**9)),
    ("queue_timeout", st.integers(1, 14) | st.integers(721, 10**6)),
    ("spark_defaults", st.sampled_from([{"spark.authenticate": "false"}, {"spark.x": ""}, {"1x": "1"}])),
    ("spark_defaults", st.just({"spark.x": "y" * 1025})),
    ("runtime_configuration", st.just([RuntimeConfiguration(classification="spark-defaults")])),
    ("runtime_configuration", st.just([RuntimeConfiguration(classification="")])),
    ("image", st.just(_NO_DIGEST) | st.just(replace(_NO_DIGEST, uri="docker.io/library/spark:3"))),
    ("worker_images", st.just({"Driver": _NO_DIGEST})),
    ("monitoring", st.sampled_from([Monitoring(log_types={}), Monitoring(log_stream_prefix="a:b")])),
    ("monitoring", st.just(Monitoring(prometheus_url="http://x"))),
    ("identity_center_instance_arn", st.sampled_from(["", "ssoins-0123456789abcdef", "arn:aws:sso:::instance/x"])),
    ("tags", st.sampled_from([{"aws:x": "1"}, {"emrguard:tenant": "others"}, {"": "1"}, {"a": "#"}, {"a": "b" * 257}])),
]  # fmt: skip


@pytest.fixture(scope="module")
def parts() -> dict[str, Any]:
    """What an application stands in; made once, and never synthesized."""
    stack = cdk.Stack(new_app(), "Stack", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    key = ApplicationKey(stack, "Key", tenant="flights")
    logs = JobLogs(stack, "Logs", tenant="flights", key=key)
    data = DataBucket(stack, "Data", tenant="flights", key=key)
    network = IsolatedNetwork(stack, "Network", tenant="flights", key=key, data=data, logs=logs)
    return {"stack": stack, "tenant": "flights", "network": network, "logs": logs, "key": key}


@pytest.mark.parametrize("number", range(len(_WRONG)), ids=[f"{name}-{n}" for n, (name, _) in enumerate(_WRONG)])
def test_one_wrong_argument_is_named(number: int, parts: dict[str, Any]) -> None:
    """Whatever the other arguments are; never another exception, never a template that fails at the deployment."""
    argument, values = _WRONG[number]
    stack, made = parts["stack"], iter(range(1000))

    @hypothesis.settings(
        max_examples=4,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(application("eu-west-1"), values)
    def each(drawn: dict[str, Any], wrong: Any) -> None:
        given = _values(stack, {**drawn, **_alone(argument), argument: wrong})
        rest = {name: value for name, value in parts.items() if name != "stack"}
        with pytest.raises(ArgumentError) as caught:
            SparkApplication(stack, f"{argument}{number}-{next(made)}", **rest, **given)
        path, _, said = str(caught.value).partition(": ")
        assert path.startswith(f"Stack/{argument}{number}-")
        assert said.startswith(argument), said
        assert " is " in said
        assert "; " in said

    each()


def _alone(argument: str) -> dict[str, Any]:
    """The arguments that would be refused first, because they do not go with this one, left out."""
    alone: dict[str, dict[str, Any]] = {
        "image": {"worker_images": None},
        "worker_images": {"image": None},
        "maximum_capacity": {"initial_capacity": {}, "keep_warm_because": None},
        "idle_timeout": {"never_stop_because": None, "keep_warm_because": None, "long_idle_because": None},
        "initial_capacity": {"keep_warm_because": None, "never_stop_because": None},
    }
    return alone.get(argument, {})


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"cpu": 3}, "cpu is 3; a worker has 1, 2, 4, 8, 16 or 32 vCPU; the nearest: 2 and 4"),
        ({"cpu": 4, "memory": 31}, "memory is 31; a worker of 4 vCPU has 8 to 30 GB; the nearest: 30"),
        ({"disk": 201}, "disk is 201; a worker of disk type STANDARD has 20 to 200 GB"),
    ],
)
def test_a_worker_that_does_not_exist_is_told_its_neighbours(wrong: dict[str, Any], said: str) -> None:
    """The message says which sizes there are."""
    with pytest.raises(ArgumentError, match=f"WorkerSize: {said}"):
        WorkerSize(**wrong)
