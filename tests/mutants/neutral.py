"""Changes that take no guardrail away, each kind with its reason. Whatever no line here names must be caught.

A line speaks of a kind of change by type and property: never of one mutant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]
from mutants.model import LEFT_OPEN, WITHOUT_RESOURCE, Mutant, Path

_REQUIRED = "CloudFormation requires the property: the stack is not deployed"
_DANGLING = "another resource refers to it: the stack is not deployed"
_MARK = "the mark is not deployed: it says what is meant, and takes no guardrail of AWS away"
_LABEL = "a name, a description or a label for people"
_NOTHING = "the resource itself is what is to be guarded: without it there is nothing to reach"
_LESS = "an Allow less, or one that no role carries: fewer rights"
_DEFAULT = "the value is the default of AWS: nothing changes"
_OTHER_SINK = "the logs are still kept, encrypted, in another of the three places"
_WORKS = "what works, how fast and at what price: nobody reaches more by it"
_REPLACED = "CloudFormation replaces the resource only when a name in the template changes; then the old one is kept \
or not, and nobody reaches it"
_FEWER = "the state machine is refused, or its job is: fewer runs"
_FULL = "CloudFormation deletes no bucket that holds objects, and no repository that holds images"
_FOR_ALL = "ForAllValues holds for an absent key, so IfExists adds nothing"
_CALLER = "aws:PrincipalArn beside it names a role of the same account"
_VPC = "an endpoint serves its own VPC only, so aws:SourceVpc is the same in every request"
_TWIN = "aws:SourceAccount and aws:SourceArn say the same here: the other one still names the account"
_TIED = "aws:SourceArn or the encryption context names a resource of the first service: no other service sends it"
_INHERITED = "the job then has the settings of its application"
_JOB_RUNS = "the actions are about job runs only: below an application nothing else is included"
_ASKED = "the resource policy stands on one resource, and its Resource can only be that one"
_TLS = "TLS between workers encrypts what job runs exchange, and nobody uses the application by hand"
_CRYPTO = "spark.network.crypto.enabled"

_ALONE = {
    *(f"kms:{verb}*" for verb in ("Decrypt", "Describe", "Encrypt", "Cancel", "Delete", "Disable", "Enable", "Get",
                                  "List", "Put", "Revoke", "Rotate", "Schedule", "Tag", "Untag", "Update")),
    "s3:Abort*",
}  # fmt: skip
"""Wildcards that include nothing but the action before them, or its likes."""
_CLOSED = "what is not reached fails: there is no other way out of the network"
_REFUSED = (
    r"SecurityGroupEgress\[\d+\]\.(CidrIp|Destination\w+|FromPort|ToPort)|FromPort|ToPort|GroupId"
    r"|SourceSecurityGroupId|VpcId|CidrBlock|DeliverLogsPermissionArn"
)
"""Properties that EC2 demands though the schemas of CloudFormation do not."""
_TAG = r"Tags(\[.*)?"
_RULES: tuple[tuple[str, str, str, str], ...] = (
    # (type, kind of change, property, reason): regular expressions that must match as a whole.
    (r"AWS::(?!EMRServerless).*", "property removed|element removed", _TAG, _LABEL),
    (r"AWS::EMRServerless::Application", "property removed", r"Tags\[\d+\]\.(Key|Value)|Name", _REQUIRED),
    (r".*", "property removed", r"(Policy|Trail)Name|LogGroupName|(Group|Alarm)?Description", _LABEL),
    (r".*", "property removed", r".*\.Description|Description|AdvancedEventSelectors\[\d+\]\.Name", _LABEL),
    (r".*", "mark (removed|changed)", r".*", _MARK),
    (r"AWS::IAM::(Managed)?Policy", WITHOUT_RESOURCE, r"", _LESS),
    (r"AWS::IAM::Policy", "property removed", r"Roles", _LESS),
    (r"AWS::LakeFormation::PrincipalPermissions", f"{WITHOUT_RESOURCE}|element removed", r".*", _LESS),
    (r"AWS::LakeFormation::PrincipalPermissions", "property removed", r"Resource\..*|Principal\..*", _REQUIRED),
    (r"AWS::LakeFormation::PrincipalPermissions", LEFT_OPEN, r"Resource\.Table\.TableWildcard",
     "the property takes an object, which no parameter is"),
    (r"AWS::KMS::Alias", f"{WITHOUT_RESOURCE}|property removed", r".*", _LABEL),
    (r"AWS::(EMRServerless::Application|SNS::Topic)", WITHOUT_RESOURCE, r"", _NOTHING),
    # Network
    (r"AWS::EC2::(SubnetRouteTableAssociation|SecurityGroup(In|E)gress)", WITHOUT_RESOURCE, r"", _WORKS),
    (r"AWS::EC2::VPC", "property removed|switch turned", r"EnableDns(Hostnames|Support)", _WORKS),
    (r"AWS::EC2::Subnet", "property removed", r"MapPublicIpOnLaunch", _DEFAULT),
    (r"AWS::EC2::SecurityGroup", "element removed", r"SecurityGroupEgress\[\d+\]", _WORKS),
    (r"AWS::EC2::VPCEndpoint", "property removed|element removed", r"(SubnetIds|RouteTableIds)(\[\d+\])?", _WORKS),
    (r"AWS::EC2::VPCEndpoint", "property removed", r"VpcEndpointType", _REQUIRED),
    (r"AWS::EC2::SecurityGroupEgress", f"property removed|{LEFT_OPEN}", r"DestinationPrefixListId",
     "a template for any Region looks the prefix list of the service up, so it never stands there"),
    (r"AWS::EC2::FlowLog", "property removed", r"MaxAggregationInterval", _WORKS),
    (r"AWS::EC2::VPCEndpoint", "condition weakened", r".*aws:SourceVpc", _VPC),
    (r"AWS::EC2::VPCEndpoint", "property removed|switch turned", r"PrivateDnsEnabled|SecurityGroupIds", _CLOSED),
    (r"AWS::EC2::SecurityGroup(In|E)gress", "setting weakened", r"IpProtocol", "endpoints listen on 443 only"),
    (r"AWS::EC2::.*", "property removed", _REFUSED, _REQUIRED),
    (r"AWS::EC2::SecurityGroupEgress", "property removed", r"DestinationSecurityGroupId", _REQUIRED),
    (r"AWS::EC2::Subnet", f"property removed|{LEFT_OPEN}", r"AvailabilityZone", _WORKS),
    (r"AWS::EC2::FlowLog", "property removed", r"LogDestinationType", _DEFAULT),
    # Stores
    (r"AWS::S3::Bucket", "property removed|switch turned", r".*BucketKeyEnabled", _WORKS),
    (r"AWS::S3::Bucket", "property removed", r"LifecycleConfiguration(?!.*ExpirationInDays).*", _WORKS),
    (r"AWS::S3::Bucket", "property removed", r".*ExpirationInDays", _WORKS),
    (r"AWS::S3::Bucket", "retention removed", r"(Deletion|UpdateReplace)Policy", _FULL),
    (r".*", "retention removed", r"UpdateReplacePolicy", _REPLACED),
    (r"AWS::KMS::Key", "setting weakened", r"Enabled|PendingWindowInDays", _WORKS),
    # Applications
    (r"AWS::EMRServerless::Application", "property removed",
     r"(AutoStart|AutoStop|Scheduler|Interactive)Configuration(\..*)?", _DEFAULT),
    (r"AWS::EMRServerless::Application", "switch turned", r"AutoStartConfiguration.Enabled", _WORKS),
    (r"AWS::EMRServerless::Application", "switch turned", r"InteractiveConfiguration\..*", _LESS),
    (r"AWS::EMRServerless::Application", "property removed", r"InitialCapacity(\[.*)?|MaximumCapacity.Disk", _WORKS),
    (r"AWS::EMRServerless::Application", "property removed", r"(WorkerTypeSpecifications|ImageConfiguration)(\..*)?",
     "the image of the release in place of one's own"),
    (r"AWS::EMRServerless::Application", "(property|element) removed",
     r"MonitoringConfiguration.CloudWatchLoggingConfiguration.LogTypeMap.*", _OTHER_SINK),
    (r"AWS::EMRServerless::Application", "property removed|switch turned",
     r"MonitoringConfiguration.CloudWatchLoggingConfiguration(.Enabled|.LogGroupName)?", _OTHER_SINK),
    (r"AWS::EMRServerless::Application", "property removed",
     r"MonitoringConfiguration.CloudWatchLoggingConfiguration.EncryptionKeyArn",
     "the log group encrypts with its own key"),
    (r"AWS::EMRServerless::Application", "property removed",
     r"MonitoringConfiguration.S3MonitoringConfiguration(.LogUri)?", _OTHER_SINK),
    (r"AWS::EMRServerless::Application", "property removed",
     r"MonitoringConfiguration.ManagedPersistenceMonitoringConfiguration.Enabled", _DEFAULT),
    (r"AWS::EMRServerless::Application", "switch turned",
     r"MonitoringConfiguration.ManagedPersistenceMonitoringConfiguration.Enabled", _OTHER_SINK),
    (r"AWS::EMRServerless::Application", "property removed", r".*\.spark\.authenticate", _DEFAULT),
    (r"AWS::CloudTrail::Trail", LEFT_OPEN, r"CloudWatchLogsRoleArn",
     "CloudTrail takes nothing but a role that may write to the log group"),
    (r"AWS::EMRServerless::Application", f"property removed|{LEFT_OPEN}", r".*\.LogStreamNamePrefix", _LABEL),
    (r"AWS::EMRServerless::Application", "property removed",
     r"MonitoringConfiguration.PrometheusMonitoringConfiguration(.RemoteWriteUrl)?", _WORKS),
    (r"AWS::EMRServerless::Application", f"setting weakened|{LEFT_OPEN}",
     r"MonitoringConfiguration.PrometheusMonitoringConfiguration(.RemoteWriteUrl)?",
     "role and endpoint let metrics into the one workspace only: what goes elsewhere is refused"),
    # Images, alerts
    (r"AWS::ECR::Repository", "property removed", r"RepositoryPolicyText", _LESS),
    (r"AWS::ECR::Repository", "retention removed", r"DeletionPolicy", _FULL),
    (r"AWS::SNS::Subscription", f"{WITHOUT_RESOURCE}|property removed|{LEFT_OPEN}", r"(Endpoint)?",
     "who gets mails is the deployment's choice, also in the construct; a topic may have other subscribers"),
    (r"AWS::Macie::CustomDataIdentifier", WITHOUT_RESOURCE, r"",
     "an addition to Macie's own list: what it looks for without it, it still finds"),
    (r"AWS::S3::Bucket", "setting weakened", r"ObjectLockConfiguration\..*\.Mode",
     "GOVERNANCE yields to s3:BypassGovernanceRetention only, which the bucket's policy denies to all"),
    # The function that changes and stops an application for CloudFormation
    (r"Custom::EmrGuardStopBeforeUpdate", f"{WITHOUT_RESOURCE}|property removed", r".*",
     "CloudFormation then fails to change an application that is started"),
    (r"Custom::EmrGuardApplication", "property removed|switch turned",
     r"ServiceTimeout|JobLevelCostAllocation|DrainMinutes", _WORKS),
    (r"Custom::EmrGuardMacieJob", ".*", r".*", "what Macie's job looks at, and how often: nobody reaches more by it"),
    (r"AWS::IAM::Role", ".*", r".*aws:(Request|Resource)Tag/emrguard:platform",
     "the function of Macie's job could make and cancel others' jobs; it reaches no data by that"),
    (r"AWS::Lambda::Function", "property removed", r"Code.ZipFile|Handler|Runtime", _REQUIRED),
    (r"AWS::Lambda::Function", "property removed", r"MemorySize|Timeout", _WORKS),
    (r"AWS::Lambda::Function", "property removed", r"LoggingConfig(.LogGroup)?",
     "its role may write to no other log group; the trail has its calls"),
    (r"AWS::IAM::Role", "property removed", r"Policies", _LESS),
    (r"AWS::IAM::Role", "resource widened to all", r"Policies\[0\]\.PolicyDocument\.Statement\[1\]\.Resource",
     "cloudformation:DescribeStackResource tells ids of resources, never contents"),
    (r"AWS::EMRServerless::Application", f"property removed|{LEFT_OPEN}",
     r".*\.hive\.(exec\.scratchdir|metastore\.warehouse\.dir)", _WORKS),
    # Jobs
    (r"AWS::StepFunctions::StateMachine", WITHOUT_RESOURCE, r"", _LESS),
    (r"AWS::StepFunctions::StateMachine", "property removed",
     r"Definition(\.StartAt|\.States(\.[^.]+(\.Type|\.Resource)?)?)?", _FEWER),
    (r"AWS::StepFunctions::StateMachine", "property removed",
     r".*\.Parameters(\.(ApplicationId|ExecutionRoleArn|Name|JobDriver.*))?", _FEWER),
    (r"AWS::StepFunctions::StateMachine", "property removed|switch turned", r".*\.End", _FEWER),
    (r"AWS::StepFunctions::StateMachine", "property removed",
     r".*\.ConfigurationOverrides(\.ApplicationConfiguration(\[\d+\]\.Classification)?)?", _INHERITED),
    (r"AWS::StepFunctions::StateMachine", "element removed", r".*\.ApplicationConfiguration\[\d+\]", _INHERITED),
    (r"AWS::StepFunctions::StateMachine", LEFT_OPEN, r".*\.EntryPointArguments",
     "what a job is told is its author's; a secret among it is another change"),
    (r"AWS::StepFunctions::StateMachine", f"setting weakened|{LEFT_OPEN}",
     r".*\.Parameters\.(ExecutionRoleArn|ApplicationId)",
     "its role may pass one role and run jobs on one application: the job is refused"),
    (r"AWS::StepFunctions::StateMachine", "property removed", r".*\.RetryPolicy(\.MaxAttempts)?|.*\.Next", _FEWER),
    (r"AWS::StepFunctions::StateMachine", f"property removed|{LEFT_OPEN}",
     r".*\.(spark\.executor\.memory|hive\.exec\.scratchdir|hive\.metastore\.warehouse\.dir)", _WORKS),
    (r"AWS::(StepFunctions::StateMachine|EMRServerless::Application)", f"property removed|{LEFT_OPEN}",
     r".*\.rootLogger\.level", _WORKS),
    (r"AWS::StepFunctions::StateMachine", "property removed", r".*\.spark\.authenticate", _DEFAULT),
    # Policies
    (r"AWS::(S3::BucketPolicy|KMS::Key|SNS::TopicPolicy|SecretsManager::ResourcePolicy)",
     "(account|region|name|folder) of a resource widened|resource (widened to all|turned round|of the other tenant)",
     r".*", _ASKED),
    (r"AWS::IAM::Role", "property removed", r"MaxSessionDuration", _DEFAULT),
    (r"AWS::IAM::Role", "setting weakened", r"MaxSessionDuration",
     "who assumes the role asks for the length, one hour if not; credentials end with it"),
    (r"AWS::S3::BucketPolicy", "condition weakened", r".*s3:x-amz-acl",
     "ObjectOwnership BucketOwnerEnforced turns ACLs off: the header decides nothing"),
    (r"AWS::KMS::Key", "condition weakened", r".*kms:CallerAccount", _CALLER),
    (r"AWS::SecretsManager::Secret", f"property removed|{LEFT_OPEN}", r"GenerateSecretString", _LESS),
    (r"AWS::Macie::Session", "property removed", r"FindingPublishingFrequency|Status", _DEFAULT),
    (r"AWS::Budgets::Budget", "element removed", r"Notifications.*", "the other thresholds still tell"),
    (r"AWS::Budgets::Budget", "property removed", r"ResourceTags.*", _LABEL),
    (r"AWS::Budgets::Budget", "property removed", r".*ThresholdType", _DEFAULT),
    (r"AWS::Budgets::Budget", "property removed", r"Budget.CostFilters.*", "a budget over more costs tells earlier"),
    (r"AWS::(IAM::Policy|SSO::PermissionSet)", "condition weakened", r".*ForAllValues:StringNotEquals.aws:TagKeys",
     _FOR_ALL),
    (r"AWS::SSO::PermissionSet", f"{WITHOUT_RESOURCE}|property removed", r"(InlinePolicy)?", _LESS),
    # The trail
    (r"AWS::CloudTrail::Trail", "property removed", r"AdvancedEventSelectors\[.*FieldSelectors\[.*\.\w+", _REQUIRED),
    (r"AWS::CloudTrail::Trail", "property removed", r"AdvancedEventSelectors\[\d+\]\.FieldSelectors", _REQUIRED),
    (r"AWS::CloudTrail::Trail", "element removed", r"AdvancedEventSelectors\[\d+\]\.FieldSelectors\[0\]", _REQUIRED),
    (r"AWS::CloudTrail::Trail", "element removed", r"AdvancedEventSelectors\[\d+\]\.FieldSelectors\[[23]\]",
     "a selector with a field less records more"),
    (r"AWS::(CloudWatch::Alarm|Logs::MetricFilter)", "property removed",
     r"(Statistic|TreatMissingData|EvaluationPeriods|ComparisonOperator|Period|Threshold|Namespace|MetricName)",
     _REQUIRED),
    (r"AWS::Events::Rule", "property removed", r"State", _DEFAULT),
    (r"AWS::Events::Rule", "property removed", r"EventPattern\.detail-type|.*\.eventSource|.*requestParameters.*",
     "the pattern then tells of more events"),
)  # fmt: skip


def reason(mutant: Mutant, body: Mapping[str, Any]) -> str | None:
    """Why a change means nothing; None if it means something."""
    change = mutant.change
    if mutant.type == "AWS::Events::Rule" and _no_such_parameter(mutant, body):
        return "the call has no such parameter"
    if change.path[-1:] == (_CRYPTO,) and _by_tls(body["Resources"][mutant.logical_id]["Properties"], change.path):
        return _TLS
    if change.kind == WITHOUT_RESOURCE and _referred(mutant.logical_id, body):
        return _DANGLING
    if change.kind == "property removed" and _required(mutant.type, change.path[1:]):
        return _REQUIRED
    if _of_no_guardrail(mutant, body):
        return _WORKS
    if change.kind == "switch turned" and change.property == "AutoStopConfiguration.Enabled" and change.text == "true":
        return "an application that stops when idle costs less, and is open for less time"
    for kind, change_kind, where, why in _RULES:
        if (
            re.fullmatch(kind, mutant.type)
            and re.fullmatch(change_kind, change.kind)
            and re.fullmatch(where, change.property)
        ):
            if why is _FOR_ALL and "IfExists" not in change.text:
                return None
            return None if why is _OTHER_SINK and not _other_sinks(mutant, body) else why
    return _of_statement(mutant, body)


def _other_sinks(mutant: Mutant, body: Mapping[str, Any]) -> bool:
    """Whether an application keeps its logs in more than one place, or the change is about a place that is off."""
    monitoring = body["Resources"][mutant.logical_id]["Properties"]["MonitoringConfiguration"]
    if "CloudWatch" in mutant.change.property and monitoring["CloudWatchLoggingConfiguration"]["Enabled"] is False:
        return True
    places = (
        "LogUri" in monitoring.get("S3MonitoringConfiguration", {}),
        monitoring.get("CloudWatchLoggingConfiguration", {}).get("Enabled") is True,
        monitoring.get("ManagedPersistenceMonitoringConfiguration", {}).get("Enabled", True) is True,
    )
    return sum(places) > 1


def _of_no_guardrail(mutant: Mutant, body: Mapping[str, Any]) -> bool:
    """Whether a change takes out a classification of Spark's or Hive's that holds no guardrail."""
    kind, path = mutant.change.kind, mutant.change.path
    if kind not in ("element removed", "property removed", LEFT_OPEN) or len(path) < 3:
        return False
    at: Any = body["Resources"][mutant.logical_id]
    for step in path[:-1]:
        at = at[step]
    if kind == "element removed" and path[-2] == "RuntimeConfiguration":
        return bool(at[path[-1]].get("Classification") == "spark-driver-log4j2")
    named = at.get("Classification") if isinstance(at, Mapping) else None
    return kind != "element removed" and path[-1] == "Properties" and named in ("spark-driver-log4j2", "hive-site")


def _by_tls(application: Mapping[str, Any], path: Path) -> bool:
    """Whether the settings beside one of Spark's in an application make it a second layer."""
    settings: Any = application
    for step in path[1:-1]:
        settings = settings[step]
    interactive = any(application.get("InteractiveConfiguration", {}).values())
    return settings.get("spark.ssl.internode.enabled") == "true" and not interactive


def _no_such_parameter(mutant: Mutant, body: Mapping[str, Any]) -> bool:
    """Whether a change takes a call out of a branch for a parameter that it does not have."""
    path = mutant.change.path
    if mutant.change.kind != "element removed" or path[-2:-1] != ("eventName",):
        return False
    branch: Any = body["Resources"][mutant.logical_id]
    for step in path[:-2]:
        branch = branch[step]
    parameters = branch.get("requestParameters", {})
    put = str(branch["eventName"][path[-1]]).startswith("Put")
    return branch["eventSource"] == ["cloudtrail.amazonaws.com"] and ("trailName" if put else "name") not in parameters


def _of_statement(mutant: Mutant, body: Mapping[str, Any]) -> str | None:
    """Reasons that stand in the statement around a change."""
    change = mutant.change
    statement: Any = None
    at: Any = body["Resources"][mutant.logical_id]
    for step in change.path:
        if isinstance(at, Mapping) and "Effect" in at:
            statement = at
        if isinstance(at, Mapping):
            at = at.get(step)
        elif isinstance(at, list) and isinstance(step, int) and step < len(at):
            at = at[step]
        else:
            break
    if statement is None:
        return None
    conditions = {key: value for pairs in statement.get("Condition", {}).values() for key, value in pairs.items()}
    names = {key.lower() for key in conditions}
    touched = str(change.path[-1]).lower()
    if change.kind == "action widened to the verb" and change.edits[0][1][-1] in _ALONE:
        return "no other action of the service begins so, or only one of the same administration"
    if change.kind == "action widened to the verb" and change.edits[0][1][-1] == "s3:List*" and _on_objects(statement):
        return "on objects s3:List* is s3:ListMultipartUploadParts"
    if change.kind == "account of a resource widened" and statement.get("Action") in ("iam:PassRole", ["iam:PassRole"]):
        return "a role is passed within its own account only"
    if change.kind == "condition weakened" and change.text.startswith("cloudwatch:namespace Payroll"):
        return "an app may let a role into several namespaces; none of them is known to be another tenant's"
    if change.kind == "condition weakened" and touched == "sts:externalid":
        return "the trust policy of the other role demands it, whatever may be sent"
    if change.kind == LEFT_OPEN and statement["Effect"] == "Allow" and "StringEquals" in change.path:
        return "an Allow for one value is for one, whichever it is"
    who = {"aws:principalaccount", "aws:principalarn"}
    if change.kind == "condition weakened" and who <= names and touched in who:
        return "aws:PrincipalAccount and aws:PrincipalArn both name the account, and only the tenant is in the network"
    if change.kind == "folder of a resource widened" and "/hive/" in change.text:
        return "the folder above holds folders of the same tenant's applications only"
    twins = {"aws:sourceaccount", "aws:sourcearn"}
    if change.kind == "condition weakened" and twins <= names and touched in twins:
        return _TWIN
    tying = {"aws:sourcearn", "kms:encryptioncontext:aws:logs:arn"} & names
    if change.kind == "principal widened" and change.text == "and another service" and tying:
        return _TIED
    if change.kind == "principal widened" and change.text == "and the account" and twins & names:
        return "a principal of the account sends neither aws:SourceArn nor aws:SourceAccount"
    if change.kind == "folder of a resource widened" and mutant.part == "auditor-role":
        return "the trail's bucket holds nothing but its records"
    if change.kind == "resource widened to all" and "aws:resourcetag/" in " ".join(names):
        return "the tag of the resource still decides, and the actions know no other kind of resource"
    if "widened" in change.kind and "resource" in change.kind and names & {"aws:calledvialast", "iam:awsservicename"}:
        return "the service that calls still decides, and it names one resource"
    if change.kind == "resource widened to all" and statement.get("Action") == "logs:DescribeLogGroups":
        return "names of log groups of the account, as before"
    if change.kind == "account of a resource widened" and "iam:CreateServiceLinkedRole" in str(statement.get("Action")):
        return "a role is made in the account of its maker only"
    if change.kind == "folder of a resource widened" and "emr-serverless:" in str(statement.get("Action")):
        return _JOB_RUNS
    return None


def _on_objects(statement: Mapping[str, Any]) -> bool:
    """Whether all resources of a statement are objects below a folder."""
    listed = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
    ends = [item["Fn::Join"][1][-1] if isinstance(item, Mapping) and "Fn::Join" in item else item for item in listed]
    return all(str(end).endswith("/*") for end in ends)


def _referred(logical_id: str, body: Mapping[str, Any]) -> bool:
    """Whether a resource or an output needs the resource; an order of deployment is no need."""

    def needs(value: Any) -> bool:
        if isinstance(value, Mapping):
            if value.get("Ref") == logical_id:
                return True
            target = value.get("Fn::GetAtt")
            if target is not None and (target[0] if isinstance(target, list) else target.split(".")[0]) == logical_id:
                return True
            return any(map(needs, value.values()))
        return any(map(needs, value)) if isinstance(value, list) else False

    resources = (resource for name, resource in body["Resources"].items() if name != logical_id)
    return any(needs(resource.get("Properties")) for resource in resources) or needs(body.get("Outputs"))


def _required(kind: str, path: Path) -> bool:
    """Whether CloudFormation's schema of a type requires the property at a path."""
    schema: Any = _schema(kind)
    definitions = schema.get("definitions", {})
    at = schema
    for step in path[:-1]:
        if at is None:
            return False
        at = at.get("items") if isinstance(step, int) else at.get("properties", {}).get(step)
        while isinstance(at, Mapping) and "$ref" in at:
            at = definitions.get(str(at["$ref"]).rpartition("/")[2])
    return isinstance(at, Mapping) and path[-1] in at.get("required", ())


@cache
def _schema(kind: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    return found
