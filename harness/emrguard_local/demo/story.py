"""The eight parts of the demo. Each part does its work with the public clients and returns what the report shows."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from botocore.exceptions import ClientError

from emrguard_local.cloud import LocalCloud
from emrguard_local.credentials import Credentials
from emrguard_local.demo.flights_data import flights_csv
from emrguard_local.demo.people import Person, hire
from emrguard_local.deploy import Deployment
from emrguard_local.exceptions import LocalCloudError

JOB = Path("jobs/delays_by_carrier.py")
_JOB_DEADLINE_SECONDS = 300
_TRAIL_DEADLINE_SECONDS = 60
_ENDED = {"SUCCESS", "FAILED", "CANCELLED"}


@dataclass
class JobRun:
    """One job run as the demo saw it."""

    name: str
    application_id: str
    job_run_id: str
    state: str = "SUBMITTED"
    details: str = ""
    timeline: list[tuple[str, datetime]] = field(default_factory=list)


@dataclass(frozen=True)
class Denial:
    """A call that was refused, and by whose words."""

    attempt: str
    principal: str
    action: str
    message: str


def synthesize(directory: Path, output: Path) -> None:
    """Run `app.py` as the CDK CLI would, into `output`.

    Raises:
        LocalCloudError: the app failed; carries its last line of stderr.
    """
    settings = json.loads((directory / "cdk.json").read_text(encoding="utf-8"))
    environment = os.environ | {
        "CDK_OUTDIR": str(output),
        "CDK_CONTEXT_JSON": json.dumps(settings.get("context", {})),
    }
    done = subprocess.run(
        [sys.executable, "app.py"], cwd=directory, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise LocalCloudError(f"app.py did not synthesize (exit code {done.returncode}):\n{done.stderr or done.stdout}")


def findings_of_the_synth(output: Path) -> tuple[int, int]:
    """What the rule packs found in the synth, from CDK's own report: (unacknowledged, acknowledged).

    Raises:
        LocalCloudError: there is no report; the app registered no rule pack.
    """
    report = output / "validation-report.json"
    if not report.exists():
        raise LocalCloudError(f"{report} is missing: app.py registers no rule pack with Validations.of(app)")
    packs = json.loads(report.read_text(encoding="utf-8"))["pluginReports"]
    found = [sum(len(pack.get(name, [])) for pack in packs) for name in ("violations", "suppressedViolations")]
    return found[0], found[1]


@dataclass(frozen=True)
class Stacks:
    """What the deployed stacks export, by tenant."""

    deployment: Deployment
    tenants: dict[str, dict[str, str]]
    platform: dict[str, str]

    @classmethod
    def of(cls, deployment: Deployment) -> Stacks:
        """Read the outputs of the three stacks of `app.py`."""
        return cls(
            deployment,
            {name: deployment.outputs(name.capitalize()) for name in ("flights", "payroll")},
            deployment.outputs("DataPlatform"),
        )


def seed(cloud: LocalCloud, stacks: Stacks, directory: Path) -> dict[str, Person]:
    """Each tenant's analyst signs in with MFA and uploads what the tenant's job needs."""
    people = {}
    for tenant, outputs in stacks.tenants.items():
        people[tenant] = hire(cloud, f"{tenant}-analyst", outputs["SubmitterRoleArn"])
    script = (directory / JOB).read_bytes()
    uploads = {
        "flights": {f"jobs/{JOB.name}": script, "input/flights.csv": flights_csv()},
        "payroll": {"input/salaries.csv": b"employee,carrier,salary\n1,UA,1000\n"},
    }
    for tenant, objects in uploads.items():
        s3 = cloud.client("s3", people[tenant].credentials)
        for key, body in objects.items():
            s3.put_object(Bucket=stacks.tenants[tenant]["DataBucketName"], Key=key, Body=body)
    return people


def auditor(cloud: LocalCloud, stacks: Stacks) -> Credentials:
    """Credentials of the platform's auditor role, for a new auditor who signs in with MFA."""
    return hire(cloud, "auditor", stacks.platform["AuditorRoleArn"]).credentials


def submit(
    cloud: LocalCloud,
    credentials: Credentials,
    outputs: dict[str, str],
    *,
    name: str,
    input_uri: str,
    execution_role_arn: str | None = None,
) -> JobRun:
    """Plain boto3 `start_job_run`, as the bearer of `credentials`."""
    data = f"s3://{outputs['DataBucketName']}"
    answer = cloud.client("emr-serverless", credentials).start_job_run(
        applicationId=outputs["ApplicationId"],
        executionRoleArn=execution_role_arn or outputs["ExecutionRoleArn"],
        name=name,
        jobDriver={
            "sparkSubmit": {
                "entryPoint": f"{data}/jobs/{JOB.name}",
                "entryPointArguments": ["--input", input_uri, "--output", f"{data}/output/{name}/"],
                "sparkSubmitParameters": "--conf spark.driver.cores=2 --conf spark.driver.memory=4g "
                "--conf spark.executor.cores=2 --conf spark.executor.memory=4g",
            }
        },
    )
    return JobRun(name, answer["applicationId"], answer["jobRunId"])


def follow(cloud: LocalCloud, credentials: Credentials, run: JobRun, seen: Callable[[str], None]) -> JobRun:
    """Poll GetJobRun until the run has ended; `seen` is called at each new state. The timeline is that of its events.

    Raises:
        LocalCloudError: it has not ended after five minutes.
    """
    client = cloud.client("emr-serverless", credentials)
    deadline = time.monotonic() + _JOB_DEADLINE_SECONDS
    while True:
        answer = client.get_job_run(applicationId=run.application_id, jobRunId=run.job_run_id)["jobRun"]
        if answer["state"] != run.state:
            run.state = answer["state"]
            seen(run.state)
        if run.state in _ENDED:
            run.details = answer.get("stateDetails", "")
            run.timeline = _timeline(cloud, run)
            return run
        if time.monotonic() > deadline:
            raise LocalCloudError(f"job run {run.job_run_id} is still {run.state} after {_JOB_DEADLINE_SECONDS} s")
        time.sleep(0.05)


def _timeline(cloud: LocalCloud, run: JobRun) -> list[tuple[str, datetime]]:
    """Every state of the run, also those too short to be polled, from the service's events."""
    details = [event["detail"] for event in cloud.events()]
    return [
        (detail["state"], datetime.fromisoformat(detail["updatedAt"]))
        for detail in details
        if detail["jobRunId"] == run.job_run_id
    ]


def results(cloud: LocalCloud, credentials: Credentials, outputs: dict[str, str], run: JobRun) -> list[dict[str, Any]]:
    """The rows that the job wrote, read back from Parquet as the submitter."""
    s3 = cloud.client("s3", credentials)
    bucket, prefix = outputs["DataBucketName"], f"output/{run.name}/"
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
    parts = [
        pq.read_table(io.BytesIO(s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read()))
        for each in listed
        if each["Key"].endswith(".parquet")
    ]
    rows: list[dict[str, Any]] = pa.concat_tables(parts).to_pylist()
    return rows


def driver_log(
    cloud: LocalCloud, credentials: Credentials, outputs: dict[str, str], run: JobRun, stream: str
) -> tuple[str, str]:
    """(S3 URI, text) of the driver's `stdout` or `stderr` under the documented log layout."""
    key = f"logs/applications/{run.application_id}/jobs/{run.job_run_id}/SPARK_DRIVER/{stream}.gz"
    body = cloud.client("s3", credentials).get_object(Bucket=outputs["LogBucketName"], Key=key)["Body"].read()
    return f"s3://{outputs['LogBucketName']}/{key}", gzip.decompress(body).decode(errors="replace")


def refused(attempt: str, principal: str, action: str, call: Callable[[], object]) -> Denial:
    """Run a call that must be refused.

    Raises:
        LocalCloudError: it was let through: the seal does not hold.
    """
    try:
        call()
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        if code not in {"AccessDenied", "AccessDeniedException"}:
            raise
        return Denial(attempt, principal, action, message)
    raise LocalCloudError(f"the seal does not hold: {attempt} was let through")


def records(cloud: LocalCloud, auditor: Credentials, bucket: str) -> Iterator[dict[str, Any]]:
    """Every record in the trail's bucket."""
    s3 = cloud.client("s3", auditor)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for each in page.get("Contents", []):
            if "/CloudTrail/" in each["Key"] and each["Key"].endswith(".json.gz"):
                body = s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read()
                yield from json.loads(gzip.decompress(body))["Records"]


def wait_for_records(
    cloud: LocalCloud, auditor: Credentials, bucket: str, *, wanted: Callable[[list[dict[str, Any]]], bool]
) -> list[dict[str, Any]]:
    """Poll the trail's bucket until `wanted` holds; CloudTrail delivers with a delay.

    Raises:
        LocalCloudError: it does not hold after a minute.
    """
    deadline = time.monotonic() + _TRAIL_DEADLINE_SECONDS
    while True:
        found = sorted(records(cloud, auditor, bucket), key=lambda each: str(each["eventTime"]))
        if wanted(found):
            return found
        if time.monotonic() > deadline:
            raise LocalCloudError(f"the trail did not deliver the expected records within {_TRAIL_DEADLINE_SECONDS} s")
        time.sleep(0.5)


def tells_the_story(found: list[dict[str, Any]]) -> bool:
    """Whether the allowed and the refused calls of the demo have all been delivered."""
    names = {(each["eventName"], "errorCode" in each) for each in found}
    return {
        ("StartJobRun", False),
        ("StartJobRun", True),
        ("AssumeRole", False),
        ("AssumeRole", True),
        ("GetObject", False),
        ("GetObject", True),
        ("PutObject", False),
    } <= names
