"""Resources with one property less, a switch on the other side, or a setting that lets more through."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from mutants import policies
from mutants.model import REMOVED, WITHOUT_RESOURCE, Change, Edit, Path

_ANYWHERE = {"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}
_FROM_ANYWHERE = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}
_ALIAS = "arn:aws:kms:eu-west-1:111122223333:alias/a"
_STRANGERS_KEY = "arn:aws:kms:eu-west-1:999988887777:key/6f2c7b52-9d6c-4c6e-8f2a-1b1d0a7e3c55"
_OPEN = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
_STRANGERS_TOPIC = "arn:aws:sns:eu-west-1:999988887777:somebody-elses"
_OPEN_TO_ITS_ROLE = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_P: Path = ("Properties",)
_MONITORING: Path = ("Properties", "MonitoringConfiguration")

_WEAKER: dict[str, list[tuple[Path, Any, str]]] = {
    "AWS::EMRServerless::Application": [
        ((*_P, "ReleaseLabel"), "emr-6.6.0", "a release past its support"),
        ((*_P, "NetworkConfiguration", "SecurityGroupIds"), [], "no security group"),
        ((*_P, "NetworkConfiguration", "SubnetIds", 1), REMOVED, "one subnet"),
        ((*_P, "NetworkConfiguration", "SubnetIds"), [], "no subnet"),
        ((*_P, "AutoStopConfiguration", "IdleTimeoutMinutes"), 10080, "idle for a week"),
        ((*_P, "SchedulerConfiguration", "MaxConcurrentRuns"), 5000, "a queue out of range"),
        ((*_MONITORING, "S3MonitoringConfiguration", "LogUri"), "s3://somebody-elses-bucket/logs/", "logs elsewhere"),
        ((*_MONITORING, "CloudWatchLoggingConfiguration", "LogGroupName"), "/aws/other", "logs to another group"),
        ((*_MONITORING, "CloudWatchLoggingConfiguration", "EncryptionKeyArn"), _ALIAS,
         "an alias as key"),
        ((*_MONITORING, "ManagedPersistenceMonitoringConfiguration", "EncryptionKeyArn"),
         _ALIAS, "an alias as key"),
        ((*_MONITORING, "S3MonitoringConfiguration", "EncryptionKeyArn"),
         _ALIAS, "an alias as key"),
        ((*_MONITORING, "ManagedPersistenceMonitoringConfiguration", "EncryptionKeyArn"),
         _STRANGERS_KEY, "the key of a stranger"),
        ((*_P, "RuntimeConfiguration", 0, "Properties", "spark.hadoop.fs.s3a.secret.key"),
         "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "a secret in plain text"),
        ((*_P, "RuntimeConfiguration", 0, "Properties", "spark.ssl.internode.enabled"), "false", "no TLS of workers"),
        ((*_P, "RuntimeConfiguration", 0, "Properties", "spark.authenticate"), "false", "no authentication of workers"),
        ((*_P, "RuntimeConfiguration", 0, "Properties", "spark.network.crypto.enabled"), "false", "no RPC encryption"),
        ((*_P, "InteractiveConfiguration", "StudioEnabled"), True, "Studio on"),
        ((*_P, "InteractiveConfiguration", "LivyEndpointEnabled"), True, "Livy on"),
        ((*_P, "InteractiveConfiguration", "SessionEnabled"), True, "sessions on"),
        ((*_P, "ImageConfiguration"), {"ImageUri": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/jobs:latest"},
         "an image by tag"),
        ((*_P, "Architecture"), "X86_64", "x86"),
        ((*_MONITORING, "PrometheusMonitoringConfiguration", "RemoteWriteUrl"),
         "https://aps-workspaces.us-east-1.amazonaws.com/workspaces/ws-2/api/v1/remote_write", "metrics elsewhere"),
    ],
    "AWS::S3::Bucket": [
        ((*_P, "BucketEncryption", "ServerSideEncryptionConfiguration", 0, "ServerSideEncryptionByDefault"),
         {"SSEAlgorithm": "AES256"}, "SSE-S3"),
        ((*_P, "BucketEncryption", "ServerSideEncryptionConfiguration", 0, "ServerSideEncryptionByDefault",
          "KMSMasterKeyID"), "alias/aws/s3", "the key of AWS"),
        ((*_P, "BucketEncryption", "ServerSideEncryptionConfiguration", 0, "ServerSideEncryptionByDefault",
          "KMSMasterKeyID"), _STRANGERS_KEY,
         "the key of a stranger"),
        ((*_P, "VersioningConfiguration", "Status"), "Suspended", "versioning suspended"),
        ((*_P, "OwnershipControls", "Rules", 0, "ObjectOwnership"), "ObjectWriter", "ACLs on"),
        ((*_P, "AccessControl"), "PublicRead", "a public ACL"),
        ((*_P, "WebsiteConfiguration"), {"IndexDocument": "index.html"}, "a web site"),
        ((*_P, "CorsConfiguration"), {"CorsRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]},
         "reads from any web page"),
        ((*_P, "ReplicationConfiguration"),
         {"Role": "arn:aws:iam::111122223333:role/copy",
          "Rules": [{"Status": "Enabled", "Destination": {"Bucket": "arn:aws:s3:::somebody-elses-bucket"}}]},
         "a copy of each object in a stranger's bucket"),
        ((*_P, "ObjectLockConfiguration", "Rule", "DefaultRetention", "Days"), 1, "locked for a day"),
        ((*_P, "LifecycleConfiguration", "Rules", 0, "ExpirationInDays"), 1, "objects gone after a day"),
        ((*_P, "InventoryConfigurations"),
         [{"Id": "all", "Enabled": True, "IncludedObjectVersions": "All", "ScheduleFrequency": "Daily",
           "Destination": {"BucketArn": "arn:aws:s3:::somebody-elses-bucket", "Format": "CSV"}}],
         "a list of all objects in a stranger's bucket"),
    ],
    "AWS::KMS::Key": [
        ((*_P, "Enabled"), False, "the key disabled"),
        ((*_P, "PendingWindowInDays"), 7, "the shortest wait before deletion"),
        ((*_P, "RotationPeriodInDays"), 2560, "rotation every seven years"),
    ],
    "AWS::Logs::LogGroup": [
        ((*_P, "RetentionInDays"), 1, "logs gone after a day"),
        ((*_P, "KmsKeyId"), _STRANGERS_KEY, "the key of a stranger"),
    ],
    "AWS::EC2::Subnet": [((*_P, "MapPublicIpOnLaunch"), True, "public addresses")],
    "AWS::EC2::SecurityGroup": [
        ((*_P, "SecurityGroupIngress"), [_FROM_ANYWHERE], "ingress from anywhere"),
        ((*_P, "SecurityGroupIngress"), [{**_FROM_ANYWHERE, "CidrIp": "0.0.0.0/1"}], "ingress from half the world"),
        ((*_P, "SecurityGroupIngress"), [{"IpProtocol": "-1", "CidrIpv6": "::/0"}], "ingress from anywhere, IPv6"),
        ((*_P, "SecurityGroupEgress", 0), _ANYWHERE, "egress to anywhere in place of a rule"),
        ((*_P, "SecurityGroupEgress", 0), {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"},
         "HTTPS to anywhere in place of a rule"),
        ((*_P, "SecurityGroupEgress", 0), {"IpProtocol": "-1", "CidrIpv6": "::/0"}, "egress to anywhere, IPv6"),
        ((*_P, "SecurityGroupEgress"), [], "no rule for egress: all is let out"),
    ],
    "AWS::EC2::SecurityGroupEgress": [
        ((*_P, "CidrIp"), "0.0.0.0/0", "to anywhere, too"),
        ((*_P, "IpProtocol"), "-1", "all protocols"),
    ],
    "AWS::EC2::SecurityGroupIngress": [
        ((*_P, "CidrIp"), "0.0.0.0/0", "from anywhere, too"),
        ((*_P, "IpProtocol"), "-1", "all protocols"),
    ],
    "AWS::EC2::VPCEndpoint": [
        ((*_P, "PolicyDocument"), _OPEN,
         "the default policy, spelt out"),
    ],
    "AWS::EC2::FlowLog": [
        ((*_P, "TrafficType"), "ACCEPT", "accepted traffic only"),
        ((*_P, "TrafficType"), "REJECT", "refused traffic only"),
    ],
    "AWS::CloudTrail::Trail": [
        ((*_P, "IsLogging"), False, "not logging"),
        ((*_P, "S3BucketName"), "somebody-elses-bucket", "records in a stranger's bucket"),
        ((*_P, "KMSKeyId"), _STRANGERS_KEY, "the key of a stranger"),
        ((*_P, "IncludeGlobalServiceEvents"), False, "no events of IAM and STS"),
        ((*_P, "AdvancedEventSelectors", 0, "FieldSelectors", 1),
         {"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]}, "management events without KMS"),
        ((*_P, "AdvancedEventSelectors", 0, "FieldSelectors", 1), {"Field": "readOnly", "Equals": ["true"]},
         "management events that read only"),
        ((*_P, "AdvancedEventSelectors", 1, "FieldSelectors", 3), {"Field": "readOnly", "Equals": ["false"]},
         "data events that write only"),
    ],
    "AWS::IAM::Role": [
        ((*_P, "ManagedPolicyArns"), ["arn:aws:iam::aws:policy/AdministratorAccess"], "an administrator"),
        ((*_P, "ManagedPolicyArns"), ["arn:aws:iam::aws:policy/AmazonS3FullAccess"], "all of S3"),
        ((*_P, "Policies"), [{"PolicyName": "all", "PolicyDocument": {"Statement": [
            {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}}], "an inline policy for all of S3"),
        ((*_P, "Policies"), [{"PolicyName": "grow", "PolicyDocument": {"Statement": [
            {"Effect": "Allow", "Action": "iam:PutRolePolicy", "Resource": "*"}]}}], "an inline policy to get more"),
        ((*_P, "MaxSessionDuration"), 43200, "sessions of twelve hours"),
    ],
    "AWS::Events::Rule": [
        ((*_P, "State"), "DISABLED", "the rule is off"),
        ((*_P, "EventPattern", "account"), ["999988887777"], "events of another account only"),
        ((*_P, "EventPattern", "detail", "errorCode"), [{"exists": True}], "calls that failed only"),
        ((*_P, "Targets", 0, "Arn"), _STRANGERS_TOPIC, "alerts to a stranger"),
    ],
    "AWS::CloudWatch::Alarm": [
        ((*_P, "ActionsEnabled"), False, "the alarm tells nobody"),
        ((*_P, "Threshold"), 1000000, "an alarm that never comes"),
        ((*_P, "AlarmActions"), [_STRANGERS_TOPIC], "alerts to a stranger"),
        ((*_P, "EvaluationPeriods"), 288, "an alarm after a day"),
        ((*_P, "Period"), 86400, "sums of a day"),
        ((*_P, "MetricName"), "SomethingElse", "another metric"),
        ((*_P, "ComparisonOperator"), "LessThanThreshold", "an alarm while nothing happens"),
    ],
    "AWS::Logs::MetricFilter": [
        ((*_P, "FilterPattern"), '{ $.eventName = "ConsoleLogin" }', "counts something else"),
        ((*_P, "MetricTransformations", 0, "MetricValue"), "0", "counts nothing"),
        ((*_P, "MetricTransformations", 0, "MetricName"), "SomethingElse", "into another metric"),
        ((*_P, "LogGroupName"), "/aws/other", "of another log group"),
    ],
    "AWS::Budgets::Budget": [
        ((*_P, "Budget", "TimeUnit"), "ANNUALLY", "a limit of a year"),
        ((*_P, "NotificationsWithSubscribers"), [], "nobody is told"),
    ],
    "AWS::SNS::Topic": [
        ((*_P, "KmsMasterKeyId"), "alias/aws/sns", "the key of AWS"),
        ((*_P, "KmsMasterKeyId"), _STRANGERS_KEY, "the key of a stranger"),
    ],
    "AWS::SNS::Subscription": [((*_P, "Protocol"), "http", "alerts in the clear")],
    "AWS::Macie::Session": [((*_P, "Status"), "PAUSED", "Macie paused")],
    "AWS::LakeFormation::PrincipalPermissions": [
        ((*_P, "Permissions"), ["ALL"], "every permission"),
        ((*_P, "PermissionsWithGrantOption"), ["SELECT"], "a permission to hand on"),
        ((*_P, "Principal", "DataLakePrincipalIdentifier"), "IAM_ALLOWED_PRINCIPALS", "everybody whom IAM allows"),
        ((*_P, "Resource"), {"Catalog": {}}, "the whole catalog"),
    ],
    "Custom::EmrGuardApplication": [((*_P, "DiskEncryptionKeyArn"), _STRANGERS_KEY, "the key of a stranger")],
}  # fmt: skip
"""Settings that let more through than those of the constructs, by type."""
_INSTEAD: dict[str, list[tuple[Path, Any, str]]] = {
    "AWS::IAM::Role": [
        ((*_P, "PermissionsBoundary"), "arn:aws:iam::aws:policy/AdministratorAccess", "a boundary that bounds nothing"),
    ],
    "AWS::LakeFormation::PrincipalPermissions": [
        ((*_P, "Resource", "TableWithColumns", "ColumnNames"), REMOVED, "all columns"),
    ],
    "AWS::S3::Bucket": [
        ((*_P, "ObjectLockConfiguration", "Rule", "DefaultRetention", "Mode"), "GOVERNANCE", "a lock to open"),
    ],
}  # fmt: skip
"""The same, but only in place of a value that is there."""
_JOBS: tuple[tuple[Path, Any, str], ...] = (
    (("Resource",), "arn:aws:states:::emr-serverless:startJobRun", "nobody waits for the job"),
    (("Parameters", "ExecutionTimeoutMinutes"), 0, "a job without end"),
    (("Parameters", "RetryPolicy"), {"MaxAttempts": 1000}, "a thousand attempts"),
    (("Parameters", "ExecutionRoleArn"), "arn:aws:iam::111122223333:role/somebody-elses", "another role"),
    (("Parameters", "ApplicationId"), "00f1abcd2efgh345", "another application"),
    (("Parameters", "ConfigurationOverrides", "MonitoringConfiguration"),
     {"ManagedPersistenceMonitoringConfiguration": {"Enabled": False}}, "no managed logs"),
    (("Parameters", "JobDriver", "SparkSubmit", "EntryPoint"), "s3://somebody-elses-bucket/job.py", "strange code"),
    (("Parameters", "JobDriver", "SparkSubmit", "EntryPoint.$"), "$.code", "code that whoever starts it chooses"),
    (("Parameters", "JobDriver", "SparkSubmit", "SparkSubmitParameters"),
     "--conf spark.ssl.internode.enabled=false", "no TLS of workers"),
    (("Parameters", "JobDriver", "SparkSubmit", "EntryPointArguments"),
     ["--token", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"], "a secret in plain text"),
    (("Parameters", "JobDriver", "Hive", "Query"), "s3://somebody-elses-bucket/job.sql", "code of a stranger"),
)  # fmt: skip
"""Changes of each state that runs a job."""


def mutate(resource: Mapping[str, Any], around: policies.Surroundings) -> Iterator[Change]:
    """Every change of a resource, whatever it means."""
    yield Change(WITHOUT_RESOURCE, (), "the resource is gone", ())
    properties = resource.get("Properties", {})
    documents = list(policies.find(properties, _P))
    for path in documents:
        yield from policies.mutate(_at(resource, path), path, around)
    yield from _walk(properties, _P, {*documents})
    for path, value, text in _WEAKER.get(resource["Type"], ()):
        if _reaches(resource, path) and (not _reaches(resource, path, 0) or _at(resource, path) != value):
            yield Change("setting weakened", path, text, ((path, value),))
    for path, value, text in _INSTEAD.get(resource["Type"], ()):
        if _reaches(resource, path, 0) and _at(resource, path) != value:
            yield Change("setting weakened", path, text, _all_columns(path) if value is REMOVED else ((path, value),))
    yield from _jobs(resource)
    yield from _placement(resource)
    for name in ("DeletionPolicy", "UpdateReplacePolicy"):
        if resource.get(name, "Delete") != "Delete":
            yield Change("retention removed", (name,), f"{name} Delete", (((name,), "Delete"),))
    yield from _marks(resource, around)


def _walk(value: Any, path: Path, documents: set[Path]) -> Iterator[Change]:
    """Each property taken out, and each switch on its other side; policies have changes of their own."""
    if isinstance(value, Mapping) and not _intrinsic(value):
        for key, item in value.items():
            at = (*path, key)
            yield Change("property removed", at, "not set", ((at, REMOVED),))
            if isinstance(item, bool):
                yield Change("switch turned", at, str(not item).lower(), ((at, not item),))
            elif at not in documents:
                yield from _walk(item, at, documents)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            at = (*path, index)
            if len(value) > 1:
                yield Change("element removed", at, "without this one", ((at, REMOVED),))
            yield from _walk(item, at, documents)


def _all_columns(path: Path) -> tuple[Edit, ...]:
    return ((path, REMOVED), ((*path[:-1], "ColumnWildcard"), {}))


def _jobs(resource: Mapping[str, Any]) -> Iterator[Change]:
    """The jobs of a state machine with less of a limit each."""
    states: Path = (*_P, "Definition", "States")
    for name in _at(resource, states) if _reaches(resource, states, 0) else ():
        for rest, value, text in _JOBS:
            path = (*states, name, *rest)
            if _reaches(resource, path):
                yield Change("setting weakened", path, text, ((path, value),))
        policy: Path = (*states, name, "Parameters", "ExecutionIamPolicy")
        if _reaches(resource, policy, 0):
            opened = {"Policy": json.dumps(_OPEN_TO_ITS_ROLE)}
            yield Change("setting weakened", policy, "all that the role may", ((policy, opened),))


def _placement(resource: Mapping[str, Any]) -> Iterator[Change]:
    """Subnets in the zone of the first one, and tags that give what is one tenant's to another."""
    zone: Path = (*_P, "AvailabilityZone")
    if resource["Type"] == "AWS::EC2::Subnet" and _reaches(resource, zone, 0):
        match _at(resource, zone):
            case {"Fn::Select": [index, zones]} if index != 0:
                yield Change("setting weakened", zone, "the same zone", ((zone, {"Fn::Select": [0, zones]}),))
    tags = resource.get("Properties", {}).get("Tags")
    for index, tag in enumerate(tags if isinstance(tags, list) else ()):
        if tag.get("Key") == "emrguard:tenant":
            path: Path = (*_P, "Tags", index, "Value")
            yield Change("tag of another tenant", path, "another tenant's", ((path, "another"),))


def _marks(resource: Mapping[str, Any], around: policies.Surroundings) -> Iterator[Change]:
    """The manifest tells the proof who owns what: without it, and with a lie."""
    mark = resource.get("Metadata", {}).get("emrguard")
    if mark is None:
        return
    at: Path = ("Metadata", "emrguard")
    yield Change("mark removed", at, "nobody's", ((at, REMOVED),))
    if "tenant" in mark:
        yield Change("mark changed", at, "another tenant's", (((*at, "tenant"), "another"),))
        yield Change("mark changed", at, "shared", ((at, {"shared": "for all", "part": mark["part"]}),))


def _intrinsic(value: Mapping[str, Any]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref"))


def _at(resource: Any, path: Path) -> Any:
    for step in path:
        resource = resource[step]
    return resource


def _reaches(resource: Any, path: Path, short: int = 1) -> bool:
    """Whether the path, but for its last steps, leads somewhere."""
    try:
        _at(resource, path[: len(path) - short])
    except (KeyError, IndexError, TypeError):
        return False
    return True
