"""Applications: settings, states, idempotency and lists."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest


def test_an_application_is_created_with_the_services_defaults(cloud: Any) -> None:
    """Who leaves settings out gets AWS's: auto-start, auto-stop after 15 minutes, X86_64, a queue from 7.3 on."""
    found = cloud.call("GetApplication", applicationId=cloud.application(name="flights"))["application"]
    assert found["state"] == "CREATED"
    assert found["type"] == "Spark"
    assert found["autoStartConfiguration"] == {"enabled": True}
    assert found["autoStopConfiguration"] == {"enabled": True, "idleTimeoutMinutes": 15}
    assert found["schedulerConfiguration"] == {"queueTimeoutMinutes": 360, "maxConcurrentRuns": 15}
    assert found["architecture"] == "X86_64"
    assert found["arn"] == f"arn:aws:emr-serverless:us-east-1:111122223333:/applications/{found['applicationId']}"
    assert len(found["applicationId"]) == 16


def test_everything_that_was_asked_for_is_kept(cloud: Any) -> None:
    """Deployment compares what it asked for with what it reads back."""
    asked = {
        "name": "flights",
        "initialCapacity": {
            "DRIVER": {"workerCount": 1, "workerConfiguration": {"cpu": "2vCPU", "memory": "8GB", "disk": "20GB"}}
        },
        "maximumCapacity": {"cpu": "16 vCPU", "memory": "64 GB"},
        "networkConfiguration": {"subnetIds": ["subnet-1", "subnet-2"], "securityGroupIds": ["sg-1"]},
        "monitoringConfiguration": {"s3MonitoringConfiguration": {"logUri": "s3://logs/x/"}},
        "runtimeConfiguration": [{"classification": "spark-defaults", "properties": {"spark.a": "1"}}],
        "diskEncryptionConfiguration": {"encryptionKeyArn": "arn:aws:kms:us-east-1:111122223333:key/abc"},
        "tags": {"team": "flights"},
    }
    found = cloud.call("GetApplication", applicationId=cloud.application(**asked))["application"]
    assert {name: found[name] for name in asked} == asked


def test_the_states_of_an_application(cloud: Any) -> None:
    """CREATED, STARTED, STOPPED, TERMINATED; a terminated one stays visible."""
    identifier = cloud.application()
    cloud.call("StartApplication", applicationId=identifier)
    assert cloud.state(identifier) == "STARTED"
    assert "Current status: STARTED" in cloud.refused("DeleteApplication", applicationId=identifier).message
    cloud.call("StopApplication", applicationId=identifier)
    assert cloud.state(identifier) == "STOPPED"
    cloud.call("DeleteApplication", applicationId=identifier)
    assert cloud.state(identifier) == "TERMINATED"
    error = cloud.refused("StartApplication", applicationId=identifier)
    assert (error.code, error.status) == ("ValidationException", 400)
    assert "TERMINATED" in error.message


def test_an_idle_application_stops_by_itself(make_cloud: Callable[..., Any]) -> None:
    """autoStopConfiguration.idleTimeoutMinutes after its last job run an application is STOPPED."""
    cloud = make_cloud(minute_seconds=0.05)
    identifier = cloud.application(autoStopConfiguration={"enabled": True, "idleTimeoutMinutes": 1})
    kept = cloud.application(autoStopConfiguration={"enabled": False})
    cloud.call("StartApplication", applicationId=kept)
    run = cloud.submit(identifier)
    cloud.driver().end()
    cloud.wait(identifier, run, "SUCCESS")
    deadline = time.monotonic() + 10
    while cloud.state(identifier) != "STOPPED":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert cloud.state(kept) == "STARTED"


def test_only_a_created_or_stopped_application_is_updated(cloud: Any) -> None:
    """UpdateApplication replaces members, clears empty ones, and refuses while STARTED."""
    identifier = cloud.application(
        maximumCapacity={"cpu": "16 vCPU", "memory": "64 GB"}, networkConfiguration={"subnetIds": ["subnet-1"]}
    )
    updated = cloud.call(
        "UpdateApplication",
        applicationId=identifier,
        maximumCapacity={"cpu": "32 vCPU", "memory": "128 GB"},
        networkConfiguration={"subnetIds": [], "securityGroupIds": []},
    )["application"]
    assert updated["maximumCapacity"]["cpu"] == "32 vCPU"
    assert "networkConfiguration" not in updated
    cloud.call("StartApplication", applicationId=identifier)
    error = cloud.refused("UpdateApplication", applicationId=identifier, architecture="ARM64")
    assert "STARTED; call StopApplication first" in error.message
    scheduler = {"schedulerConfiguration": {"maxConcurrentRuns": 3}}
    updated = cloud.call("UpdateApplication", applicationId=identifier, **scheduler)["application"]
    assert updated["schedulerConfiguration"] == {"maxConcurrentRuns": 3, "queueTimeoutMinutes": 360}


def test_a_client_token_makes_one_application(cloud: Any) -> None:
    """A repeated request gets the same answer; the token with another request is a conflict."""
    request = {"releaseLabel": "emr-7.14.0", "type": "SPARK", "clientToken": "once"}
    assert cloud.call("CreateApplication", **request) == cloud.call("CreateApplication", **request)
    assert len(cloud.call("ListApplications")["applications"]) == 1
    error = cloud.refused("CreateApplication", **request, name="other")
    assert (error.code, error.status) == ("ConflictException", 409)
    assert "'once'" in error.message


def test_applications_are_listed_page_by_page(cloud: Any) -> None:
    """Pages neither repeat nor lose an application, also when one is created meanwhile."""
    made = [cloud.application(name=f"a{number}") for number in range(5)]
    first = cloud.call("ListApplications", maxResults=2)
    cloud.application(name="late")
    second = cloud.call("ListApplications", maxResults=2, nextToken=first["nextToken"])
    third = cloud.call("ListApplications", maxResults=2, nextToken=second["nextToken"])
    assert "nextToken" not in third
    seen = [each["id"] for page in (first, second, third) for each in page["applications"]]
    assert seen == made[::-1]
    assert cloud.call("ListApplications", states=["STARTED"])["applications"] == []
    assert "nextToken 'abcd'" in cloud.refused("ListApplications", nextToken="abcd").message


def test_tags_come_and_go(cloud: Any) -> None:
    """Tags of applications and job runs are set, listed and taken away by ARN."""
    identifier = cloud.application(tags={"team": "flights"})
    arn = cloud.call("GetApplication", applicationId=identifier)["application"]["arn"]
    cloud.call("TagResource", resourceArn=arn, tags={"cost": "1"})
    cloud.call("UntagResource", resourceArn=arn, tagKeys=["team"])
    assert cloud.call("ListTagsForResource", resourceArn=arn) == {"tags": {"cost": "1"}}
    run = cloud.job_run(identifier, cloud.submit(identifier, tags={"run": "x"}))
    assert cloud.call("ListTagsForResource", resourceArn=run["arn"]) == {"tags": {"run": "x"}}
    assert "aws:" in cloud.refused("TagResource", resourceArn=arn, tags={"aws:x": "1"}).message
    error = cloud.refused("ListTagsForResource", resourceArn=arn.replace("us-east-1", "us-west-2"))
    assert error.code == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"releaseLabel": "emr-7.99.0"}, "releaseLabel 'emr-7.99.0' is not a release"),
        ({"type": "FLINK"}, "type is 'FLINK'; use SPARK or HIVE"),
        ({"type": "HIVE", "releaseLabel": "emr-spark-8.0.0"}, "has no Hive"),
        ({"name": "a b"}, "Value 'a b' at 'name'"),
        ({"architecture": "MIPS"}, "Member must be one of ARM64, X86_64"),
        ({"autoStopConfiguration": {"idleTimeoutMinutes": 99999}}, "at most 10080"),
        ({"autoStopConfiguration": {"idleTimeoutMinutes": 0}}, "idleTimeoutMinutes"),
        ({"schedulerConfiguration": {"maxConcurrentRuns": 0}}, "maxConcurrentRuns is 0; use 1 to 1000"),
        ({"schedulerConfiguration": {"queueTimeoutMinutes": 5}}, "queueTimeoutMinutes is 5; use 15 to 720"),
        ({"schedulerConfiguration": {}, "releaseLabel": "emr-6.15.0"}, "needs emr-7.0.0 or later"),
        ({"interactiveConfiguration": {"sessionEnabled": True}, "releaseLabel": "emr-7.9.0"}, "needs emr-7.13.0"),
        ({"workerTypeSpecifications": {"Driver": {}}}, "give all of Driver, Executor"),
        ({"initialCapacity": {"TEZ_TASK": {"workerCount": 1}}}, "worker type 'TEZ_TASK'; use DRIVER, EXECUTOR"),
        (
            {"initialCapacity": {"DRIVER": {"workerCount": 1, "workerConfiguration": {"cpu": "3", "memory": "8"}}}},
            "asks for 3 vCPU; use 1, 2, 4, 8, 16, 32 vCPU",
        ),
        (
            {
                "initialCapacity": {"DRIVER": {"workerCount": 5}},
                "maximumCapacity": {"cpu": "16 vCPU", "memory": "200 GB"},
            },
            "maximumCapacity.cpu is '16 vCPU', but initialCapacity takes 20",
        ),
        (
            {"runtimeConfiguration": [{"classification": "spark-defaults"}, {"classification": "spark-defaults"}]},
            "'spark-defaults' twice",
        ),
        ({"monitoringConfiguration": {"s3MonitoringConfiguration": {"logUri": "file:///x"}}}, "use s3://<bucket>"),
        (
            {
                "monitoringConfiguration": {
                    "cloudWatchLoggingConfiguration": {"enabled": True, "logTypes": {"SPARK_DRIVER": ["TEZ_AM"]}}
                }
            },
            "logTypes.SPARK_DRIVER has 'TEZ_AM'",
        ),
        (
            {
                "monitoringConfiguration": {
                    "s3MonitoringConfiguration": {"encryptionKeyArn": "arn:aws:kms:us-east-1:111122223333:alias/x"}
                }
            },
            "encryptionKeyArn",
        ),
        ({"unheard": 1}, "unheard"),
        ({"tags": {"aws:x": "1"}}, "'aws:x' begins with aws:"),
    ],
)
def test_wrong_settings_are_named(cloud: Any, parameters: dict[str, Any], said: str) -> None:
    """Each refusal names the member, its value and what to give instead."""
    request = {"releaseLabel": "emr-7.14.0", "type": "SPARK", **parameters}
    error = cloud.refused("CreateApplication", **request)
    assert (error.code, error.status) == ("ValidationException", 400)
    assert said in error.message


def test_an_unknown_application_is_not_found(cloud: Any) -> None:
    """A wrong id is a ResourceNotFoundException that names it."""
    error = cloud.refused("GetApplication", applicationId="00nothere")
    assert (error.code, error.status) == ("ResourceNotFoundException", 404)
    assert "00nothere" in error.message


@pytest.mark.parametrize("operation", ["StartSession", "ListSessions", "GetSessionEndpoint", "GetResourceDashboard"])
def test_sessions_are_refused_clearly(cloud: Any, operation: str) -> None:
    """Interactive sessions do not exist locally, and the error says so under a code that is not AWS's."""
    error = cloud.refused(operation, applicationId="x")
    assert error.code == "UnsupportedByLocalCloud"
    assert "not supported by the local cloud" in error.message
