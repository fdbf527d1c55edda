"""What the authorizer is told of applications and job runs."""

from __future__ import annotations

from typing import Any

ARN = "arn:aws:emr-serverless:us-east-1:111122223333:/applications"


def test_tags_and_keys_are_told(cloud: Any) -> None:
    """Conditions on tags, and the checks of the keys that a job run uses, need them; an unknown resource is None."""
    monitoring = {
        "s3MonitoringConfiguration": {
            "logUri": "s3://logs/",
            "encryptionKeyArn": "arn:aws:kms:us-east-1:111122223333:key/k",
        }
    }
    application = cloud.application(tags={"team": "flights"}, monitoringConfiguration=monitoring)
    run = cloud.submit(application, tags={"cost": "low"})
    told = cloud.service.describe_resource(f"{ARN}/{application}")
    assert (told["tags"], told["monitoringConfiguration"]) == ({"team": "flights"}, monitoring)
    assert cloud.service.describe_resource(f"{ARN}/{application}/jobruns/{run}") == {"tags": {"cost": "low"}}
    assert cloud.service.describe_resource(f"{ARN}/none") is None
    assert cloud.service.describe_resource("arn:aws:s3:::bucket") is None
