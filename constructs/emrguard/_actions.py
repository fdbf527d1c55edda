"""Every IAM action that the constructs write into a policy, in one place. A test checks that each one exists.

Sources: the Service Authorization Reference, and for what EMR Serverless needs its user guide (job runtime roles, log
encryption with customer keys, VPC access), for KMS, CloudTrail and VPC flow logs the guides of these services.
"""

from __future__ import annotations

from typing import Final

Actions = tuple[str, ...]

# Objects of a bucket
READ_OBJECTS: Final[Actions] = ("s3:GetObject",)
PUT_OBJECTS: Final[Actions] = ("s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
DELETE_OBJECTS: Final[Actions] = ("s3:DeleteObject",)
LIST_OBJECTS: Final[Actions] = ("s3:ListBucket",)
OBJECT_DATA: Final[Actions] = (
    "s3:GetObject*",
    "s3:PutObject*",
    "s3:DeleteObject*",
    "s3:ListBucket",
    "s3:ListBucketVersions",
    "s3:ListBucketMultipartUploads",
    "s3:ListMultipartUploadParts",
    "s3:AbortMultipartUpload",
    "s3:RestoreObject",
    "s3:ReplicateObject",
    "s3:ReplicateDelete",
    "s3:BypassGovernanceRetention",
)
"""What reveals, changes or removes objects or their names; the administration of a bucket is not among it."""
WRITE_OBJECT: Final[Actions] = ("s3:PutObject",)
PUT_MANAGED_LOGS: Final[Actions] = ("s3:PutObject", "s3:PutObjectAcl")
CHECK_BUCKET_ACL: Final[Actions] = ("s3:GetBucketAcl",)
LOCATE_BUCKET: Final[Actions] = ("s3:GetBucketLocation",)

# Keys
DECRYPT: Final[Actions] = ("kms:Decrypt",)
ENCRYPT: Final[Actions] = ("kms:GenerateDataKey",)
DESCRIBE_KEY: Final[Actions] = ("kms:DescribeKey",)
LOGS_SERVICE_KEY_USE: Final[Actions] = (
    "kms:Encrypt*",
    "kms:Decrypt*",
    "kms:ReEncrypt*",
    "kms:GenerateDataKey*",
    "kms:Describe*",
)
TRAIL_KEY_USE: Final[Actions] = ("kms:GenerateDataKey*",)
ADMINISTER_KEY: Final[Actions] = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListAliases",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
"""All that an administrator needs; nothing that encrypts, decrypts or hands the key on (no CreateGrant)."""

ENCRYPT_ITEMS: Final[Actions] = ("kms:Encrypt", "kms:GenerateDataKey")

# The catalog
READ_DATABASE: Final[Actions] = ("glue:GetDatabase",)
READ_TABLES: Final[Actions] = (
    "glue:BatchGetPartition",
    "glue:GetPartition",
    "glue:GetPartitions",
    "glue:GetTable",
)
LIST_TABLES: Final[Actions] = ("glue:GetTables",)
WRITE_TABLES: Final[Actions] = (
    "glue:BatchCreatePartition",
    "glue:BatchDeletePartition",
    "glue:BatchUpdatePartition",
    "glue:CreatePartition",
    "glue:CreateTable",
    "glue:DeletePartition",
    "glue:DeleteTable",
    "glue:UpdatePartition",
    "glue:UpdateTable",
)
READ_FUNCTIONS: Final[Actions] = ("glue:GetUserDefinedFunction", "glue:GetUserDefinedFunctions")
GET_LAKE_DATA: Final[Actions] = ("lakeformation:GetDataAccess",)

# Secrets, tables, streams and topics
READ_SECRET: Final[Actions] = ("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue")
DESCRIBE_TABLE: Final[Actions] = ("dynamodb:DescribeTable",)
READ_ITEMS: Final[Actions] = ("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan")
READ_INDEX: Final[Actions] = ("dynamodb:Query", "dynamodb:Scan")
WRITE_ITEMS: Final[Actions] = (
    "dynamodb:BatchWriteItem",
    "dynamodb:DeleteItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
)
DESCRIBE_STREAM: Final[Actions] = ("kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:ListShards")
READ_STREAM: Final[Actions] = ("kinesis:GetRecords", "kinesis:GetShardIterator")
REGISTER_CONSUMER: Final[Actions] = ("kinesis:RegisterStreamConsumer",)
USE_CONSUMER: Final[Actions] = ("kinesis:DescribeStreamConsumer", "kinesis:SubscribeToShard")
WRITE_STREAM: Final[Actions] = ("kinesis:PutRecord", "kinesis:PutRecords")
USE_KAFKA_CLUSTER: Final[Actions] = ("kafka-cluster:Connect", "kafka-cluster:DescribeCluster")
READ_TOPIC: Final[Actions] = (
    "kafka-cluster:DescribeTopic",
    "kafka-cluster:DescribeTopicDynamicConfiguration",
    "kafka-cluster:ReadData",
)
USE_CONSUMER_GROUP: Final[Actions] = ("kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup")
WRITE_TOPIC: Final[Actions] = ("kafka-cluster:DescribeTopic", "kafka-cluster:WriteData")
WRITE_IDEMPOTENTLY: Final[Actions] = ("kafka-cluster:WriteDataIdempotently",)

# Metrics
PUT_METRICS: Final[Actions] = ("cloudwatch:PutMetricData",)

# Images
PULL_IMAGE: Final[Actions] = ("ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer")

# Log groups
DESCRIBE_LOG_GROUPS: Final[Actions] = ("logs:DescribeLogGroups",)
WRITE_LOG_GROUP: Final[Actions] = (
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:DescribeLogStreams",
    "logs:PutLogEvents",
    "logs:AssociateKmsKey",
)
WRITE_OWN_LOGS: Final[Actions] = ("logs:CreateLogStream", "logs:PutLogEvents")
DELIVER_FLOW_LOGS: Final[Actions] = ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")
DELIVER_TRAIL_EVENTS: Final[Actions] = ("logs:CreateLogStream", "logs:PutLogEvents")

# Metrics
WRITE_PROMETHEUS: Final[Actions] = ("aps:RemoteWrite",)

# Alerts
PUBLISH: Final[Actions] = ("sns:Publish",)
TOPIC_KEY_USE: Final[Actions] = ("kms:Decrypt", "kms:GenerateDataKey*")

# Macie
MAKE_MACIE_JOB: Final[Actions] = ("macie2:CreateClassificationJob", "macie2:TagResource")
"""A job that is made with tags needs the right to tag, too."""
CANCEL_MACIE_JOB: Final[Actions] = ("macie2:UpdateClassificationJob",)
LIST_MACIE_JOBS: Final[Actions] = ("macie2:ListClassificationJobs",)

# Applications
USE_APPLICATION: Final[Actions] = (
    "emr-serverless:GetApplication",
    "emr-serverless:ListJobRuns",
    "emr-serverless:StartApplication",
    "emr-serverless:StartJobRun",
)
USE_JOB_RUNS: Final[Actions] = (
    "emr-serverless:CancelJobRun",
    "emr-serverless:GetDashboardForJobRun",
    "emr-serverless:GetJobRun",
    "emr-serverless:ListJobRunAttempts",
)
CHANGE_APPLICATION: Final[Actions] = (
    "emr-serverless:GetApplication",
    "emr-serverless:ListJobRuns",
    "emr-serverless:StopApplication",
    "emr-serverless:UpdateApplication",
)
CANCEL_JOB_RUNS: Final[Actions] = ("emr-serverless:CancelJobRun",)
DESCRIBE_STACK_RESOURCE: Final[Actions] = ("cloudformation:DescribeStackResource",)
LIST_APPLICATIONS: Final[Actions] = ("emr-serverless:ListApplications",)

START_JOB_RUN: Final[Actions] = ("emr-serverless:StartJobRun",)
FOLLOW_JOB_RUNS: Final[Actions] = ("emr-serverless:CancelJobRun", "emr-serverless:GetJobRun")
FOLLOW_BY_EVENTS: Final[Actions] = ("events:DescribeRule", "events:PutRule", "events:PutTargets")

# People
VIEW_APPLICATION: Final[Actions] = (
    "emr-serverless:GetApplication",
    "emr-serverless:ListJobRuns",
    "emr-serverless:ListTagsForResource",
)
VIEW_JOB_RUNS: Final[Actions] = (
    "emr-serverless:GetJobRun",
    "emr-serverless:ListJobRunAttempts",
    "emr-serverless:ListTagsForResource",
)
VIEW_DASHBOARDS: Final[Actions] = ("emr-serverless:GetDashboardForJobRun",)
WAKE_APPLICATION: Final[Actions] = ("emr-serverless:GetApplication", "emr-serverless:StartApplication")
USE_STUDIO: Final[Actions] = ("emr-serverless:AccessInteractiveEndpoints",)
USE_LIVY: Final[Actions] = ("emr-serverless:AccessLivyEndpoints",)
START_SESSIONS: Final[Actions] = ("emr-serverless:ListSessions", "emr-serverless:StartSession")
USE_SESSIONS: Final[Actions] = (
    "emr-serverless:GetResourceDashboard",
    "emr-serverless:GetSession",
    "emr-serverless:GetSessionEndpoint",
    "emr-serverless:TerminateSession",
)
CREATE_APPLICATION: Final[Actions] = ("emr-serverless:CreateApplication",)
RUN_APPLICATIONS: Final[Actions] = (
    "emr-serverless:DeleteApplication",
    "emr-serverless:GetApplication",
    "emr-serverless:ListJobRuns",
    "emr-serverless:ListSessions",
    "emr-serverless:ListTagsForResource",
    "emr-serverless:StartApplication",
    "emr-serverless:StopApplication",
    "emr-serverless:UpdateApplication",
)
TAG: Final[Actions] = ("emr-serverless:TagResource", "emr-serverless:UntagResource")
RUN_JOB_RUNS: Final[Actions] = (
    "emr-serverless:CancelJobRun",
    "emr-serverless:GetJobRun",
    "emr-serverless:ListJobRunAttempts",
)
RUN_SESSIONS: Final[Actions] = ("emr-serverless:GetSession", "emr-serverless:TerminateSession")
MAKE_INTERFACE: Final[Actions] = ("ec2:CreateNetworkInterface",)
MAKE_SERVICE_ROLE: Final[Actions] = ("iam:CreateServiceLinkedRole",)

# Roles
ASSUME_ROLE: Final[Actions] = ("sts:AssumeRole",)
PASS_ROLE: Final[Actions] = ("iam:PassRole",)
WHO_AM_I: Final[Actions] = ("sts:GetCallerIdentity",)
