"""The actions by which one tenant could get at what belongs to another one, by the resource they are judged on.

Actions, resources and ARNs: https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from __future__ import annotations

OBJECT = (
    "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:GetObjectVersion", "s3:DeleteObjectVersion",
    "s3:PutObjectAcl", "s3:PutObjectVersionAcl", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts",
    "s3:RestoreObject", "s3:PutObjectRetention", "s3:PutObjectLegalHold", "s3:PutObjectTagging",
    "s3:PutObjectVersionTagging", "s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging", "s3:GetObjectTagging",
    "s3:GetObjectVersionTagging", "s3:GetObjectAcl", "s3:GetObjectVersionAcl", "s3:GetObjectAttributes",
    "s3:GetObjectVersionAttributes", "s3:GetObjectTorrent", "s3:GetObjectVersionForReplication", "s3:ReplicateObject",
    "s3:ReplicateDelete", "s3:ReplicateTags", "s3:BypassGovernanceRetention", "s3:ObjectOwnerOverrideToBucketOwner",
    "s3:UpdateObjectEncryption",
)  # fmt: skip
LIST = ("s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads")
BUCKET = (
    "s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:PutBucketAcl", "s3:PutBucketPublicAccessBlock",
    "s3:PutReplicationConfiguration", "s3:PutLifecycleConfiguration", "s3:PutBucketNotification",
    "s3:PutBucketVersioning", "s3:PutEncryptionConfiguration", "s3:PutInventoryConfiguration",
    "s3:PutBucketOwnershipControls", "s3:PutBucketLogging", "s3:PutBucketObjectLockConfiguration",
    "s3:PutAnalyticsConfiguration", "s3:PutBucketCORS", "s3:PutBucketWebsite", "s3:DeleteBucket",
    "s3:DeleteBucketWebsite", "s3:PutBucketTagging",
)  # fmt: skip
KEY = (
    "kms:Decrypt", "kms:GenerateDataKey", "kms:Encrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:CreateGrant",
    "kms:PutKeyPolicy", "kms:GenerateDataKeyWithoutPlaintext", "kms:GenerateDataKeyPair",
    "kms:GenerateDataKeyPairWithoutPlaintext", "kms:ScheduleKeyDeletion", "kms:DisableKey", "kms:DisableKeyRotation",
    "kms:RevokeGrant", "kms:RetireGrant", "kms:DeleteImportedKeyMaterial", "kms:ImportKeyMaterial",
    "kms:DeriveSharedSecret", "kms:Sign", "kms:GenerateMac", "kms:ReplicateKey", "kms:TagResource",
)  # fmt: skip
LOG_GROUP = (
    "logs:FilterLogEvents", "logs:StartQuery", "logs:StartLiveTail", "logs:CreateExportTask", "logs:DeleteLogGroup",
    "logs:PutRetentionPolicy", "logs:DeleteRetentionPolicy", "logs:PutSubscriptionFilter",
    "logs:DeleteSubscriptionFilter", "logs:AssociateKmsKey", "logs:DisassociateKmsKey", "logs:CreateLogStream",
    "logs:DescribeLogStreams", "logs:GetLogGroupFields", "logs:GetLogRecord", "logs:Unmask",
    "logs:PutDataProtectionPolicy", "logs:DeleteDataProtectionPolicy", "logs:PutMetricFilter", "logs:PutTransformer",
    "logs:CreateLogGroup", "logs:PutIndexPolicy", "logs:DeleteMetricFilter", "logs:PutResourcePolicy",
)  # fmt: skip
LOG_STREAM = ("logs:GetLogEvents", "logs:PutLogEvents", "logs:DeleteLogStream")
ON_APPLICATION = (
    "emr-serverless:StartJobRun", "emr-serverless:StartSession", "emr-serverless:UpdateApplication",
    "emr-serverless:DeleteApplication", "emr-serverless:StopApplication", "emr-serverless:StartApplication",
    "emr-serverless:AccessLivyEndpoints", "emr-serverless:AccessInteractiveEndpoints", "emr-serverless:GetApplication",
    "emr-serverless:ListJobRuns", "emr-serverless:ListSessions", "emr-serverless:TagResource",
    "emr-serverless:UntagResource",
)  # fmt: skip
ON_JOB_RUN = (
    "emr-serverless:CancelJobRun", "emr-serverless:GetDashboardForJobRun", "emr-serverless:GetJobRun",
    "emr-serverless:ListJobRunAttempts", "emr-serverless:AccessSystemProfileLogs", "emr-serverless:TagResource",
    "emr-serverless:UntagResource",
)  # fmt: skip
ON_SESSION = (
    "emr-serverless:GetSessionEndpoint", "emr-serverless:GetResourceDashboard", "emr-serverless:TerminateSession",
    "emr-serverless:GetSession", "emr-serverless:TagResource", "emr-serverless:UntagResource",
)  # fmt: skip
ON_ROLE = (
    "iam:PassRole", "iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy", "iam:PutRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary", "iam:DeleteRole",
    "iam:UpdateRole", "iam:TagRole", "iam:UntagRole",
)  # fmt: skip
ON_USER = (
    "iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile", "iam:PutUserPolicy",
    "iam:AttachUserPolicy", "iam:AddUserToGroup", "iam:DeactivateMFADevice", "iam:DeleteUser",
)  # fmt: skip
ASSUME = ("sts:AssumeRole",)
SECRET = (
    "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecret",
    "secretsmanager:PutResourcePolicy", "secretsmanager:DeleteSecret", "secretsmanager:UpdateSecretVersionStage",
    "secretsmanager:RotateSecret", "secretsmanager:ReplicateSecretToRegions",
)  # fmt: skip
MESSAGES = (
    "sqs:ReceiveMessage", "sqs:SendMessage", "sqs:DeleteMessage", "sqs:PurgeQueue", "sqs:SetQueueAttributes",
    "sqs:AddPermission", "sqs:RemovePermission", "sqs:DeleteQueue", "sqs:StartMessageMoveTask",
    "sqs:ChangeMessageVisibility",
)  # fmt: skip
ON_TOPIC_OF_TENANT = (
    "sns:Subscribe", "sns:Publish", "sns:AddPermission", "sns:RemovePermission", "sns:SetTopicAttributes",
    "sns:PutDataProtectionPolicy", "sns:DeleteTopic",
)  # fmt: skip
ITEMS = (
    "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:PutItem",
    "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem",
    "dynamodb:PartiQLSelect", "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate", "dynamodb:PartiQLDelete",
    "dynamodb:PutResourcePolicy", "dynamodb:DeleteResourcePolicy", "dynamodb:UpdateTable", "dynamodb:DeleteTable",
    "dynamodb:UpdateTimeToLive", "dynamodb:CreateBackup", "dynamodb:ExportTableToPointInTime",
    "dynamodb:RestoreTableToPointInTime", "dynamodb:EnableKinesisStreamingDestination",
    "dynamodb:UpdateKinesisStreamingDestination", "dynamodb:CreateTableReplica", "dynamodb:UpdateContinuousBackups",
    "dynamodb:TagResource", "dynamodb:UntagResource",
)  # fmt: skip
BELOW_TABLE = (
    "dynamodb:Query", "dynamodb:Scan", "dynamodb:PartiQLSelect", "dynamodb:GetRecords", "dynamodb:GetShardIterator",
    "dynamodb:RestoreTableFromBackup", "dynamodb:DeleteBackup", "dynamodb:PutResourcePolicy",
)  # fmt: skip
"""On an index, a stream or a backup of a table."""
RECORDS = (
    "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:PutRecord", "kinesis:PutRecords",
    "kinesis:RegisterStreamConsumer", "kinesis:PutResourcePolicy", "kinesis:DeleteResourcePolicy",
    "kinesis:DeleteStream", "kinesis:StopStreamEncryption", "kinesis:StartStreamEncryption", "kinesis:MergeShards",
    "kinesis:SplitShard", "kinesis:UpdateShardCount", "kinesis:DecreaseStreamRetentionPeriod",
)  # fmt: skip
ON_CONSUMER = ("kinesis:SubscribeToShard", "kinesis:DeregisterStreamConsumer", "kinesis:PutResourcePolicy")
ON_KAFKA = (
    "kafka-cluster:Connect", "kafka-cluster:AlterCluster", "kafka-cluster:AlterClusterDynamicConfiguration",
    "kafka-cluster:WriteDataIdempotently", "kafka:PutClusterPolicy", "kafka:DeleteClusterPolicy",
    "kafka:DeleteCluster", "kafka:UpdateSecurity", "kafka:UpdateConnectivity", "kafka:CreateVpcConnection",
    "kafka:GetBootstrapBrokers",
)  # fmt: skip
ON_TOPIC = (
    "kafka-cluster:ReadData", "kafka-cluster:WriteData", "kafka-cluster:DeleteTopic", "kafka-cluster:CreateTopic",
    "kafka-cluster:AlterTopic", "kafka-cluster:AlterTopicDynamicConfiguration",
)  # fmt: skip
ON_GROUP = ("kafka-cluster:AlterGroup", "kafka-cluster:DeleteGroup")
WIDENING = (
    "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:CreatePolicyVersion",
    "iam:SetDefaultPolicyVersion", "iam:PutUserPolicy", "iam:AttachUserPolicy", "iam:PutGroupPolicy",
    "iam:AttachGroupPolicy", "iam:AddUserToGroup", "iam:CreateAccessKey", "iam:CreateLoginProfile",
    "iam:UpdateLoginProfile", "iam:CreateRole", "iam:CreateUser", "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteUserPermissionsBoundary", "iam:PutRolePermissionsBoundary", "iam:PutUserPermissionsBoundary",
)  # fmt: skip
TRAIL = (
    "cloudtrail:StopLogging", "cloudtrail:DeleteTrail", "cloudtrail:UpdateTrail", "cloudtrail:PutEventSelectors",
    "cloudtrail:PutInsightSelectors", "cloudtrail:RemoveTags",
)  # fmt: skip

GRANT_ON_KEY = ("kms:CreateGrant",)
"""Judged on its own: with kms:GrantIsForAWSResource only a service that acts for the caller gets the grant."""
DATABASE = (
    "glue:GetDatabase", "glue:GetTables", "glue:GetTable", "glue:UpdateDatabase", "glue:DeleteDatabase",
    "glue:CreateTable", "glue:UpdateTable", "glue:DeleteTable", "glue:BatchDeleteTable",
    "glue:GetUserDefinedFunctions", "glue:CreateUserDefinedFunction", "glue:UpdateUserDefinedFunction",
    "glue:DeleteUserDefinedFunction",
)  # fmt: skip
TABLE = (
    "glue:GetTable", "glue:GetTables", "glue:GetPartitions", "glue:GetPartition", "glue:BatchGetPartition",
    "glue:GetTableVersions", "glue:GetTableVersion", "glue:GetPartitionIndexes", "glue:UpdateTable",
    "glue:DeleteTable", "glue:BatchDeleteTable", "glue:CreateTable", "glue:CreatePartition",
    "glue:BatchCreatePartition", "glue:UpdatePartition", "glue:BatchUpdatePartition", "glue:DeletePartition",
    "glue:BatchDeletePartition", "glue:DeleteTableVersion", "glue:BatchDeleteTableVersion",
    "glue:CreatePartitionIndex", "glue:DeletePartitionIndex", "glue:UpdateColumnStatisticsForTable",
    "glue:UpdateColumnStatisticsForPartition", "glue:DeleteColumnStatisticsForTable",
    "glue:DeleteColumnStatisticsForPartition",
)  # fmt: skip
CATALOG = ("glue:PutResourcePolicy", "glue:DeleteResourcePolicy", "glue:PutDataCatalogEncryptionSettings")
LAKE = (
    "lakeformation:GrantPermissions", "lakeformation:BatchGrantPermissions", "lakeformation:PutDataLakeSettings",
    "lakeformation:RegisterResource", "lakeformation:RegisterResourceWithPrivilegedAccess",
    "lakeformation:UpdateResource", "lakeformation:DeregisterResource", "lakeformation:AddLFTagsToResource",
)  # fmt: skip
PUSH = (
    "ecr:PutImage", "ecr:CompleteLayerUpload", "ecr:UploadLayerPart", "ecr:InitiateLayerUpload",
    "ecr:BatchDeleteImage", "ecr:SetRepositoryPolicy", "ecr:DeleteRepository", "ecr:DeleteRepositoryPolicy",
    "ecr:PutImageTagMutability", "ecr:PutLifecyclePolicy", "ecr:ReplicateImage", "ecr:BatchImportUpstreamImage",
)  # fmt: skip
PULL = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
ALARM = (
    "cloudwatch:DeleteAlarms", "cloudwatch:DisableAlarmActions", "cloudwatch:PutMetricAlarm",
    "cloudwatch:SetAlarmState", "cloudwatch:PutCompositeAlarm",
)  # fmt: skip
TOPIC = (
    "sns:DeleteTopic", "sns:SetTopicAttributes", "sns:RemovePermission", "sns:AddPermission",
    "sns:Unsubscribe",
)  # fmt: skip
WATCH = ("events:DisableRule", "events:DeleteRule", "events:RemoveTargets", "events:PutRule", "events:PutTargets")
DETECTOR = ("guardduty:DeleteDetector", "guardduty:UpdateDetector")
RECORDER = ("config:StopConfigurationRecorder", "config:DeleteConfigurationRecorder", "config:PutConfigurationRecorder")
EVENT_STORE = (
    "cloudtrail:DeleteEventDataStore", "cloudtrail:UpdateEventDataStore", "cloudtrail:StopEventDataStoreIngestion",
)  # fmt: skip
ERASE_GROUP = (
    "logs:DeleteLogGroup", "logs:PutRetentionPolicy", "logs:DisassociateKmsKey", "logs:DeleteSubscriptionFilter",
    "logs:DeleteMetricFilter", "logs:PutDataProtectionPolicy", "logs:PutTransformer",
)  # fmt: skip
ERASE_STREAM = ("logs:DeleteLogStream",)
ERASE_OBJECT = (
    "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention", "s3:PutObjectRetention",
    "s3:PutObjectLegalHold", "s3:ReplicateDelete",
)  # fmt: skip
ERASE_BUCKET = (
    "s3:PutLifecycleConfiguration", "s3:PutBucketVersioning", "s3:DeleteBucket", "s3:PutBucketPolicy",
    "s3:DeleteBucketPolicy", "s3:PutBucketObjectLockConfiguration",
)  # fmt: skip
OWN_BUCKET = (
    "s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:PutBucketAcl", "s3:PutBucketPublicAccessBlock",
    "s3:PutReplicationConfiguration", "s3:PutEncryptionConfiguration", "s3:PutBucketOwnershipControls",
    "s3:DeleteBucket",
)  # fmt: skip
OWN_KEY = (
    "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:DisableKey", "kms:ReplicateKey", "kms:ImportKeyMaterial",
    "kms:DeleteImportedKeyMaterial",
)  # fmt: skip
OWN_ROLE = tuple(action for action in ON_ROLE if action != "iam:PassRole")
OWN_SECRET = ("secretsmanager:PutResourcePolicy", "secretsmanager:DeleteSecret")
OWN_TABLE = ("dynamodb:PutResourcePolicy", "dynamodb:DeleteResourcePolicy", "dynamodb:DeleteTable")
OWN_STREAM = ("kinesis:PutResourcePolicy", "kinesis:DeleteResourcePolicy", "kinesis:DeleteStream")
OWN_REPOSITORY = ("ecr:SetRepositoryPolicy", "ecr:DeleteRepositoryPolicy", "ecr:PutImageTagMutability")
TAGGING = (
    "s3:PutBucketTagging", "s3:PutObjectTagging", "s3:PutObjectVersionTagging", "s3:DeleteObjectTagging",
    "kms:TagResource", "kms:UntagResource", "logs:TagResource", "logs:UntagResource", "logs:TagLogGroup",
    "logs:UntagLogGroup", "emr-serverless:TagResource", "emr-serverless:UntagResource", "iam:TagRole", "iam:UntagRole",
    "iam:TagUser", "iam:UntagUser", "secretsmanager:TagResource", "secretsmanager:UntagResource", "ecr:TagResource",
    "ecr:UntagResource", "glue:TagResource", "glue:UntagResource", "lambda:TagResource", "lambda:UntagResource",
    "states:TagResource", "states:UntagResource", "tag:TagResources", "tag:UntagResources",
)  # fmt: skip
