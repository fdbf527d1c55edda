"""AWS::CloudWatch::Alarm."""

from __future__ import annotations

from emrguard_local.resources.base import Created, Creation, handles
from emrguard_local.resources.shapes import TAGS, Boolean, Integer, ListOf, Number, Text, record

_ARNS = ListOf(Text())


@handles(
    "AWS::CloudWatch::Alarm",
    record(
        ("ComparisonOperator", "EvaluationPeriods", "MetricName", "Namespace", "Period", "Threshold"),
        ActionsEnabled=Boolean(),
        AlarmActions=_ARNS,
        AlarmDescription=Text(),
        AlarmName=Text(),
        ComparisonOperator=Text(),
        DatapointsToAlarm=Integer(),
        Dimensions=ListOf(record(("Name", "Value"), Name=Text(), Value=Text())),
        EvaluationPeriods=Integer(),
        InsufficientDataActions=_ARNS,
        MetricName=Text(),
        Namespace=Text(),
        OKActions=_ARNS,
        Period=Integer(),
        Statistic=Text(("Average", "Maximum", "Minimum", "SampleCount", "Sum")),
        Tags=TAGS,
        Threshold=Number(),
        TreatMissingData=Text(("breaching", "ignore", "missing", "notBreaching")),
        Unit=Text(),
    ),
    attributes=("Arn",),
    system_tagged=True,
)
def alarm(creation: Creation) -> Created:
    """PutMetricAlarm; `Ref` is the alarm's name.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-alarm.html
    """
    client = creation.client("cloudwatch")
    name = creation.get("AlarmName") or creation.name(255)
    given = {key: value for key, value in creation.properties.items() if key not in ("AlarmName", "Tags")}
    tags = {"Tags": creation.tag_list()} if creation.tags else {}
    client.put_metric_alarm(AlarmName=name, **given, **tags)
    (found,) = client.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    creation.verify("Alarm", given, found)
    arn = found["AlarmArn"]
    listed = client.list_tags_for_resource(ResourceARN=arn)["Tags"]
    creation.verify_tags({tag["Key"]: tag["Value"] for tag in listed})
    return Created(name, {"Arn": arn})


HANDLERS = (alarm,)
