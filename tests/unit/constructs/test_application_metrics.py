"""Metrics of an application, with the dimensions under which EMR Serverless publishes them."""

from __future__ import annotations

import inspect

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from construct_support import new_app

from emrguard import HiveApplication, SparkApplication, Tenant
from emrguard._metrics import WithMetrics


@pytest.fixture(scope="module")
def stack() -> cdk.Stack:
    """A stack for any environment."""
    return cdk.Stack(new_app(), "Stack")


@pytest.fixture(scope="module")
def tenant(stack: cdk.Stack) -> Tenant:
    """A tenant with two applications."""
    tenant = Tenant(stack, "Tenant", name="flights")
    tenant.add_spark_application("old", release_label="emr-7.9.0")
    return tenant


def test_every_metric_is_an_applications(stack: cdk.Stack, tenant: Tenant) -> None:
    """Each `metric_…` gives a metric of one minute with the application's id and name, which alarms need."""
    names = set()
    for name, method in inspect.getmembers(tenant.application, inspect.ismethod):
        if name.startswith("metric_") and name != "metric_by_workers":
            arguments = {"worker_type": "SPARK_DRIVER", "capacity": "OnDemandCapacity"}
            workers = arguments if "worker_type" in inspect.signature(method).parameters else {}
            metric = method(**workers, statistic="Maximum")
            assert metric.namespace == "AWS/EMRServerless"
            assert (metric.statistic, metric.period.to_seconds()) == ("Maximum", 60)
            found = dict(stack.resolve(metric.dimensions))
            assert found.pop("ApplicationId") == stack.resolve(tenant.application.application_id)
            assert found.pop("ApplicationName") == "flights"
            assert set(found) == ({"WorkerType", "CapacityAllocationType"} if workers else set())
            names.add(metric.metric_name)
    assert names >= {"RunningJobs", "FailedJobs", "CPUAllocated", "MaxCPUAllowed", "IdleWorkerCount"}


def test_older_releases_publish_the_id_only(stack: cdk.Stack, tenant: Tenant) -> None:
    """The name became a dimension with emr-7.10.0; an alarm with a dimension too many would never see a value."""
    old = tenant.applications["old"].application
    assert set(stack.resolve(old.metric_failed_jobs().dimensions)) == {"ApplicationId"}


def test_sums_over_workers_are_searches(stack: cdk.Stack, tenant: Tenant) -> None:
    """What is published by worker type and kind of capacity has no sum of its own."""
    metric = tenant.application.metric_running_workers(capacity="OnDemandCapacity")
    expression = str(stack.resolve(metric.expression))  # type: ignore[attr-defined]
    assert "{AWS/EMRServerless,ApplicationId,ApplicationName,WorkerType,CapacityAllocationType}" in expression
    assert 'MetricName="RunningWorkerCount"' in expression
    assert 'CapacityAllocationType="OnDemandCapacity"' in expression
    assert "WorkerType=" not in expression


def test_applications_of_both_engines_have_them() -> None:
    """A dashboard does not ask which engine runs."""
    assert issubclass(SparkApplication, WithMetrics)
    assert issubclass(HiveApplication, WithMetrics)


def test_an_application_is_connectable() -> None:
    """Data stores in the VPC open to it as they do to anything of CDK's with a security group."""
    app = new_app()
    stack = cdk.Stack(app, "Stack")
    tenant = Tenant(stack, "Tenant", name="flights")
    vpc = ec2.Vpc.from_vpc_attributes(stack, "Vpc", vpc_id=tenant.network.vpc_id, availability_zones=["a"])
    store = ec2.SecurityGroup(stack, "Store", vpc=vpc, allow_all_outbound=False)
    store.connections.allow_from(tenant.application, ec2.Port.tcp(5432), "Queries")
    rules = app.synth().get_stack_by_name("Stack").template["Resources"]
    ports = {name: each["Properties"].get("FromPort") for name, each in rules.items() if "5432" in name}
    assert set(ports.values()) == {5432}
    assert len(ports) == 2
