"""Those who watch over the platform are told what matters, by the deployed rules, filters, alarms, topic and key."""

from __future__ import annotations

import pytest
from alert_support import subscribed
from botocore.exceptions import ClientError

from scenario_support import Platform


def test_changes_and_refused_calls_are_told(platform: Platform) -> None:
    """An administrator tags an application; a submitter reaches for another tenant's data. Both alert."""
    cloud = platform.cloud
    (topic,) = [each["TopicArn"] for each in cloud.client("sns").list_topics()["Topics"]]
    # The alarm may have been raised by what other scenarios did: it tells again when it comes back.
    for alarm in cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]:
        cloud.client("cloudwatch").set_alarm_state(AlarmName=alarm["AlarmName"], StateValue="OK", StateReason="test")
    with subscribed(cloud.client("sns"), topic) as subscriber:
        application = f"arn:aws:emr-serverless:{cloud.region}:{cloud.account_id}:/applications/"
        arn = application + platform.flights["ApplicationId"]
        cloud.client("emr-serverless").tag_resource(resourceArn=arn, tags={"reviewed": "yes"})
        with pytest.raises(ClientError, match="AccessDenied"):
            cloud.client("s3", platform.submitters["flights"]).get_object(
                Bucket=platform.payroll["DataBucketName"], Key="input/salaries.csv"
            )
        event = subscriber.wait_for(lambda each: each.get("detail", {}).get("eventName") == "TagResource")
        assert event["detail"]["requestParameters"]["resourceArn"] == arn
        alarm = subscriber.wait_for(lambda each: "AlarmName" in each)
        assert alarm["NewStateValue"] == "ALARM"
