"""What every operation needs, one table a service. An operation that is in none is refused."""

from collections.abc import Mapping

from emrguard_local.authorizer.needed import Table
from emrguard_local.authorizer.permissions.cloudtrail import TABLE as CLOUDTRAIL
from emrguard_local.authorizer.permissions.cloudwatch import TABLE as CLOUDWATCH
from emrguard_local.authorizer.permissions.ec2 import TABLE as EC2
from emrguard_local.authorizer.permissions.emr_serverless import TABLE as EMR_SERVERLESS
from emrguard_local.authorizer.permissions.events import TABLE as EVENTS
from emrguard_local.authorizer.permissions.functions import TABLE as FUNCTIONS
from emrguard_local.authorizer.permissions.iam import TABLE as IAM
from emrguard_local.authorizer.permissions.kms import TABLE as KMS
from emrguard_local.authorizer.permissions.logs import TABLE as LOGS
from emrguard_local.authorizer.permissions.macie import TABLE as MACIE
from emrguard_local.authorizer.permissions.s3 import TABLE as S3
from emrguard_local.authorizer.permissions.sns import TABLE as SNS
from emrguard_local.authorizer.permissions.ssm import TABLE as SSM
from emrguard_local.authorizer.permissions.sts import TABLE as STS

TABLES: Mapping[str, Table] = {
    "cloudtrail": CLOUDTRAIL,
    "cloudwatch": CLOUDWATCH,
    "ec2": EC2,
    "emr-serverless": EMR_SERVERLESS,
    "events": EVENTS,
    "iam": IAM,
    "kms": KMS,
    "lambda": FUNCTIONS,
    "logs": LOGS,
    "macie2": MACIE,
    "s3": S3,
    "sns": SNS,
    "ssm": SSM,
    "sts": STS,
}
