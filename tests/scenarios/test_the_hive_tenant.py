"""A tenant with applications for Spark and Hive deploys to the local cloud, which says what it cannot run."""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk
import pytest
from botocore.exceptions import ClientError

from emrguard import Tenant
from emrguard_local.cloud import LocalCloud
from emrguard_local.demo.people import hire
from emrguard_local.deploy import deploy
from emrguard_policies.assembly import load


def test_a_hive_tenant_deploys(tmp_path: Path) -> None:
    """Each application is there with its type, and a query is refused with a word that says why."""
    app = cdk.App(outdir=str(tmp_path / "cdk.out"), builtin_cloud_formation_validation=False)
    tenant = Tenant(cdk.Stack(app, "Flights"), "Tenant", name="flights")
    tenant.add_hive_application("sql", plaintext_between_workers_because="public data in subnets of this tenant alone")
    tenant.add_outputs()
    app.synth()
    with LocalCloud.start() as cloud:
        outputs = deploy(load(tmp_path / "cdk.out"), cloud).outputs("Flights")
        service = cloud.client("emr-serverless")
        listed = {each["name"]: each["type"].upper() for each in service.list_applications()["applications"]}
        assert listed == {"flights": "SPARK", "flights-sql": "HIVE"}
        settings = service.get_application(applicationId=outputs["SqlApplicationId"])["application"]
        site = settings["runtimeConfiguration"][0]
        assert site["classification"] == "hive-site"
        assert site["properties"]["hive.exec.scratchdir"] == f"s3://{outputs['DataBucketName']}/hive/sql/scratch"
        analyst = hire(cloud, "ann", outputs["SqlSubmitterRoleArn"]).sign_in()
        with pytest.raises(ClientError, match="Hive jobs cannot run here yet"):
            cloud.client("emr-serverless", credentials=analyst).start_job_run(
                applicationId=outputs["SqlApplicationId"],
                executionRoleArn=outputs["SqlExecutionRoleArn"],
                jobDriver={"hive": {"query": f"s3://{outputs['DataBucketName']}/jobs/count.sql"}},
            )
