"""A tenant with applications for Spark and Hive on the local cloud: a job as data runs, a query is refused."""

from __future__ import annotations

import json
import time
from pathlib import Path

import aws_cdk as cdk
import pytest
from botocore.exceptions import ClientError

from emrguard import HiveJob, SparkJob, Tenant
from emrguard_local.cloud import LocalCloud
from emrguard_local.demo.people import hire
from emrguard_local.deploy import deploy
from emrguard_local.engines.spark import SparkEngine
from emrguard_policies.assembly import load

_CODE = """
from pyspark.sql import SparkSession
import sys

spark = SparkSession.builder.getOrCreate()
found = spark.conf.get("spark.sql.shuffle.partitions")
spark.range(3).selectExpr(f"'{found}' AS partitions").write.json(sys.argv[1])
"""
_WHY = "public data in subnets of this tenant alone"


def test_a_tenant_of_both_engines(tmp_path: Path) -> None:
    """Each application has its type and settings; jobs start by their requests, by the submitter of each."""
    app = cdk.App(outdir=str(tmp_path / "cdk.out"), builtin_cloud_formation_validation=False)
    stack = cdk.Stack(app, "Flights")
    tenant = Tenant(stack, "Tenant", name="flights")
    sql = tenant.add_hive_application("sql", plaintext_between_workers_because=_WHY)
    tenant.add_outputs()
    bucket = f"s3://{tenant.data.bucket_name}"
    job = SparkJob(
        name="report", entry_point=f"{bucket}/jobs/report.py", arguments=[f"{bucket}/output/report/"],
        spark_defaults={"spark.sql.shuffle.partitions": "7"}, timeout=cdk.Duration.minutes(5),
    )  # fmt: skip
    requests = {
        "SparkRequest": tenant.applications["flights"].job_request(job),
        "HiveRequest": sql.job_request(HiveJob(query=f"{bucket}/jobs/count.sql")),
    }
    for name, request in requests.items():
        cdk.CfnOutput(stack, name, value=stack.to_json_string(request))
    app.synth()

    SparkEngine().prepare("emr-7.14.0", print)
    with LocalCloud.start() as cloud:
        outputs = deploy(load(tmp_path / "cdk.out"), cloud).outputs("Flights")
        service = cloud.client("emr-serverless")
        listed = {each["name"]: each["type"].upper() for each in service.list_applications()["applications"]}
        assert listed == {"flights": "SPARK", "flights-sql": "HIVE"}
        settings = service.get_application(applicationId=outputs["SqlApplicationId"])["application"]
        site = settings["runtimeConfiguration"][0]
        assert site["properties"]["hive.exec.scratchdir"] == f"s3://{outputs['DataBucketName']}/hive/sql/scratch"

        analyst = hire(cloud, "ann", outputs["SqlSubmitterRoleArn"]).sign_in()
        with pytest.raises(ClientError, match="Hive jobs cannot run here yet"):
            cloud.client("emr-serverless", analyst).start_job_run(**json.loads(outputs["HiveRequest"]))
        with pytest.raises(ClientError, match="not authorized"):
            cloud.client("emr-serverless", analyst).start_job_run(**json.loads(outputs["SparkRequest"]))

        engineer = hire(cloud, "eve", outputs["SubmitterRoleArn"]).sign_in()
        s3, runs = cloud.client("s3", engineer), cloud.client("emr-serverless", engineer)
        s3.put_object(Bucket=outputs["DataBucketName"], Key="jobs/report.py", Body=_CODE.encode())
        started = runs.start_job_run(**json.loads(outputs["SparkRequest"]))
        wanted = {"applicationId": started["applicationId"], "jobRunId": started["jobRunId"]}
        while (run := runs.get_job_run(**wanted)["jobRun"])["state"] not in ("SUCCESS", "FAILED", "CANCELLED"):
            time.sleep(0.5)
        assert run["state"] == "SUCCESS", run["stateDetails"]
        listed_objects = s3.list_objects_v2(Bucket=outputs["DataBucketName"], Prefix="output/report/")["Contents"]
        part = next(each["Key"] for each in listed_objects if each["Size"] and "part-" in each["Key"])
        body = s3.get_object(Bucket=outputs["DataBucketName"], Key=part)["Body"].read()
        assert json.loads(body.splitlines()[0]) == {"partitions": "7"}
