"""AWS::Logs::LogGroup and AWS::Logs::MetricFilter."""

from __future__ import annotations

from emrguard_local.alerting import patterns
from emrguard_local.resources.base import Created, Creation, handles
from emrguard_local.resources.shapes import TAGS, Fixed, Integer, ListOf, Text, record


@handles(
    "AWS::Logs::LogGroup",
    record(
        KmsKeyId=Text(),
        LogGroupClass=Fixed("STANDARD", "the emulated service has no other class"),
        LogGroupName=Text(),
        RetentionInDays=Integer(),
        Tags=TAGS,
    ),
    attributes=("Arn",),
    system_tagged=True,
)
def log_group(creation: Creation) -> Created:
    """CreateLogGroup and its retention; `Ref` is the log group's name, `Arn` ends in `:*`.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-loggroup.html
    """
    client = creation.client("logs")
    name = creation.get("LogGroupName") or creation.name(512)
    asked = creation.given(kmsKeyId="KmsKeyId")
    tags = {"tags": creation.tags} if creation.tags else {}
    client.create_log_group(logGroupName=name, **asked, **tags)
    if "RetentionInDays" in creation.properties:
        client.put_retention_policy(logGroupName=name, retentionInDays=creation["RetentionInDays"])
        asked["retentionInDays"] = creation["RetentionInDays"]
    pages = client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
    (found,) = (group for page in pages for group in page["logGroups"] if group["logGroupName"] == name)
    creation.verify("LogGroup", asked, found)
    arn = found["arn"].removesuffix(":*")
    creation.verify_tags(client.list_tags_for_resource(resourceArn=arn)["tags"])
    return Created(name, {"Arn": f"{arn}:*"})


@handles(
    "AWS::Logs::MetricFilter",
    record(
        ("FilterPattern", "LogGroupName", "MetricTransformations"),
        FilterName=Text(),
        FilterPattern=Text(),
        LogGroupName=Text(),
        MetricTransformations=ListOf(
            record(
                ("MetricName", "MetricNamespace", "MetricValue"),
                MetricName=Text(),
                MetricNamespace=Text(),
                MetricValue=Text(),
            )
        ),
    ),
)
def metric_filter(creation: Creation) -> Created:
    """PutMetricFilter; `Ref` is the filter's name.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-metricfilter.html
    """
    try:
        patterns.parse(creation["FilterPattern"])
    except patterns.PatternError as error:
        raise creation.error(f"FilterPattern is not modelled: {error}") from error
    client = creation.client("logs")
    name, group = creation.get("FilterName") or creation.name(512), creation["LogGroupName"]
    transformations = [
        {
            "metricName": each["MetricName"],
            "metricNamespace": each["MetricNamespace"],
            "metricValue": each["MetricValue"],
        }
        for each in creation["MetricTransformations"]
    ]
    asked = {"filterPattern": creation["FilterPattern"], "metricTransformations": transformations}
    client.put_metric_filter(logGroupName=group, filterName=name, **asked)
    listed = client.describe_metric_filters(logGroupName=group, filterNamePrefix=name)["metricFilters"]
    (found,) = (each for each in listed if each["filterName"] == name)
    creation.verify("MetricFilter", asked, found)
    return Created(name)


HANDLERS = (log_group, metric_filter)
